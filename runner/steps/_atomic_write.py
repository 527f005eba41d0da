"""Reading and writing whole files on a target: what ``file`` and ``ini_value`` share.

Writing is one script: the new text goes to a temporary file beside the old one, takes over its mode, owner, security
context and extended attributes, is synced, and renamed over it; only if the old one is still what was read.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass, replace

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.model.text import beginning
from runner.steps._atomic_scripts import (
    CHANGED,
    CUT,
    EXPAND,
    LINK,
    NO_FILE,
    READ,
    REMOVE,
    RESTORE,
    STAT,
    TOO_LARGE,
    UNLABELLED,
    UNSYNCED,
    WRITE,
)
from runner.steps.base import Judged, Judgement, Observing, last_line

ABSENT = "absent"
_LARGEST = 1 << 20  # bytes; the text travels in the plan
_AT_MOST = 120.0  # seconds
_NAMELESS = "UNKNOWN"  # stat's word for an owner that has a number only


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """A file as it was read. ``problem`` says why it cannot be handled; ``content`` is None if there is no file."""

    path: str  # symbolic links followed
    content: bytes | None
    mode: str = ""  # octal, four digits
    owner: str = ""
    group: str = ""
    context: str = ""  # SELinux; ? without it
    problem: str = ""
    kind: str = ""  # stat's word

    @property
    def digest(self) -> str:
        return ABSENT if self.content is None else hashlib.sha256(self.content).hexdigest()

    @property
    def backup(self) -> str:
        """Where the old content is kept; empty if there is none."""
        return "" if self.content is None else f"{self.path}.vmfix-{self.digest[:8]}.bak"

    @property
    def text(self) -> str | None:
        """The content, if it is UTF-8; what is sent back to the target is UTF-8 as well."""
        try:
            return None if self.content is None else self.content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def record(self) -> dict[str, object]:
        """What must be known to put it back; the content itself stays on the target, in the backup."""
        return {
            "path": self.path,
            "existed": self.content is not None,
            "sha256": self.digest,
            "mode": self.mode,
            "owner": self.owner,
            "group": self.group,
            "context": self.context,
            "backup": self.backup,
        }


def look_file(path: str) -> Observing[FileSeen]:
    """Content and attributes of one file."""
    stat = yield Command(dialect=Dialect.SH, script=STAT, argv=(path,), at_most=_AT_MOST)
    if stat.exit_code != 0:
        return (yield from _absent(path))
    seen, links = _attributes(path, stat)
    if not seen.kind.startswith("regular"):
        return replace(seen, problem=f"it is a {seen.kind}, no regular file")
    if links != "1":
        return replace(seen, problem=f"it has {links} hard links, and replacing it would part them")
    result = yield Command(dialect=Dialect.SH, script=READ, argv=(path, str(_LARGEST)), at_most=_AT_MOST)
    if result.exit_code != 0 or result.truncated:
        large = result.exit_code == TOO_LARGE
        return replace(seen, problem="it is larger than 1 MiB" if large else f"it cannot be read: {last_line(result)}")
    return replace(seen, content=result.stdout)


def _attributes(path: str, stat: CommandResult) -> tuple[FileSeen, str]:
    """What stat says of a file, without its content; and the number of its names."""
    facts, _, context = stat.out.rstrip("\n").partition("\n")
    match facts.split("|"):
        case [kind, mode, owner, group, links, uid, gid] if re.fullmatch(r"[0-7]+", mode):
            owners = {"owner": uid if owner == _NAMELESS else owner, "group": gid if group == _NAMELESS else group}
            return FileSeen(path=path, content=None, kind=kind, mode=mode.zfill(4), context=context, **owners), links
        case _:
            message = f"stat described {path} in words that were not expected: {facts[:200]!r}"
            raise ParseError(message, remedy="Is stat on the target that of GNU coreutils?")


def look_link(path: str) -> Observing[FileSeen | None]:
    """The symbolic link at a path, which is not followed; None if there is none."""
    result = yield Command(dialect=Dialect.SH, script=LINK, argv=(path,), at_most=_AT_MOST)
    if result.exit_code == NO_FILE:
        return None
    if result.exit_code != 0:
        message = f"{path} could not be looked at: {last_line(result)}"
        raise ParseError(message)
    return FileSeen(path=path, content=None, kind="symbolic link", problem=f"it is a symbolic link to {result.out}")


def _absent(path: str) -> Observing[FileSeen]:
    result = yield Command(dialect=Dialect.SH, script=READ, argv=(path, str(_LARGEST)), at_most=_AT_MOST)
    if result.exit_code == NO_FILE:
        return FileSeen(path=path, content=None)
    return FileSeen(path=path, content=None, problem=f"it cannot be looked at: {last_line(result)}")


def look_paths(path: str) -> Observing[tuple[str, ...]]:
    """The files that a path with ``*``, ``?`` or ``[...]`` names, or the plain path; links followed, each once."""
    kind = "glob" if is_glob(path) else "plain"
    script = EXPAND if kind == "glob" else EXPAND.replace("for file in $1", 'for file in "$1"')
    result = yield Command(dialect=Dialect.SH, script=script, argv=(path, kind), at_most=_AT_MOST)
    what = f"the files {path} could not be listed" if kind == "glob" else f"{path} could not be looked up"
    if result.exit_code != 0:
        message = f"{what}: {last_line(result)}"
        raise ParseError(message)
    *names, rest = result.stdout.decode("utf-8", "replace").split("\0")
    found = tuple(dict.fromkeys(names))
    if rest or "" in found or (kind == "plain" and len(found) != 1):
        answer = f"printed {beginning(result.out, 200)!r}" if result.stdout else "printed nothing"
        message = f"{what}: realpath on the target {answer} and ended with exit 0"
        raise ParseError(message)
    return found


def is_glob(path: str) -> bool:
    """Whether the path names files by a pattern."""
    return "{{" not in path and any(letter in path for letter in "*?[")  # a template is no pattern yet


def _script(script: str, *argv: str, stdin: str = "") -> Command:
    return Command(
        dialect=Dialect.SH,
        script=script,
        argv=argv,
        stdin=stdin,
        effect=Effect.CHANGE,
        at_most=_AT_MOST,
        at_deadline=AtDeadline.LEAVE,
    )


def write(seen: FileSeen, text: str, *, mode: str = "", owner: str = "") -> Command:
    """Replaces what was seen, or makes the file. ``mode`` and ``owner`` (``user:group``) change what it has."""
    new = digest_of(text)
    return _script(WRITE, seen.path, seen.digest, new, seen.backup, mode, owner, stdin=text)


def remove(seen: FileSeen) -> Command:
    """Removes what was seen; its backup stays."""
    return _script(REMOVE, seen.path, seen.digest, ABSENT, seen.backup)


def put_back(seen: FileSeen, text: str | None) -> Command:
    """The undo of ``write`` (with the text that was written) or ``remove`` (with None), if nobody changed it since."""
    now = ABSENT if text is None else digest_of(text)
    if seen.content is None:
        return _script(REMOVE, seen.path, now, ABSENT, "")
    return _script(RESTORE, seen.path, now, seen.digest, seen.backup)


def digest_of(text: str) -> str:
    """SHA-256 of the text as it is sent: in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def diff(path: str, old: str, new: str) -> str:
    """A unified diff; that the last line has no line end is said as ``diff -u`` says it."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), fromfile=path, tofile=path, n=3
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def judge_script(command: Command, result: CommandResult) -> Judgement:
    """The exit codes of our own scripts in words."""
    path = command.argv[0] if command.argv else ""
    match result.exit_code:
        case 0:
            return Judgement(Judged.OK, f"{path} was written")
        case code if code == UNLABELLED:
            return Judgement(Judged.OK, f"{path} was written, but not its SELinux context: {last_line(result)}")
        case code if code == UNSYNCED:
            text = f"{path} was changed, but the disk did not confirm it: {last_line(result)}"
            return Judgement(Judged.FAILED, text, advice="Look at the kernel log, and at the file after a reboot.")
        case code if code == CHANGED:
            return Judgement(Judged.FAILED, f"{path} was changed by somebody else meanwhile; it was left as it is")
        case code if code == CUT:
            return Judgement(Judged.FAILED, f"the text for {path} did not arrive whole; the file was left as it is")
    return Judgement(Judged.FAILED, f"exit {result.exit_code}: {last_line(result)}; {path} was left as it is")
