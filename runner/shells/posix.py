"""Commands as text for a POSIX shell, and the wrapping that makes them observable and killable. Pure functions.

The login shell of the account only has to read single-quoted words as POSIX says (sh, dash, bash, ksh, zsh, busybox):
it is left at once with ``exec /bin/sh``. A shell that reads them otherwise (fish, csh) is noticed and refused before
anything is started: fish by the canary word, csh since it finds a syntax error.

What the wrapper says to us goes over the command's own streams as lines that begin with a random mark, which the
transport filters out:

    MARK reached           on standard error, by a first launch: the login shell works, whatever sudo may say
    MARK prompt            on standard error, written by sudo itself: it waits for the password
    MARK start PID HOW     on both streams, just before the command; HOW is plain, root or sudo
    SEAL exit CODE         on standard error, only for commands that may be left running

No ``start`` line means that the command was certainly not started, for the wrapper gives up if it cannot write it.

MARK is an argument, so everybody on the target can read it. That is no harm: after the ``start`` line of a stream it
means nothing there any more, and before it the command cannot have written anything. SEAL is told to the wrapper over
standard input, as the first line of it, once the ``start`` line was seen. It stands in no argument, no environment
and no file, so that nothing in the command's output can pass for its exit code.
"""

from __future__ import annotations

import enum
import shlex
from dataclasses import dataclass

from runner.model.command import AtDeadline, Command, Dialect

SHELL = "/bin/sh"
NONCE_VARIABLE = "VMFIX_COMMAND"
EXIT_MANGLED = 97
EXIT_NO_MARK = 98
EXIT_NO_SEAL = 99


class Elevation(enum.Enum):
    """How a command becomes root's.

    NONE: as whoever logged in. PROBE: the target decides, by its user id, whether sudo is needed. SUDO: it is.
    """

    NONE = "none"
    PROBE = "probe"
    SUDO = "sudo"


@dataclass(frozen=True, slots=True)
class Launch:
    """The random words of one launch: ``mark`` begins our lines; ``nonce`` stands in the environment of the command."""

    mark: str
    nonce: str
    elevation: Elevation = Elevation.NONE
    sudo_password: bool = False  # answer sudo's prompt, else tell it not to ask


def words(command: Command) -> tuple[str, ...]:
    """The program to start and its arguments. A script sees its values as ``$1``, ``$2`` ..., never as its own text."""
    if command.dialect is Dialect.ARGV:
        return command.argv
    if command.dialect is Dialect.SH:
        return (SHELL, "-c", command.script, "sh", *command.argv)
    message = f"a {command.dialect.value} command is not for a POSIX shell"
    raise ValueError(message)


# $0 is HOW, $1 the mark, $2 the nonce, $3 the canary, $4 not empty if there is standard input, then the command.
# Positional parameters only: an assignment to a variable that happens to be exported would reach the command.
_PREPARE = (
    f'[ "${{#3}}" = 2 ] || exit {EXIT_MANGLED}; '
    f"{NONCE_VARIABLE}=$2; export {NONCE_VARIABLE}; "
    'printf \'%s start %s %s\\n\' "$1" "$$" "$0" && '
    'printf \'%s start %s %s\\n\' "$1" "$$" "$0" >&2 || '
    f"exit {EXIT_NO_MARK}; "
)
_INPUT = '[ "$4" ] || exec </dev/null; '

_RUN = _PREPARE + _INPUT + 'shift 4; exec "$@"'

# For a command that must survive us. If nobody reads any more, the first cat of a relay dies of SIGPIPE and the second
# swallows the rest: the command itself never notices. Its exit code is told at once, since a service that it started
# may hold the streams open for ever. Descriptors: 3 takes the exit code, 4 is the command's standard error, 5 and 6
# are our own streams. From _SEAL on, $1 is the seal and no longer the mark; only builtins ever see it.
_SEAL = f'unset REPLY; IFS= read -r REPLY || exit {EXIT_NO_SEAL}; shift; set -- "$REPLY" "$@"; unset REPLY; '
_RELAY = "{ cat; exec cat >/dev/null; }"
_CLOSED = "3>&- 4>&- 5>&- 6>&-"
_RUN_AND_LEAVE = (
    _PREPARE + _SEAL + _INPUT + "trap '' HUP; exec 5>&1 6>&2; "
    '{ { { ( shift 4; exec "$@" ) 2>&4 ' + _CLOSED + '; echo "$?" >&3; } 2>/dev/null | '
    + _RELAY + " >&5 2>/dev/null " + _CLOSED + "; } 4>&1 | "
    + _RELAY + " >&6 2>/dev/null " + _CLOSED + "; } 3>&1 | "
    "{ IFS= read -r REPLY; printf '%s exit %s\\n' \"$1\" \"$REPLY\" >&6; exit \"$REPLY\"; }"
)  # fmt: skip

