"""Commands as people read them: one line each, quoted so that the shell over there would read back the same words."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from runner.codec import to_json
from runner.model.command import Command, Dialect
from runner.model.inventory import Platform, TransportKind
from runner.model.plan import TargetRef
from runner.report.escape import escaped, hidden, lines, one_line
from runner.shells.windows import CannotBeSent, command_line

_LONGEST_STDIN = 400  # characters that are shown in full
_DEFAULT_AT_MOST = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command runs, as far as it decides how its line reads.

    ``platform`` decides how words are quoted: as sent for Windows, else for a POSIX shell. ``whom``: as whom it runs if
    it wants all rights; where that is empty, the command's own language has to tell.
    """

    platform: str = ""
    whom: str = ""


SOMEWHERE = Place()


def quote(word: str) -> str:
    """One word for a shell. Hidden characters make it a ``$'...'`` word, so that it stays on one line and is seen."""
    if not any(hidden(char) for char in word):
        return shlex.quote(word)
    inner = "".join(escaped(c) if hidden(c) else {"\\": "\\\\", "'": "\\'"}.get(c, c) for c in word)
    return f"$'{inner}'"


def duration(seconds: float) -> str:
    """``0.3s``, ``45s``, ``2m``, ``1h 5m``."""
    if seconds < 10 and seconds != int(seconds):  # noqa: PLR2004 - below this a tenth matters
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{value}{unit}" for value, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if value]
    return " ".join(parts) or "0s"


def command_lines(command: Command | Mapping[str, object], script: str = "", place: Place = SOMEWHERE) -> list[str]:
    """A command of a plan, or of an INTENT event: its line, then its script and its input indented below.

    ``script`` is the name under which its script is shown elsewhere: then it is not repeated here.
    """
    data = _data(command)
    marks = limits(data, place)
    comment = f"  # {'; '.join(marks)}" if marks else ""
    if script:
        values = _words(data, place)
        shown = [f"{script}{f', with values: {values}' if values else ''}{comment}"]
    else:
        text = lines(data.get("script") or "")
        shown = [f"{headline(data, place)}{comment}", *(f"    | {line}".rstrip() for line in text)]
    return shown + [f"    {line}" for line in _stdin(data)]


def headline(command: Command | Mapping[str, object], place: Place = SOMEWHERE) -> str:
    """A command without its rights, limits and input; of a script only its length and its values."""
    data = _data(command)
    script = str(data.get("script") or "")
    if not script:
        return _words(data, place)
    values = f", values: {_words(data, place)}" if _items(data.get("argv")) else ""
    dialect = str(data.get("dialect"))
    return f"{_language(dialect)} script ({_length(script)}){values}"


def script_kind(dialect: str, script: str) -> str:
    """``sh, 22 lines``."""
    return f"{_language(dialect)}, {_length(script)}"


def _language(dialect: str) -> str:
    return "PowerShell" if dialect == Dialect.POWERSHELL.value else "sh"


def _length(script: str) -> str:
    count = len(lines(script))
    return f"{count} line{'' if count == 1 else 's'}"


def _data(command: Command | Mapping[str, object]) -> Mapping[str, object]:
    return to_json(command) if isinstance(command, Command) else command


def _words(data: Mapping[str, object], place: Place) -> str:
    words = [str(word) for word in _items(data.get("argv"))]
    if words and place.platform == Platform.WINDOWS.value and not data.get("script"):
        # What cannot be sent is a template yet, or ends its step before anything is.
        with contextlib.suppress(CannotBeSent):
            return "".join(escaped(char) if hidden(char) else char for char in command_line(words))
    return " ".join(map(quote, words))


def place_on(target: TargetRef | None) -> Place:
    """A place on this target."""
    return Place(platform=target.platform, whom=_whom(target)) if target else SOMEWHERE


def place_of(platform: Platform | None) -> Place:
    """A place on any target of this platform."""
    if platform is None:
        return SOMEWHERE
    return Place(platform=platform.value, whom=_ADMINISTRATOR if platform is Platform.WINDOWS else "")


def _whom(target: TargetRef) -> str:
    if target.platform == Platform.WINDOWS.value:
        return _ADMINISTRATOR
    if target.settings.get("ssh.sudo") is not False:
        return "as root"
    if target.transport == TransportKind.LOCAL.value:
        return "as who runs vmfix, without sudo"
    return "as root" if target.user == "root" else "as who logs in, without sudo"


_ADMINISTRATOR = "as administrator"


def rights(data: Mapping[str, object], place: Place) -> list[str]:
    """``as root``, where more rights are asked for than the login may have."""
    if not data.get("elevated"):
        return []
    if place.whom:
        return [place.whom]
    return [_ADMINISTRATOR if data.get("dialect") == Dialect.POWERSHELL.value else "as root"]


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def limits(data: Mapping[str, object], place: Place) -> list[str]:
    """Its rights, how long it may take and what becomes of it then, where not as usual; and which file it runs."""
    marks = rights(data, place)
    at_most = data.get("at_most")
    if isinstance(at_most, (int, float)) and at_most != _DEFAULT_AT_MOST:
        marks.append(f"at most {duration(at_most)}")
    if data.get("at_deadline") == "leave":
        marks.append("never killed")
    if digest := data.get("file_sha256"):
        marks.append(f"the file with SHA-256 {one_line(digest)}")
    return marks


def _stdin(data: Mapping[str, object]) -> list[str]:
    """What is sent as input: its length, and all of it if that is short."""
    text = data.get("stdin")
    if not isinstance(text, str) or not text:
        digest = data.get("stdin_sha256")
        return [f"input with SHA-256 {one_line(digest)}"] if digest else []
    size = f"input of {len(text.encode('utf-8', 'surrogatepass'))} bytes"
    if len(text) > _LONGEST_STDIN or any(hidden(c) and c not in "\n\t" for c in text):
        return [f"{size} (in full in the plan file)"]
    return [f"{size}:", *(f"| {line}".rstrip() for line in lines(text))]
