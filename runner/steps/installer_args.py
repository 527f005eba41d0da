"""The arguments of the step ``installer``, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from runner.model.fields import Duration
from runner.steps.base import Args, lasting
from runner.steps.check import Check
from runner.steps.rendering import is_open
from runner.steps.windows_path import PATH

ANY = "*"
_PROGRAMS = (".exe", ".msi")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_RESTARTS = re.compile(r"(?i)[-/](forcerestart|promptrestart)|REBOOT=F(orce)?")
_NO_RESTART = re.compile(r"(?i)[-/]norestart|REBOOT=ReallySuppress")
# What Msi/command-line-options of the Windows Installer SDK has in place of /i.
_OTHER_ACTION = re.compile(r"(?i)[-/](i|package|a|j[mu]?|x|uninstall|f[a-z]*|p|update|unreg\w*|reg\w*)")


class InstallerArgs(Args):
    """The file is run as it lies on the target; nothing is copied there or downloaded."""

    path: Annotated[
        str,
        Field(
            min_length=1,
            description="The installer, from the drive on: C:\\folder\\setup.exe, or an .msi, which `msiexec /i` then "
            "installs. A folder may be `*`: that with the newest version as its name is taken.",
        ),
    ]
    args: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(
            min_length=1,
            description="Its arguments, each an item: those that keep it from asking, such as /quiet, and "
            "/norestart (or REBOOT=ReallySuppress), which is never left out.",
        ),
    ]
    checks: Annotated[
        tuple[Check, ...],
        Field(
            min_length=1,
            description="How to see that it is installed: one of them passes. Each is [a check as below]"
            "(#check-of-command-and-shell).",
        ),
    ]
    sha256: str | None = Field(
        default=None, description="SHA-256 that the file must have. Left out: the one that was seen is in the plan."
    )
    log: str = Field(default="", description="The log that its arguments name; said where it failed.")
    within: Duration = lasting("5m")
    every: Duration = lasting("5s")
    wait_for_others: Duration = lasting("10m")

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """A local file, a digest, and arguments that keep it quiet about restarts."""
        path, log, sha256 = given.get("path"), given.get("log"), given.get("sha256")
        words = given.get("args")
        texts = [str(word) for word in words] if isinstance(words, (list, tuple)) else []
        if isinstance(path, str) and not is_open(path) and (problem := _path_problem(path)):
            return problem
        if isinstance(sha256, str) and not is_open(sha256) and not _SHA256.fullmatch(sha256):
            return f"`{sha256}` is no SHA-256\nWrite its 64 hexadecimal digits."
        return next(_argument_problems(str(path), texts, str(log or "")), "") if texts else ""


def _path_problem(path: str) -> str:
    if not PATH.fullmatch(path.replace(ANY, "1")):
        return (
            f"`{path}` is no path of a file on the target's own disk\nWrite it from the drive on: "
            "C:\\folder\\setup.exe. From a share or an address none is run: who may change it there is not known."
        )
    folders = path.split("\\")[1:-1]
    if ANY in path and (path.count(ANY) > 1 or ANY not in folders):
        return f"`{path}` has `*` elsewhere than as one whole folder\nWrite it once, in place of the version."
    if not path.lower().endswith(_PROGRAMS):
        return f"`{path}` is neither an .exe nor an .msi\nA script is for the steps `command` and `powershell`."
    return ""


def _argument_problems(path: str, words: list[str], log: str) -> Iterator[str]:
    """``words`` may still be templates, which are not looked at."""
    whole = not any(map(is_open, words))
    if restarts := next(filter(_RESTARTS.fullmatch, words), ""):
        yield f"`{restarts}` makes the installer restart the machine\nRemove it; a restart is for the step `reboot`."
    if whole and not any(map(_NO_RESTART.fullmatch, words)):
        yield (
            "nothing keeps the installer from restarting the machine\nAdd /norestart to `args`, or "
            "REBOOT=ReallySuppress. One that knows neither is not for this step."
        )
    other = next((word for word in words if _OTHER_ACTION.fullmatch(word)), "")
    if path.lower().endswith(".msi") and other:
        yield f"`{other}` is an action of msiexec, and the step installs\nRemove it: /i and the path are put before."
    if log and not is_open(log) and not PATH.fullmatch(log):
        yield f"`{log}` is no path of a file\nWrite it from the drive on: C:\\Windows\\Temp\\name.log."
    if log and whole and not any(log in word for word in words):
        yield f"`log` names {log}, and no argument does\nGive the installer the argument that makes it write there."
