"""The ``file`` step on Windows: one file with a content, or none, by PowerShell.

No test runs these scripts: their syntax is checked, and what they rest on is documented behaviour of .NET. Values come
as ``$args``, so no text of theirs becomes part of the script.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import ClassVar

from runner.errors import ParseError
from runner.model.command import Command, CommandResult, Dialect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.parsers.windows_lines import lines_of
from runner.steps._atomic_write import ABSENT, FileSeen, diff, digest_of, judge_script
from runner.steps.base import Decision, Judgement, Observing, StepType, last_line, refused
from runner.steps.file_args import FileArgs
from runner.steps.powershell_look import change
from runner.steps.rendering import is_open
from runner.steps.windows_path import PATH

_AT_MOST = 120.0
_LARGEST = 1 << 18  # bytes; content travels as text in the plan and in the script

_LOOK = """\
$ErrorActionPreference = 'Stop'
$path = $args[0]
try { $attributes = [System.IO.File]::GetAttributes($path) }
catch [System.IO.FileNotFoundException] { 'absent'; return }
catch [System.IO.DirectoryNotFoundException] { 'absent'; return }
if ($attributes -band [System.IO.FileAttributes]::Directory) { 'directory'; return }
if ($attributes -band [System.IO.FileAttributes]::ReparsePoint) { 'link'; return }
if ((New-Object System.IO.FileInfo $path).Length -gt [long]$args[1]) { 'large'; return }
'file'
[Convert]::ToBase64String([System.IO.File]::ReadAllBytes($path))
"""

# The values are the path, the digests before and after, the backup's path, and the content in base64.
_HEAD = """\
$ErrorActionPreference = 'Stop'
$path, $expected, $written, $backup, $content = $args
function Get-Digest([string]$file) {
  if (-not [System.IO.File]::Exists($file)) { return 'absent' }
  $hash = [System.Security.Cryptography.SHA256]::Create().ComputeHash([System.IO.File]::ReadAllBytes($file))
  return [BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant()
}
if ((Get-Digest $path) -ne $expected) { exit 9 }
$temporary = $path + '.vmfix-' + [Guid]::NewGuid().ToString('N')
"""

_PUT = """\
try {
  if ((Get-Digest $temporary) -ne $written) { exit 8 }
  if ((Get-Digest $path) -ne $expected) { exit 9 }
  if ($expected -eq 'absent') { [System.IO.File]::Move($temporary, $path) }
  elseif ($backup) { [System.IO.File]::Replace($temporary, $path, $backup) }
  else { [System.IO.File]::Replace($temporary, $path, [NullString]::Value) }
} finally { [System.IO.File]::Delete($temporary) }
"""

_WRITE = f"""\
{_HEAD}\
[void][System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($path))
[System.IO.File]::WriteAllBytes($temporary, [Convert]::FromBase64String($content))
{_PUT}"""

_REMOVE = f"""\
{_HEAD}\
if ($backup) {{ [System.IO.File]::Copy($path, $backup, $true) }}
[System.IO.File]::Delete($path)
"""

_RESTORE = f"""\
{_HEAD}\
[System.IO.File]::Copy($backup, $temporary, $true)
$backup = ''
{_PUT}"""


class WindowsFile(StepType[FileArgs, FileSeen]):
    """Replaced as a whole, with its permissions kept, and only if it still is what was looked at; a backup stays."""

    name = "file"
    args = FileArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = "A file with a content, or none; replaced as a whole, with a backup."
    least_risk = Risk.CONFIG

    def refuses(self, given: Mapping[str, object]) -> str:
        """What only Linux has, and what is no full path of a file on a drive."""
        linux = next((key for key in ("mode", "owner", "group", "directory") if given.get(key)), "")
        if linux:
            return f"`{linux}` cannot be wanted of a file on Windows\nRemove it."
        path, content = given.get("path"), given.get("content")
        if isinstance(path, str) and not is_open(path) and not PATH.fullmatch(path):
            return f"`{path}` is no path of a file on Windows\nWrite it from the drive on: C:\\folder\\file."
        if isinstance(content, str) and len(content.encode("utf-8", "replace")) > _LARGEST:
            return f"the content is larger than {_LARGEST} bytes\nCopy such files in another way."
        return ""

    def touches(self, args: FileArgs) -> frozenset[str]:
        return frozenset((f"file:{args.path.lower()}",))

    def observe(self, args: FileArgs) -> Observing[FileSeen]:
        argv = (args.path, str(_LARGEST))
        result = yield Command(dialect=Dialect.POWERSHELL, script=_LOOK, argv=argv, at_most=_AT_MOST)
        return _seen(args.path, result)

    def decide(self, args: FileArgs, state: FileSeen) -> Decision:
        if state.problem:
            return refused(f"{state.path}: {state.problem}", "Look at it by hand.")
        commands = _commands(args, state)
        there = "does not exist" if state.content is None else f"is a file of {len(state.content)} bytes"
        if not commands:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{state.path} {there}, as wanted")
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{state.path} {there}",
            commands=commands,
            diff=_diff(args, state),
            prior={"path": state.path, "existed": state.content is not None}
            | {"sha256": state.digest, "backup": state.backup},
            undo=_undo(args, state),
        )

    def bound(self, args: FileArgs, state: FileSeen | None) -> tuple[Command, ...]:
        """A write names the digest of what it replaces, so offline nothing can be said."""
        return () if state is None or state.problem else _commands(args, state)

    def judge(self, args: FileArgs, command: Command, result: CommandResult) -> Judgement:
        return judge_script(command, result)


def _seen(path: str, result: CommandResult) -> FileSeen:
    lines = lines_of(result)
    kind = lines[0].strip()
    problems = {
        "directory": "it is a directory",
        "link": "it is a link to something else",
        "large": f"it is larger than {_LARGEST} bytes",
    }
    if result.exit_code != 0 or kind not in (*problems, ABSENT, "file"):
        message = f"{path} could not be looked at (exit {result.exit_code}): {last_line(result)}"
        raise ParseError(message)
    if kind != "file":
        return FileSeen(path=path, content=None, problem=problems.get(kind, ""))
    try:
        content = base64.b64decode("".join(lines[1:]), validate=True)
    except binascii.Error as problem:
        message = f"the content of {path} did not arrive whole"
        raise ParseError(message) from problem
    return FileSeen(path=path, content=content, kind="file")


def _commands(args: FileArgs, seen: FileSeen) -> tuple[Command, ...]:
    """What is to be done; empty if nothing is."""
    if args.absent:
        return () if seen.content is None else (change(_REMOVE, seen.path, seen.digest, ABSENT, seen.backup),)
    content = args.content or ""
    if seen.content == content.encode():
        return ()
    data = base64.b64encode(content.encode()).decode()
    return (change(_WRITE, seen.path, seen.digest, digest_of(content), seen.backup, data),)


def _undo(args: FileArgs, seen: FileSeen) -> tuple[Command, ...]:
    """Only if nobody has changed it since."""
    now = ABSENT if args.absent else digest_of(args.content or "")
    if seen.content is None:
        return (change(_REMOVE, seen.path, now, ABSENT, ""),)
    return (change(_RESTORE, seen.path, now, seen.digest, seen.backup),)


def _diff(args: FileArgs, seen: FileSeen) -> str:
    if seen.content is not None and seen.text is None:
        return f"{seen.path}: the old content is not text ({len(seen.content)} bytes)\n"
    return diff(seen.path, seen.text or "", args.content or "")
