"""Mounting and unmounting a file system, so that it comes back exactly as it was."""

from __future__ import annotations

from typing import ClassVar

from runner.model.command import Command, CommandResult
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import (
    Decision,
    Judged,
    Judgement,
    Observing,
    Settle,
    StepType,
    last_line,
    refused,
)
from runner.steps.mount_back import commands_back, is_part, recorded, ways, why_lost
from runner.steps.mount_options import (
    STOP_AUTOMOUNT,
    mount_by_table,
    mount_exactly,
    same_options,
    start_unit,
    stop_automount,
    umount,
    unit_name,
)
from runner.steps.mount_state import MountArgs, MountState, is_system, observe_mount
from runner.steps.mount_table import Mounted

_FAILED = 32  # umount(8), mount(8): busy, not mounted, refused by the kernel, all alike


def _unmount(args: MountArgs, state: MountState) -> Decision:
    if is_system(state.path):
        return refused(
            f"{state.path} belongs to the system and is never unmounted.", "Leave it, or use a rescue system."
        )
    if not state.here and not state.waiting:
        return Decision(outcome=Outcome.NO_CHANGE, evidence=f"Nothing is mounted at {state.path}.")
    obstacle = _obstacle(state, nested=args.nested)
    if obstacle is not None:
        return obstacle
    stop = (stop_automount(state.path),) if state.waiting else ()
    if not state.here:
        text = f"Nothing is mounted at {state.path}, but an automount unit would mount it at the next access."
        start = (start_unit(unit_name(state.path, "automount")),)
        return Decision(outcome=Outcome.WOULD_CHANGE, evidence=text, commands=stop, undo=start)
    was = state.here[-1]
    lost = why_lost(state, was)
    if lost:
        text = f"{_shown(was)} and would not come back as it is: {lost}."
        return refused(text, f"Unmount {state.path} by hand, if that is all right, and mount it again afterwards.")
    evidence = f"{_shown(was)}, and nothing uses it.{_elsewhere(state, was)}"
    return Decision(
        outcome=Outcome.WOULD_CHANGE,
        evidence=evidence,
        commands=(umount(state.path), *stop),
        prior=was.record(),
        undo=commands_back(state, was),
    )


def _obstacle(state: MountState, *, nested: bool) -> Decision | None:
    """Why it must not be unmounted now."""
    path = state.path
    if state.waiting and not state.units.automount:
        return refused(f"{path} is managed by an automounter that is no systemd unit.", "Stop it there (autofs maps).")
    if len(state.here) > 1:
        sources = " and ".join(m.source for m in state.here)
        text = f"{len(state.here)} file systems are mounted over each other at {path}: {sources}."
        return refused(text, f"Decide which one is meant, and run `umount {path}` by hand for the others.")
    if state.nested and not nested:
        names = ", ".join(m.target for m in state.nested)
        return refused(
            f"Other file systems are mounted below {path}: {names}.", "Unmount these first, one step for each."
        )
    if state.holders:
        names = ", ".join(holder.text for holder in state.holders)
        remedy = f"Stop these, or tell the backup to skip {path}; it is never unmounted by force."
        return refused(f"{path} is busy: {names}.", remedy)
    return None


def _shown(mounted: Mounted) -> str:
    part = "" if mounted.root == "/" else f" (only {mounted.root})"
    return f"{mounted.source}{part} is mounted at {mounted.target} as {mounted.fstype} ({','.join(mounted.options)})"


def _elsewhere(state: MountState, was: Mounted) -> str:
    others = [m.target for m in state.mounts if m.number == was.number and m.target != state.path]
    return f" The same file system stays mounted at {', '.join(others)}." if others and was.number else ""


def _mount(args: MountArgs, state: MountState) -> Decision:
    if state.here:
        return _compared(args, state)
    base = state.base
    if args.stands_on and (base is None or base.target != args.stands_on):
        now = "nothing" if base is None else f"the file system at {base.target}"
        text = f"{state.path} stood on what is mounted at {args.stands_on}; now it would stand on {now}."
        return refused(text, f"Mount {args.stands_on} first, when it is in order, and then {state.path}.")
    if not state.directory:
        return refused(
            f"{state.path} is no directory.", "Make the directory first; it was there while it was a mount point."
        )
    if state.source == "":
        return refused(f"No device on this target is {args.source}.", "Look at lsblk: is the disk attached?")
    commands = ways(args, state)
    if not commands:
        text = f"Nothing is mounted at {state.path}, and neither /etc/fstab nor a unit file says what belongs there."
        return refused(text, "Give source, fstype and options as they were recorded before.")
    undo = () if is_system(state.path) else (umount(state.path),)
    evidence = f"Nothing is mounted at {state.path}."
    return Decision(outcome=Outcome.WOULD_CHANGE, evidence=evidence, commands=commands, undo=undo)


