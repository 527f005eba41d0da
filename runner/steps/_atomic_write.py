"""Reading and writing whole files on a target: what ``file`` and ``ini_value`` share.

Writing is one script: the new text goes to a temporary file beside the old one, takes over its mode, owner, security
context and extended attributes, is synced, and renamed over it; only if the old one is still what was read.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass

from runner.errors import ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.steps.base import Judged, Judgement, Observing, last_line

ABSENT = "absent"
_LARGEST = 1 << 20  # bytes; the text travels in the plan
_AT_MOST = 120.0  # seconds

_CHANGED, _CUT = 9, 8  # exit codes of our own scripts

_STAT = """\
export LC_ALL=C
stat -L -c '%F|%a|%U|%G|%h' -- "$1" || exit 1
stat -L -c %C -- "$1" 2>/dev/null || :  # no SELinux
"""

_READ = """\
[ -e "$1" ] || [ -L "$1" ] || exit 3
[ -f "$1" ] || exit 4
[ "$(stat -L -c %s -- "$1")" -le "$2" ] || exit 5
exec cat -- "$1"
"""

_HEAD = """\
set -eu
umask 077
path=$1 expected=$2 written=$3
digest() { sha256sum <"$1" | cut -c 1-64; }
unchanged() {
  if [ -e "$path" ] || [ -L "$path" ]; then now=$(digest "$path"); else now=absent; fi
  [ "$now" = "$expected" ] || exit 9
}
unchanged
directory=$(dirname -- "$path")
"""

_WRITE = f"""\
{_HEAD}\
backup=$4 mode=$5 owner=$6
if [ "$expected" = absent ]; then (umask 022; mkdir -p -- "$directory"); fi
temporary=$(mktemp -- "$directory/.vmfix.XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
if [ "$expected" != absent ]; then cp --attributes-only --preserve=all -- "$path" "$temporary"; fi
cat >"$temporary"
[ "$(digest "$temporary")" = "$written" ] || exit 8
if [ -n "$owner" ]; then chown -- "$owner" "$temporary"; fi
if [ -n "$mode" ]; then chmod -- "$mode" "$temporary"; fi
if [ -n "$backup" ] && [ ! -e "$backup" ]; then cp -a -- "$path" "$backup"; sync -- "$backup"; fi
sync -- "$temporary"
unchanged
mv -f -T -- "$temporary" "$path"
trap - EXIT
if [ "$expected" = absent ] && command -v restorecon >/dev/null; then restorecon -- "$path"; fi
sync -- "$directory"
"""

_REMOVE = f"""\
{_HEAD}\
backup=$4
if [ -n "$backup" ] && [ ! -e "$backup" ]; then cp -a -- "$path" "$backup"; sync -- "$backup"; fi
rm -f -- "$path"
sync -- "$directory"
"""

_RESTORE = f"""\
{_HEAD}\
backup=$4
[ "$(digest "$backup")" = "$written" ] || exit 8
temporary=$(mktemp -- "$directory/.vmfix.XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
cp -a -- "$backup" "$temporary"
sync -- "$temporary"
mv -f -T -- "$temporary" "$path"
trap - EXIT
sync -- "$directory"
"""


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
    stat = yield Command(dialect=Dialect.SH, script=_STAT, argv=(path,), at_most=_AT_MOST)
    if stat.exit_code != 0:
        return (yield from _absent(path))
    facts, _, context = stat.out.rstrip("\n").partition("\n")
    kind, mode, owner, group, links = facts.split("|")
    seen = FileSeen(path=path, content=None, kind=kind, mode=mode.zfill(4), owner=owner, group=group, context=context)
    if not kind.startswith("regular"):
        return _unfit(seen, f"it is a {kind}, no regular file")
    if links != "1":
        return _unfit(seen, f"it has {links} hard links, and replacing it would part them")
    result = yield Command(dialect=Dialect.SH, script=_READ, argv=(path, str(_LARGEST)), at_most=_AT_MOST)
    if result.exit_code != 0 or result.truncated:
        why = "it is larger than 1 MiB" if result.exit_code == 5 else f"it cannot be read: {last_line(result)}"  # noqa: PLR2004
        return _unfit(seen, why)
    return FileSeen(
        path=path, content=result.stdout, kind=kind, mode=mode.zfill(4), owner=owner, group=group, context=context
    )


def _absent(path: str) -> Observing[FileSeen]:
    result = yield Command(dialect=Dialect.SH, script=_READ, argv=(path, str(_LARGEST)), at_most=_AT_MOST)
    if result.exit_code == 3:  # noqa: PLR2004 - our script's own code: no such file
        return FileSeen(path=path, content=None)
    return FileSeen(path=path, content=None, problem=f"it cannot be looked at: {last_line(result)}")


def _unfit(seen: FileSeen, problem: str) -> FileSeen:
    fields = {name: getattr(seen, name) for name in ("path", "kind", "mode", "owner", "group", "context")}
    return FileSeen(content=None, problem=problem, **fields)


_EXPAND = """\
IFS=
for file in $1; do
  if [ -e "$file" ] || [ "$2" = plain ]; then realpath -m -z -- "$file"; fi
done
"""


def look_paths(path: str) -> Observing[tuple[str, ...]]:
    """The files that a path with ``*``, ``?`` or ``[...]`` names, or the plain path; links followed, each once."""
    kind = "glob" if is_glob(path) else "plain"
    script = _EXPAND if kind == "glob" else _EXPAND.replace("for file in $1", 'for file in "$1"')
    result = yield Command(dialect=Dialect.SH, script=script, argv=(path, kind), at_most=_AT_MOST)
    if result.exit_code != 0:
        message = f"the files {path} could not be listed: {last_line(result)}"
        raise ParseError(message)
    return tuple(dict.fromkeys(result.stdout.decode("utf-8", "replace").split("\0")[:-1]))


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
    return _script(_WRITE, seen.path, seen.digest, new, seen.backup, mode, owner, stdin=text)


def remove(seen: FileSeen) -> Command:
    """Removes what was seen; its backup stays."""
    return _script(_REMOVE, seen.path, seen.digest, ABSENT, seen.backup)


def put_back(seen: FileSeen, text: str | None) -> Command:
    """The undo of ``write`` (with the text that was written) or ``remove`` (with None), if nobody changed it since."""
    now = ABSENT if text is None else digest_of(text)
    if seen.content is None:
        return _script(_REMOVE, seen.path, now, ABSENT, "")
    return _script(_RESTORE, seen.path, now, seen.digest, seen.backup)


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
    if result.exit_code == 0:
        return Judgement(Judged.OK, f"{path} was written")
    if result.exit_code == _CHANGED:
        return Judgement(Judged.FAILED, f"{path} was changed by somebody else meanwhile; it was left as it is")
    if result.exit_code == _CUT:
        return Judgement(Judged.FAILED, f"the text for {path} did not arrive whole; the file was left as it is")
    return Judgement(Judged.FAILED, f"exit {result.exit_code}: {last_line(result)}; {path} was left as it is")
