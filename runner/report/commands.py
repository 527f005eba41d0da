"""Commands as people read them: one line each, quoted so that a shell would read back the same words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from runner.codec import to_json
from runner.model.command import Command, Dialect
from runner.report.escape import escaped, hidden, lines, one_line

_LONGEST_STDIN = 400  # characters that are shown in full
_DEFAULT_AT_MOST = 60.0


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


def command_lines(command: Command | Mapping[str, object]) -> list[str]:
    """A command of a plan, or of an INTENT event: its line, then its script and its input indented below."""
    data: Mapping[str, object] = to_json(command) if isinstance(command, Command) else command
    words = " ".join(quote(str(word)) for word in _items(data.get("argv")))
    script = lines(data.get("script") or "")
    marks = _marks(data)
    comment = f"  # {'; '.join(marks)}" if marks else ""
    if script:
        kind = "PowerShell" if data.get("dialect") == Dialect.POWERSHELL.value else "sh"
        values = f", its values: {words}" if words else ""
        shown = [f"{kind} script{values}{comment}", *(f"    | {line}".rstrip() for line in script)]
    else:
        shown = [f"{words}{comment}"]
    return shown + [f"    {line}" for line in _stdin(data)]


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _marks(data: Mapping[str, object]) -> list[str]:
    rights = "as administrator" if data.get("dialect") == Dialect.POWERSHELL.value else "as root"
    marks = [rights] if data.get("elevated") else []
    at_most = data.get("at_most")
    if isinstance(at_most, (int, float)) and at_most != _DEFAULT_AT_MOST:
        marks.append(f"at most {duration(at_most)}")
    if data.get("at_deadline") == "leave":
        marks.append("never killed")
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
