"""The ``acl`` step: the access list of one folder on Windows itself, entry by entry, by SID.

By icacls, whose commands an approver can read; never with /T, /reset or takeown, which change what lies below. It is
looked at by .NET, as icacls prints translated names. The old list is saved beside the folder (icacls /save) before
anything changes, and stands in the journal as SDDL; /restore takes the *parent* folder (Microsoft's serial console
command pages). Nothing of it was ever run on Windows: its output in the tests is documented or made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.acl_state import LETTERS, LOOK, Difference, FolderSeen, Rights, difference, named
from runner.steps.base import Args, Decision, Judged, Judgement, Observing, StepType, last_line, refused
from runner.steps.powershell_look import look
from runner.steps.rendering import is_open
from runner.steps.windows_path import parent, why_no_folder

_AT_MOST = 120.0
_SID = re.compile(r"S-1-\d{1,14}(-\d{1,10}){1,15}")
_ACCESS_DENIED = 5  # Win32, from memory


class AclArgs(Args):
    """``entries`` and ``tolerated`` are rights for each SID; names are translated, so they are no use here."""

    path: Annotated[str, Field(min_length=1, description="The folder, from the drive on.")]
    entries: Annotated[
        dict[str, Rights],
        Field(
            min_length=1,
            description="SID: rights, of `full`, `modify`, `read-execute`, `read-write`, `read`. Each is allowed "
            "exactly this, on the folder itself, and is denied nothing.",
        ),
    ]
    others: Literal["remove", "keep"] = Field(
        default="keep",
        description="What becomes of other entries. With `remove`, entries that come from the folder above end too.",
    )
    tolerated: dict[str, Rights] = Field(
        default={}, description="SID: rights. Entries that are neither wanted nor removed where they are found so."
    )

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """SIDs, each in one of the two lists."""
        lists = [part for key in ("entries", "tolerated") if isinstance(part := given.get(key), Mapping)]
        for sid in (str(sid) for part in lists for sid in part):
            if not _SID.fullmatch(sid):
                return f"`{sid}` is no SID\nNames are translated. Everyone is S-1-1-0, Administrators S-1-5-32-544."
        both = set(lists[0]).intersection(lists[1]) if len(lists) > 1 else ()
        return f"{min(map(str, both))} is both wanted and tolerated\nRemove it from `tolerated`." if both else ""


def _icacls(path: str, *words: str) -> Command:
    return Command(argv=("icacls", path, *words), effect=Effect.CHANGE, at_most=_AT_MOST, at_deadline=AtDeadline.LEAVE)


class Acl(StepType[AclArgs, FolderSeen]):
    """Grants come before removals, so that nobody who is to have access is without it in between."""

    name = "acl"
    args = AclArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = (
        "The access list of one folder itself, by SIDs. What lies below keeps its own entries, and loses those that "
        "came from an entry that is removed. The old list is saved beside the folder."
    )
    least_risk = Risk.CONFIG

    def refuses(self, given: Mapping[str, object]) -> str:
        path = given.get("path")
        return why_no_folder(path) if isinstance(path, str) and not is_open(path) else ""

    def touches(self, args: AclArgs) -> frozenset[str]:
        return frozenset((f"acl:{args.path.lower()}",))

    def observe(self, args: AclArgs) -> Observing[FolderSeen]:
        return (yield from look(FolderSeen, LOOK, args.path))

    def decide(self, args: AclArgs, state: FolderSeen) -> Decision:
        if state.problem:
            return refused(f"{args.path}: {state.problem}", "Look at it by hand.")
        found = _difference(args, state)
        shown = "; ".join(map(str, state.entries))
        if found.nothing:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{args.path} is as wanted: {shown}")
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{args.path} has {shown}",
            commands=self.bound(args, state),
            diff=_diff(args, state, found),
            prior={"path": args.path, "sddl": state.sddl, "saved_in": _saved_in(args, state)},
            undo=(_icacls(parent(args.path), "/restore", _saved_in(args, state)),),
        )

    def bound(self, args: AclArgs, state: FolderSeen | None) -> tuple[Command, ...]:
        """The save is named after what it holds, so offline only the grants are known; and drift is never overrun."""
        if state is None:
            return (_grants(args, Difference(grant=tuple(args.entries), cut=args.others == "remove")),)
        found = Difference() if state.problem else _difference(args, state)
        if found.nothing:
            return ()
        commands = [_icacls(args.path, "/save", _saved_in(args, state))]
        commands += [_grants(args, found)] if found.grant else []
        commands += [_icacls(args.path, "/remove:d", *(f"*{sid}" for sid in found.undeny))] if found.undeny else []
        commands += [_icacls(args.path, "/remove", *(f"*{sid}" for sid in found.remove))] if found.remove else []
        return tuple(commands)

    def judge(self, args: AclArgs, command: Command, result: CommandResult) -> Judgement:
        if result.exit_code == _ACCESS_DENIED:
            advice = "The login must be an administrator, and may still be denied WRITE_DAC: see the list by hand."
            return Judgement(Judged.FAILED, f"exit {_ACCESS_DENIED}: access is denied", advice=advice)
        if result.exit_code != 0:
            return Judgement(Judged.FAILED, f"exit {result.exit_code}: {last_line(result)}")
        return Judgement(Judged.OK, "exit 0")


def _difference(args: AclArgs, seen: FolderSeen) -> Difference:
    return difference(seen, args.entries, args.tolerated, others_go=args.others == "remove")


def _grants(args: AclArgs, found: Difference) -> Command:
    """All that is wanted, in one command with the end of what comes from above: nobody is locked out in between."""
    kept = [(sid, args.tolerated[sid]) for sid in found.keep]
    words = [f"*{sid}:({LETTERS[rights]})" for sid, rights in (*args.entries.items(), *kept)]
    return _icacls(args.path, *(("/inheritance:r",) if found.cut else ()), "/grant:r", *words)


def _saved_in(args: AclArgs, seen: FolderSeen) -> str:
    return f"{args.path}.vmfix-{seen.digest[:8]}.acl"


def _diff(args: AclArgs, seen: FolderSeen, found: Difference) -> str:
    gone = {*found.remove, *found.undeny, *found.grant}
    old = [str(e) for e in seen.entries if e.sid in gone or (found.cut and e.inherited)]
    new = [f"{named(sid)}: {args.entries[sid]}" for sid in found.grant]
    new += [f"{named(sid)}: {args.tolerated[sid]}" for sid in found.keep]
    lines = [f"--- {args.path}", f"+++ {args.path}"]
    lines += [f"-{text}" for text in old if text not in new]
    return "\n".join([*lines, *(f"+{text}" for text in new if text not in old)]) + "\n"
