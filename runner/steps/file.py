"""A whole file, or an empty directory: present with content, mode and owner, or absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps._atomic_write import (
    FileSeen,
    diff,
    judge_script,
    look_file,
    look_link,
    look_paths,
    put_back,
    remove,
    write,
)
from runner.steps.base import Decision, Judgement, Observing, StepType, refused
from runner.steps.file_args import FileArgs
from runner.steps.file_windows import WindowsFile
from runner.steps.rendering import is_open


def _owner(args: FileArgs, seen: FileSeen) -> str:
    """``user:group`` for chown; empty if it is to stay."""
    new = seen.content is None and not seen.kind
    user = args.owner or ("root" if new else seen.owner)
    group = args.group or ("root" if new else seen.group)
    return f"{user}:{group}" if new or (user, group) != (seen.owner, seen.group) else ""


def _change(*argv: str) -> Command:
    return Command(argv=argv, effect=Effect.CHANGE, at_deadline=AtDeadline.LEAVE)


def _attributes(args: FileArgs, seen: FileSeen) -> tuple[Command, ...]:
    """Owner before mode: chown may clear bits of the mode."""
    owner = _owner(args, seen)
    mode = args.mode if args.mode and int(args.mode, 8) != int(seen.mode, 8) else ""
    if owner and not mode and int(seen.mode, 8) & 0o6000:
        mode = seen.mode
    return (
        *((_change("chown", "--", owner, seen.path),) if owner else ()),
        *((_change("chmod", "--", mode, seen.path),) if mode else ()),
    )


def _attributes_back(seen: FileSeen, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    if not commands:
        return ()
    return (
        _change("chown", "--", f"{seen.owner}:{seen.group}", seen.path),
        _change("chmod", "--", seen.mode, seen.path),
    )


def _commands(args: FileArgs, seen: FileSeen) -> tuple[Command, ...]:
    """What is to be done; empty if nothing is."""
    exists = bool(seen.kind)
    if args.absent:
        return (remove(seen),) if exists else ()
    if args.directory:
        mode = args.mode or "0755"
        made = (_change("mkdir", "-p", "--", seen.path), _change("chown", "--", _owner(args, seen), seen.path))
        return _attributes(args, seen) if exists else (*made, _change("chmod", "--", mode, seen.path))
    if args.content is not None and seen.content != args.content.encode("utf-8"):
        mode = args.mode or ("" if exists else "0644")
        return (write(seen, args.content, mode=mode, owner=_owner(args, seen)),)
    return _attributes(args, seen)


def _unfit(args: FileArgs, seen: FileSeen) -> Decision | None:
    """Why nothing may be done there."""
    is_directory = seen.kind == "directory"
    if args.directory and seen.kind and not is_directory:
        return refused(f"{seen.path} is a {seen.kind}, no directory.", "Move it away by hand.")
    if args.absent and seen.kind == "symbolic link":
        remedy = "Remove the link by hand, or give the path of the file that it leads to."
        return refused(f"{seen.path}: {seen.problem}, and links are never removed.", remedy)
    if args.absent and is_directory:
        return refused(f"{seen.path} is a directory, and directories are never removed.", "Remove it by hand.")
    if seen.problem and not is_directory:
        return refused(f"{seen.path}: {seen.problem}.", "Look at it by hand.")
    if args.content is not None and is_directory:
        return refused(f"{seen.path} is a directory.", "Give the path of a file.")
    if args.content is None and not (seen.kind or args.directory or args.absent):
        return refused(f"{seen.path} does not exist.", "Give content, or directory, if it should be made.")
    return None


def _undo(args: FileArgs, seen: FileSeen, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    if args.absent:
        return (put_back(seen, None),)
    if args.directory and not seen.kind:
        return (_change("rmdir", "--", seen.path),)
    if args.content is not None and seen.content != args.content.encode("utf-8"):
        return (put_back(seen, args.content),)
    return _attributes_back(seen, commands)


def _shown(args: FileArgs, seen: FileSeen) -> str:
    if args.content is None and not args.absent:
        return ""
    if seen.content is not None and seen.text is None:
        return f"{seen.path}: the old content is not text ({len(seen.content)} bytes)\n"
    return diff(seen.path, seen.text or "", args.content or "")


def _evidence(seen: FileSeen) -> str:
    if not seen.kind:
        return f"{seen.path} does not exist"
    size = "" if seen.content is None else f", {len(seen.content)} bytes"
    return f"{seen.path} is a {seen.kind}{size}, mode {seen.mode}, owner {seen.owner}:{seen.group}"


class File(StepType[FileArgs, FileSeen]):
    """The ``file`` step."""

    name: ClassVar[str] = "file"
    args = FileArgs
    summary: ClassVar[str] = (
        "A file with a content, a directory, or neither; written atomically, with a backup. On Windows only files, by "
        "PowerShell."
    )
    least_risk: ClassVar[Risk | None] = Risk.CONFIG

    def on(self, platform: Platform) -> StepType[FileArgs, FileSeen]:
        return _WINDOWS if platform is Platform.WINDOWS else self

    def refuses(self, given: Mapping[str, object]) -> str:
        path = given.get("path")
        if isinstance(path, str) and not is_open(path) and not path.startswith("/"):
            return f"`{path}` is no path on Linux\nWrite it from the root on: /folder/file."
        return ""

    def touches(self, args: FileArgs) -> frozenset[str]:
        return frozenset({f"file:{args.path}"})

    def observe(self, args: FileArgs) -> Observing[FileSeen]:
        link = (yield from look_link(args.path)) if args.absent else None
        if link is not None:
            return link
        (path,) = yield from look_paths(args.path)
        return (yield from look_file(path))

    def decide(self, args: FileArgs, state: FileSeen) -> Decision:
        unfit = _unfit(args, state)
        if unfit is not None:
            return unfit
        commands = _commands(args, state)
        if not commands:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{_evidence(state)}, as wanted.")
        prior: Mapping[str, object] = state.record()
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{_evidence(state)}.",
            commands=commands,
            diff=_shown(args, state),
            prior=prior,
            undo=_undo(args, state, commands),
        )

    def bound(self, args: FileArgs, state: FileSeen | None) -> tuple[Command, ...]:
        """A write names the digest of what it replaces, so offline nothing can be said."""
        return () if state is None or _unfit(args, state) else _commands(args, state)

    def judge(self, args: FileArgs, command: Command, result: CommandResult) -> Judgement:
        return judge_script(command, result) if command.script else super().judge(args, command, result)


_WINDOWS = WindowsFile()
FILE = File()