_CANARY = "\\\\"  # two backslashes; fish makes one of them


def launch_line(command: Command, launch: Launch) -> str:
    """The line to hand to the target's login shell: starts the command as ``launch`` says, and reports on it.

    The command is the leader's process itself (``exec``), so that its exit code and signal are the line's own.
    """
    inner = _RUN if command.at_deadline is AtDeadline.KILL else _RUN_AND_LEAVE
    given = (launch.mark, launch.nonce, _CANARY, "stdin" if command.stdin else "", *words(command))
    sudo = _sudo(launch)
    starts = {
        Elevation.NONE: (SHELL, "-c", inner, "plain"),
        Elevation.SUDO: (*sudo, SHELL, "-c", inner, "sudo"),
        Elevation.PROBE: (SHELL, "-c", _probe(sudo), inner),
    }
    return "exec " + shlex.join((*starts[launch.elevation], *given))


def _sudo(launch: Launch) -> tuple[str, ...]:
    if launch.sudo_password:
        return ("sudo", "-S", "-p", f"{launch.mark} prompt\n", "--")
    return ("sudo", "-n", "--")


def _probe(sudo: tuple[str, ...]) -> str:
    as_root = f'exec {SHELL} -c "$0" root "$@"'
    by_sudo = f'exec {shlex.join(sudo)} {SHELL} -c "$0" sudo "$@"'
    here = "printf '%s reached\\n' \"$1\" >&2"
    return f'{here}; if [ "$(id -u)" = 0 ]; then {as_root}; else {by_sudo}; fi'


# Finds everything that belongs to a command: $1 is its nonce, $2 the process that the start line named. A process
# belongs if the nonce is in its environment, if it is in a session of one that belongs, or if it descends from one.
# $own is empty where there is no /proc to look at.
_TREE = r"""
nonce=$1 leader=$2
fields() { line=${line##*) }; set -- $line; state=$1 parent=$2 session=$4; }
session_of() { session=; read -r line 2>/dev/null <"/proc/$1/stat" && fields; }
session_of self 2>/dev/null; own=$session
look() {
    found=' ' sessions=" $leader "
    for file in $(grep -lsF "VMFIX_COMMAND=$nonce" /proc/[0-9]*/environ); do
        pid=${file#/proc/}; pid=${pid%/environ}
        found="$found$pid "
        session_of "$pid"
        if [ "$session" ] && [ "$session" != "$own" ]; then sessions="$sessions$session "; fi
    done
    more=yes
    while [ "$more" ]; do
        more=
        for directory in /proc/[0-9]*; do
            pid=${directory#/proc/}
            case $found in *" $pid "*) continue ;; esac
            read -r line 2>/dev/null <"$directory/stat" || continue
            fields
            case $state in Z | X) continue ;; esac
            [ "$session" != "$own" ] || continue
            case "$found/$sessions" in *" $parent "*/* | */*" $session "*) found="$found$pid " more=yes ;; esac
        done
    done
    [ "$found" != ' ' ]
}
"""

# Prints "gone" only if a last look found nothing.
_KILL_TREE = (
    _TREE
    + r"""
[ "$own" ] || { kill -KILL -- "-$leader" "$leader" 2>/dev/null; echo unverified; exit 0; }
try() {
    signal=$1
    shift
    for seconds; do
        look || { echo gone; exit 0; }
        kill "-$signal" $found 2>/dev/null
        [ "$signal" = KILL ] || { kill -CONT $found 2>/dev/null; signal=0; }
        sleep "$seconds" 2>/dev/null || sleep 1
    done
}
try TERM 0.05 0.1 0.2 0.4
try KILL 0.05 0.1 0.2 0.4 0.8 1 1 1 1 1
look || { echo gone; exit 0; }
echo "left$found"
"""
)

_LOOK_AT_TREE = (
    _TREE
    + r"""
[ "$own" ] || { echo unverified; exit 0; }
look || { echo gone; exit 0; }
echo "left$found"
"""
)


def kill_command(nonce: str, leader: int, *, elevated: bool) -> Command:
    """A command that ends the whole process tree of another, TERM before KILL, and prints ``gone`` if none is left."""
    return Command(dialect=Dialect.SH, script=_KILL_TREE, argv=(nonce, str(leader)), elevated=elevated, at_most=20.0)


def look_command(nonce: str, leader: int, *, elevated: bool, at_most: float) -> Command:
    """A command that prints ``gone`` if no process of another is left, ``left`` and their numbers if there are some.

    It only looks. Where it cannot see processes it prints something else.
    """
    return Command(
        dialect=Dialect.SH, script=_LOOK_AT_TREE, argv=(nonce, str(leader)), elevated=elevated, at_most=at_most
    )