def _compared(args: MountArgs, state: MountState) -> Decision:
    """Whether what is mounted there is what is wanted."""
    top, wanted = state.here[-1], recorded(args, state)
    want = wanted or state.fstab
    if want is None or {"bind", "rbind"} & set(want.options):
        return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{_shown(top)}.")
    if not state.same_source(want.source, top.source) or want.fstype not in ("auto", top.fstype):
        text = f"{_shown(top)}, and {want.source} as {want.fstype} should be."
        return refused(text, "Find out who mounted it; nothing is mounted over it.")
    if wanted is not None and is_part(state, top):
        return refused(f"{_shown(top)}, and all of it should be.", "Find out who mounted it; it is a bind mount.")
    if wanted is not None and not same_options(wanted.options, top.options):
        text = f"{_shown(top)}, and the options should be {','.join(wanted.options)}."
        return refused(text, "If it came back read-only, look into the kernel log before remounting it.")
    if args.propagation and top.propagation and args.propagation != top.propagation:
        text = f"{_shown(top)}, and its propagation is {top.propagation} and should be {args.propagation}."
        return refused(text, f"See mount(8) on --make-private and the like, and set it for {state.path} by hand.")
    return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{_shown(top)}.")


class Mount(StepType[MountArgs, MountState]):
    """The ``mount`` step."""

    name: ClassVar[str] = "mount"
    args = MountArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset({Platform.LINUX})
    summary: ClassVar[str] = (
        "A file system is mounted as it was, or unmounted. Names what keeps it busy; never lazy, never forced."
    )
    least_risk: ClassVar[Risk | None] = Risk.SERVICE_RESTART

    def touches(self, args: MountArgs) -> frozenset[str]:
        device = {f"device:{args.source}"} if args.source else set()
        return frozenset({f"mount:{args.path}", *device})

    def observe(self, args: MountArgs) -> Observing[MountState]:
        return observe_mount(args)

    def decide(self, args: MountArgs, state: MountState) -> Decision:
        return _unmount(args, state) if args.state == "unmounted" else _mount(args, state)

    def bound(self, args: MountArgs, state: MountState | None) -> tuple[Command, ...]:
        """Whether it is mounted just now plays no part; fstab and unit files do."""
        if args.state == "unmounted":
            path = args.path if state is None else state.path
            if is_system(path):
                return ()
            stop = state is not None and state.units.automount
            return (umount(path), *((stop_automount(path),) if stop else ()))
        if state is not None:
            return ways(args, state)
        if args.source and args.fstype:
            return (mount_exactly(args.source, args.path, args.fstype, args.wanted_options),)
        return (mount_by_table(args.path),)

    def judge(self, args: MountArgs, command: Command, result: CommandResult) -> Judgement:
        """Exit 32 means "busy" and "not mounted" alike, so the words of the tool are passed on, and findmnt decides."""
        if result.exit_code == 0:
            return Judgement(Judged.OK, "exit 0")
        said = last_line(result)
        if command.script == STOP_AUTOMOUNT and result.exit_code == 9:  # noqa: PLR2004 - our script's own code
            return Judgement(
                Judged.FAILED, f"{args.path} was mounted again meanwhile, so its automount was not stopped"
            )
        if result.exit_code == _FAILED and command.argv[:1] == ("umount",):
            return Judgement(Judged.FAILED, f"exit 32, busy or not mounted: {said}. It was not forced.")
        return Judgement(Judged.FAILED, f"exit {result.exit_code}: {said}")

    def settle(self, args: MountArgs) -> Settle:
        """systemd mounts asynchronously what its units ask for."""
        return Settle(within=10.0, every=1.0)


MOUNT = Mount()
