"""Which arguments keep a known program from writing anything. Tables and pure functions; ``readonly`` looks them up.

A rule gets the arguments and answers why they might write, or an empty text. It may refuse what is harmless, never the
reverse. So an option is looked for wherever it stands, inside clusters (``-vkm`` has ``-k``) and in abbreviations
(``--kil``): that is how getopt_long(3) reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

Rule: TypeAlias = Callable[[Sequence[str]], str]


def _anything(_: Sequence[str]) -> str:
    return ""


def _except(why: str, *, short: str = "", long: Sequence[str] = (), words: Sequence[str] = ()) -> Rule:
    """All arguments but these: letters of short options, long options, and whole words (a ``*`` ends a prefix)."""

    def rule(args: Sequence[str]) -> str:
        return next((f"`{arg}` {why}" for arg in args if _is_one_of(arg, short, long, words)), "")

    return rule


def _is_one_of(arg: str, short: str, long: Sequence[str], words: Sequence[str]) -> bool:
    if any(arg.startswith(word[:-1]) if word.endswith("*") else arg == word for word in words):
        return True
    if arg.startswith("--"):
        name = arg[2:].partition("=")[0]
        return bool(name) and any(option.startswith(name) for option in long)
    return arg.startswith("-") and any(letter in arg[1:] for letter in short)


def _only(pattern: str, *, operands: int = 0, need: str = "") -> Rule:
    """Only arguments that match as a whole, with ``operands`` others at most, none of which begins with a hyphen.

    ``need`` must be found at the beginning of one of those that match.
    """
    known, needed = re.compile(pattern), re.compile(need)

    def rule(args: Sequence[str]) -> str:
        rest = [arg for arg in args if not known.fullmatch(arg)]
        strange = next((arg for arg in rest if arg.startswith("-")), None) or next(iter(rest[operands:]), None)
        if strange is not None:
            return f"`{strange}` is not among the arguments that are known to be harmless"
        if need and not any(needed.match(arg) and known.fullmatch(arg) for arg in args):
            return "the option that keeps it from writing is missing"
        return ""

    return rule


def _exactly(*allowed: str) -> Rule:
    """These words and no others, in any case: ``net start start`` would start a service of that name."""

    def rule(args: Sequence[str]) -> str:
        if [arg.lower() for arg in args] == list(allowed):
            return ""
        return f"only `{' '.join(allowed)}` is known to be harmless" if allowed else "only without arguments"

    return rule


def _verb(verbs: str, *, before: str = "", also: Rule = _anything, folded: bool = False) -> Rule:
    """The first word must be one of the verbs; before it only options that match ``before`` and take no value."""
    known, skipped = frozenset(verbs.split()), re.compile(before)

    def rule(args: Sequence[str]) -> str:
        rest = list(args)
        while before and rest and skipped.fullmatch(rest[0]):
            rest.pop(0)
        word = rest[0] if rest else ""
        if (word.lower() if folded else word) not in known:
            return f"`{word}` is not among its subcommands that only read" if word else "it needs a subcommand"
        return also(rest[1:])

    return rule


def _blkid(args: Sequence[str]) -> str:
    """blkid writes its cache back, to wherever -c says; only /dev/null is sure to keep nothing."""
    joined = " ".join(args).replace("-c /dev/null", "").replace("-c/dev/null", "").split()
    return _except("writes its cache", short="cgw", long=("cache-file", "garbage-collect"))(joined)


def _sort(args: Sequence[str]) -> str:
    """GNU sort and sort.exe, which takes /O[UTPUT] FILE in any case."""
    for arg in args:
        if re.fullmatch(r"(?i)/o[^/]*", arg):
            return f"`{arg}` may name the output of sort.exe"
    return _except("writes a file or runs a program", short="o", long=("output", "compress-program"))(args)


def _fsck(args: Sequence[str]) -> str:
    """Of e2fsck only -n with letters that do not write.

    e2fsck(8): with -c, -l or -L *together with* -n the bad-block list is written all the same; -z writes an undo file.
    """
    return _only(r"-[nfvtV]+", operands=1, need=r"-[fvtV]*n")(args)


_XFS_DB_READS = re.compile(r"(sb|agf|agi|frag|freesp|p|print|uuid|label|version|info)( [\w.]+)?")


def _xfs_db(args: Sequence[str]) -> str:
    """Read-only and with given commands only: without -c it reads more from its input, and ``metadump`` writes files.

    ``uuid`` and ``label`` with a value are refused by xfs_db itself under -r.
    """
    rest, commands = [], 0
    words = iter(args)
    for word in words:
        if word != "-c":
            rest.append(word)
        elif not _XFS_DB_READS.fullmatch(next(words, "")):
            return "one of its -c commands is not known to be harmless"
        else:
            commands += 1
    if not commands:
        return "without -c it reads commands from its input"
    return _only(r"-[rf]+", operands=1, need=r"-f?r")(rest)


_IP_OBJECTS = frozenset(("a", "addr", "address", "l", "link", "r", "ro", "route", "n", "neigh", "rule", "maddress"))
_IP_LOOKS = r"-(4|6|j|json|p|pretty|br|brief|o|oneline|d|details|s|stats)"


def _ip(args: Sequence[str]) -> str:
    """``ip [options] OBJECT [show ...]``: with any other verb it writes, and ``-batch`` or ``netns exec`` run more."""
    rest = [arg for arg in args if not re.fullmatch(_IP_LOOKS, arg)]
    if not rest or rest[0] not in _IP_OBJECTS:
        return "only `ip [-j] addr|link|route|neigh|rule [show ...]` is known to be harmless"
    verb = rest[1] if len(rest) > 1 else "show"
    if verb not in ("show", "list", "ls", "get"):
        return f"`{verb}` is not among its verbs that only read"
    return ""


_NO_APT_CACHE = ("Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=")
_APT_SIMULATION = r"--simulate|-q|-o|Dir::Cache::(src)?pkgcache=|--no-remove|install|[A-Za-z0-9][A-Za-z0-9+.-]*"


def _apt_get(args: Sequence[str]) -> str:
    """A simulation locks and installs nothing (apt-get(8)); as root it would still write its cache."""
    if any(option not in args for option in _NO_APT_CACHE):
        return "without -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= it writes a cache"
    return _only(_APT_SIMULATION, need="--simulate")(args)


_SYSTEMCTL = (
    "show status cat is-active is-enabled is-failed is-system-running get-default show-environment "
    "list-units list-unit-files list-dependencies list-timers list-sockets list-jobs list-machines"
)
_HANGS = "waits for more and never ends"
_FREE = (
    "[ arch basename cat cksum cmp cut df diff dirname dpkg-query du echo egrep false fgrep free getconf getenforce "
    "getent getfacl grep groups head hexdump id lsattr lsblk lscpu lslocks lsmod ls matchpathcon md5sum modinfo "
    "mountpoint namei nl nproc od pgrep pidof printenv printf ps pwd readlink realpath sestatus sha1sum sha256sum "
    "sha512sum stat strings systemd-escape tac test tr true uname uptime wc xfs_info"
)

LINUX: Mapping[str, Rule] = MappingProxyType(
    {
        **dict.fromkeys(_FREE.split(), _anything),
        **dict.fromkeys(("e2fsck", "fsck.ext2", "fsck.ext3", "fsck.ext4"), _fsck),
        "apt-get": _apt_get,
        "blkid": _blkid,
        "cryptsetup": _verb("status isLuks"),
        "date": _only(r"\+.*|-u|--utc|--universal|-R|-I\w*|--iso-8601(=\w+)?|--rfc-3339=\w+|--date=.*"),
        "dmesg": _except(
            "changes the kernel's log or waits for it",
            short="cCnDEwW",
            long=("clear", "read-clear", "console-off", "console-on", "console-level", "follow", "follow-new"),
        ),
        "dpkg": _only(r"-[lsLS]|--list|--status|--listfiles|--search", operands=99, need=r"-"),
        "dumpe2fs": _only(r"-h", operands=1, need=r"-h"),
        "file": _except("writes a compiled magic file", short="C", long=("compile",)),
        "find": _except(
            "runs programs, deletes or writes files",
            words=("-delete", "-exec*", "-ok*", "-fprint*", "-fls"),
        ),
        "findmnt": _except(_HANGS, short="p", long=("poll",)),
        "fuser": _except("kills processes", short="ki", long=("kill", "interactive")),
        "hostname": _only(r"-[fsdiIAy]|--fqdn|--long|--short|--domain|--ip-address|--all-ip-addresses"),
        "hostnamectl": _only(r"status|--static|--no-pager"),
        "ip": _ip,
        "journalctl": _except(
            "writes to the journal or another file, or never ends",
            short="f",
            long=(
                *("rotate", "flush", "sync", "relinquish-var", "smart-relinquish-var", "update-catalog", "setup-keys"),
                *("vacuum-size", "vacuum-time", "vacuum-files", "cursor-file", "follow", "image"),
            ),
        ),
        "losetup": _only(r"-[laJ]+|--list|--all|--json", need=r"-"),
        "lsof": _except("keeps a cache file or never ends", short="Dr", words=("+r*", "+m*")),
        "mount": _only(r"-l"),
        "restorecon": _only(r"-[FRrv]*n[FRnrv]*", operands=99, need="-"),
        "rpm": _only(r"-q[ailcdR]*", operands=99, need=r"-q"),
        "sort": _sort,
        "ss": _except("closes sockets, writes a file or never ends", short="KDE", long=("kill", "diag", "events")),
        "swapon": _only(r"--show(=.*)?|--noheadings|--bytes|--raw", need=r"--show"),
        "systemctl": _verb(
            _SYSTEMCTL,
            before=r"--no-pager|--no-legend|--plain|--quiet|-q|--full|-l|--all|-a",
            also=_except("mounts an image", long=("image",)),
        ),
        "tail": _except(_HANGS, short="fF", long=("follow", "retry")),
        "timedatectl": _only(r"status|show|--no-pager"),
        "tune2fs": _only(r"-l", operands=1, need=r"-l"),
        "uniq": _only(r"-[cdDiuz]+|-[fsw]\d+|--(count|repeated|unique|ignore-case)", operands=1),
        "waagent": _only(r"-{1,2}(version|help)", need=r"-"),
        "xfs_db": _xfs_db,
        "xfs_repair": _only(r"-[nvf]+", operands=1, need=r"-[vf]*n"),
    }
)
"""Programs of Linux. Left out on purpose: awk, sed, python and every shell, for they can do anything."""

_SC = (
    "query queryex qc qdescription qfailure qfailureflag qprivs qsidtype qtriggerinfo enumdepend sdshow getdisplayname"
)
_WEVTUTIL = "qe query-events gl get-log gli get-loginfo el enum-logs ep enum-publishers gp get-publisher"
_ELSEWHERE = "is about another machine"


def _folded(rule: Rule) -> Rule:
    """The same for programs that read their words in any case."""
    return lambda args: rule([arg.lower() for arg in args])


def _options(*names: str) -> list[str]:
    """Each behind a slash or a hyphen."""
    return [sign + name for sign in "/-" for name in names]


_AT_HOME = _except(_ELSEWHERE, words=(r"\\*",))
_NO_LOGIN = _folded(_except(_ELSEWHERE, words=_options("s", "u", "p")))
_NO_BOOKMARK = _except(
    "writes a bookmark file or is about another machine",
    words=_options("sbm*", "savebookmark*", "r:*", "remote*", "u:*", "username*", "p:*", "password*", "a:*"),
)


def _certutil(args: Sequence[str]) -> str:
    """Only the digest of a file; other verbs write stores and fetch files, and options may stand anywhere."""
    verb, *operands = args or ("",)
    if verb.lower() not in _options("hashfile") or not operands or any(word[:1] in "-/" for word in operands):
        return "only `-hashfile FILE [ALGORITHM]` is known to be harmless"
    return _AT_HOME(operands)


WINDOWS: Mapping[str, Rule] = MappingProxyType(
    {
        "certutil": _certutil,
        "driverquery": _NO_LOGIN,
        "icacls": _only("(?!)", operands=1),
        "ipconfig": _exactly("/all"),
        "net": _exactly("start"),
        "reg": _verb("query", also=_AT_HOME, folded=True),
        "sc": _verb(_SC, also=_AT_HOME, folded=True),
        "systeminfo": _NO_LOGIN,
        "tasklist": _NO_LOGIN,
        "vssadmin": _folded(_verb("list", also=_verb("providers shadows shadowstorage volumes writers"))),
        "wevtutil": _folded(_verb(_WEVTUTIL, also=_NO_BOOKMARK)),
        "where": _AT_HOME,
        "whoami": _anything,
    }
)
"""Programs of Windows, in small letters and without ``.exe``. PowerShell and cmd are left out: they can do anything."""
