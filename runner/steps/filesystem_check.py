"""Checking and repairing an unmounted file system, with proof that does not rest on exit code 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

from runner.model.command import AtDeadline, Command, CommandResult, Dialect, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.parsers.fsck import exit_bits, parse_e2fsck, parse_xfs_repair
from runner.steps.base import Decision, Judged, Judgement, Observing, StepType, last_line, refused
from runner.steps.filesystem_state import CHECK_AT_MOST, EXT, CheckArgs, CheckState, observe_check

_REBOOT, _UNCORRECTED = 2, 4  # bits of e2fsck's exit code
_DIRTY_LOG = 2  # exit code of xfs_repair

_NOT_CHECKED: Mapping[str, str] = MappingProxyType(
    {
        "btrfs": "Look with `btrfs check --readonly`; `btrfs check --repair` is for its developers' advice only.",
        "crypto_LUKS": "Open it, and check the device under /dev/mapper.",
        "LVM2_member": "Check the logical volume under /dev/mapper, not the partition.",
        "linux_raid_member": "Check the array (/dev/md...), not its member.",
        "swap": "Swap space has no files; make it anew with mkswap if it is damaged.",
        "ambiguous": "It holds the marks of more than one file system; wipefs lists them, and a person decides.",
        "": "It holds no known file system; is it the right device, or a whole disk with partitions?",
    }
)

REPLAY = """\
# Mounting and unmounting once replays the log. In a mount namespace of its own, so that nobody sees or uses it, and
# so that the mount cannot outlive this script.
set -eu
place=$(mktemp -d /run/vmfix-replay.XXXXXXXX)
trap 'rmdir -- "$place"' EXIT
unshare --mount --propagation private sh -euc '
  mount -t xfs -o nosuid,nodev,noexec -- "$1" "$2"
  umount -- "$2"
' sh "$1" "$place"
"""


def _change(*argv: str) -> Command:
    """LEAVE: a checker that is interrupted in the middle of a repair can leave a worse file system."""
    return Command(
        argv=("env", "LC_ALL=C", *argv), effect=Effect.CHANGE, at_most=CHECK_AT_MOST, at_deadline=AtDeadline.LEAVE
    )


def _repair_ext(args: CheckArgs) -> Command:
    """Always with -f, as a superblock that says clean proves nothing.

    Never by the wrapper ``fsck``: it exits 0 for types that it does not check.
    """
    return _change("e2fsck", "-f", "-y" if args.repair == "yes" else "-p", args.device)


def _replay(args: CheckArgs) -> Command:
    return Command(
        dialect=Dialect.SH,
        script=REPLAY,
        argv=(args.device,),
        effect=Effect.CHANGE,
        at_most=CHECK_AT_MOST,
        at_deadline=AtDeadline.LEAVE,
    )


def _repair_xfs(args: CheckArgs) -> Command:
    """Never -L: it throws away the newest changes, and that is for a person to decide."""
    return _change("xfs_repair", args.device)


def _unfit(args: CheckArgs, state: CheckState) -> Decision | None:
    """Why the device cannot be checked, whatever its condition."""
    device = args.device
    if not state.kind:
        return refused(f"{device} does not exist.", "Look at lsblk: is the disk attached?")
    if state.kind != "block special file":
        text = f"{device} is a {state.kind}, no block device; fsck would say 0 and check nothing."
        return refused(text, "Give the device that findmnt shows as SOURCE.")
    if state.fstype not in EXT | {"xfs"}:
        advice = _NOT_CHECKED.get(state.fstype, "This step knows ext2, ext3, ext4 and xfs; use the type's own checker.")
        return refused(f"{device} holds {state.fstype or 'nothing known'}, which is not checked here.", advice)
    if args.fstype is not None and args.fstype != state.fstype:
        text = f"{device} holds {state.fstype}, and {args.fstype} was expected."
        return refused(text, "Find out whether the device name now means another disk.")
    if state.users:
        text = f"{device} is {', '.join(state.users)}."
        return refused(text, "Unmount it first, everywhere, containers and bind mounts included.")
    return None


def _decide_ext(args: CheckArgs, state: CheckState) -> Decision:
    word = str(state.superblock["state"])
    if state.superblock["clean"] and state.look["clean"]:
        text = (
            f"{args.device} ({state.fstype}) is clean: so says its superblock, and e2fsck -f -n found nothing to fix."
        )
        return Decision(outcome=Outcome.NO_CHANGE, evidence=text)
    journal = ", its journal waits to be replayed" if state.superblock["needs_recovery"] else ""
    looked = f"e2fsck -f -n exits {state.look['exit_code']} and would fix {state.look['proposals']} things"
    return _wanted(
        args, f"{args.device} ({state.fstype}) is not in order: state {word!r}{journal}; {looked}.", _repair_ext
    )


def _decide_xfs(args: CheckArgs, state: CheckState) -> Decision:
    if state.look["clean"]:
        text = f"{args.device} (xfs) is clean: xfs_repair -n found nothing to fix, and no log waits to be replayed."
        return Decision(outcome=Outcome.NO_CHANGE, evidence=text)
    if state.look["dirty_log"]:
        text = f"The log of {args.device} (xfs) waits to be replayed; until then xfs_repair refuses to repair."
        return _wanted(args, text, _replay)
    code = state.look["exit_code"]
    return _wanted(
        args, f"{args.device} (xfs) is damaged: xfs_repair -n exits {code}.{_first(state.look)}", _repair_xfs
    )


def _wanted(args: CheckArgs, evidence: str, repair: Callable[[CheckArgs], Command]) -> Decision:
    if args.repair == "none":
        return refused(evidence, "This step was asked to look only. Allow `repair: preen`, or have a person repair it.")
    return Decision(outcome=Outcome.WOULD_CHANGE, evidence=evidence, commands=(repair(args),))


def _first(look: Mapping[str, object]) -> str:
    findings = look.get("findings")
    return f" First finding: {findings[0]}." if isinstance(findings, list) and findings else ""


class FilesystemCheck(StepType[CheckArgs, CheckState]):
    """The ``filesystem_check`` step."""

    name: ClassVar[str] = "filesystem_check"
    args = CheckArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset({Platform.LINUX})
    summary: ClassVar[str] = (
        "An unmounted ext2, ext3, ext4 or xfs file system is proven clean, and repaired as far as the author allows."
    )
    least_risk: ClassVar[Risk | None] = Risk.DATA
    rounds: ClassVar[int] = 3  # xfs: replay the log, repair, prove

    def touches(self, args: CheckArgs) -> frozenset[str]:
        mount = {f"mount:{args.mounted_at}"} if args.mounted_at else set()
        return frozenset({f"device:{args.device}", *mount})

    def observe(self, args: CheckArgs) -> Observing[CheckState]:
        return observe_check(args)

    def decide(self, args: CheckArgs, state: CheckState) -> Decision:
        unfit = _unfit(args, state)
        if unfit is not None:
            return unfit
        return _decide_xfs(args, state) if state.fstype == "xfs" else _decide_ext(args, state)

    def bound(self, args: CheckArgs, state: CheckState | None) -> tuple[Command, ...]:
        """By the type alone: at the time of the plan the device is usually still mounted and was not looked at."""
        fstype = args.fstype if state is None else state.fstype
        if args.repair == "none":
            return ()
        if fstype in EXT:
            return (_repair_ext(args),)
        return (_replay(args), _repair_xfs(args)) if fstype == "xfs" else ()

    def judge(self, args: CheckArgs, command: Command, result: CommandResult) -> Judgement:
        if command.script == REPLAY:
            return _judge_replay(args, result)
        return _judge_xfs(args, result) if "xfs_repair" in command.argv else _judge_ext(args, result)


def _judge_ext(args: CheckArgs, result: CommandResult) -> Judgement:
    """The bits of e2fsck(8): 1 is success, 2 wants a reboot, 4 and up leave the file system unproven."""
    code = result.exit_code
    bits = exit_bits(code)
    parsed = parse_e2fsck(result)
    keys = ("exit_code", "bits", "corrected", "reboot_wanted", "uncorrected")
    facts = MappingProxyType({key: parsed[key] for key in keys})
    words = f"exit {code}: {', '.join(bits) or 'nothing to correct'}"
    if code >= _UNCORRECTED:
        then = (
            f"{args.device} was left unmounted. Run e2fsck by hand and answer its questions, or restore from a backup."
        )
        return Judgement(Judged.FAILED, f"{words}. {_complaint(result)}", facts, then)
    if code & _REBOOT:
        return Judgement(Judged.NEEDS_PERSON, words, facts, "Reboot before it is mounted again.")
    return Judgement(Judged.OK, words, facts)


def _complaint(result: CommandResult) -> str:
    """The line in which e2fsck gives up, which is not its last one; else the last that says something."""
    for line in f"{result.out}\n{result.err}".splitlines():
        if "UNEXPECTED INCONSISTENCY" in line:
            return line.strip().removesuffix(".") + "."
    return last_line(result)


def _judge_xfs(args: CheckArgs, result: CommandResult) -> Judgement:
    code = result.exit_code
    parsed = parse_xfs_repair(result)
    bits = {0: [], _DIRTY_LOG: ["the log waits to be replayed"]}.get(code, ["the repair did not finish"])
    facts = MappingProxyType(
        {"exit_code": code, "bits": bits, "corrected": code == 0, "reboot_wanted": False, "uncorrected": code != 0}
    )
    if code == 0:
        return Judgement(Judged.OK, "exit 0", facts)
    why = "its log is still dirty, and xfs_repair -L would throw it away" if parsed["dirty_log"] else last_line(result)
    then = f"{args.device} was left unmounted; a person has to decide."
    return Judgement(Judged.FAILED, f"exit {code}: {why}.", facts, then)


def _judge_replay(args: CheckArgs, result: CommandResult) -> Judgement:
    code = result.exit_code
    facts = MappingProxyType(
        {
            "exit_code": code,
            "bits": [] if code == 0 else ["the log could not be replayed"],
            "corrected": code == 0,
            "reboot_wanted": False,
            "uncorrected": code != 0,
        }
    )
    if code == 0:
        return Judgement(Judged.OK, "the log was replayed by one mount", facts)
    then = (
        f"{args.device} was left unmounted. Only xfs_repair -L is left, which throws away the newest changes;"
        " a person has to decide, after a copy of the disk."
    )
    return Judgement(Judged.FAILED, f"the log could not be replayed: {last_line(result)}.", facts, then)


FILESYSTEM_CHECK = FilesystemCheck()
