"""The ``registry_key`` step: a key of the Windows registry, present, or absent if nothing is in it.

By ``reg`` in the 64-bit view, as ``registry_value`` does. ``reg delete KEY /f`` takes everything below the key with it,
so a key in which anything is found is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from runner.model.command import AtDeadline, Command, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Args, Decision, Observing, StepType, refused
from runner.steps.registry_state import KeyState, key_problem, observe_key, short_key
from runner.steps.rendering import is_open

_AT_MOST = 60.0


class RegistryKeyArgs(Args):
    """Keys above it are made where they are needed."""

    key: Annotated[str, Field(min_length=1, description="The key, from HKLM on: HKLM\\SOFTWARE\\...")]
    state: Literal["present", "absent"] = Field(
        default="present", description="Whether it is to be there. Only an empty key can be made absent."
    )

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """A key in HKLM, and for `absent` none of the hive's own."""
        key = given.get("key")
        if not isinstance(key, str) or is_open(key):
            return ""
        if problem := key_problem(key):
            return problem
        if given.get("state") == "absent" and short_key(key).count("\\") < 2:  # noqa: PLR2004 - HKLM\SOFTWARE\X has two
            return f"`{key}` is a part of Windows and is never removed\nName a key below it."
        return ""

    @property
    def full_key(self) -> str:
        """The key with its hive's short name."""
        return short_key(self.key)


def _change(verb: str, key: str) -> Command:
    argv = ("reg", verb, key, "/f", "/reg:64")
    return Command(argv=argv, effect=Effect.CHANGE, at_most=_AT_MOST, at_deadline=AtDeadline.LEAVE)


class RegistryKey(StepType[RegistryKeyArgs, KeyState]):
    """Undo makes an empty key again. A key that was made stays: by then others may have put something in."""

    name = "registry_key"
    args = RegistryKeyArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = "A key of the registry below HKLM, in the 64-bit view: present, or absent if nothing is in it."
    least_risk = Risk.CONFIG

    def touches(self, args: RegistryKeyArgs) -> frozenset[str]:
        return frozenset((f"registry:{args.full_key}".lower(),))

    def observe(self, args: RegistryKeyArgs) -> Observing[KeyState]:
        return (yield from observe_key(args.full_key))

    def decide(self, args: RegistryKeyArgs, state: KeyState) -> Decision:
        wanted = args.state == "present"
        there = f"{args.full_key} is {'present' if state.exists else 'absent'}"
        if state.exists == wanted:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{there}, as wanted")
        if state.holds:
            remedy = "Removing it would take all of that away. See what it is for, and remove it by hand."
            return refused(f"{there} and not empty: it holds {', '.join(state.holds)}", remedy)
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=there if wanted else f"{there} and empty",
            commands=self.bound(args, state),
            diff=f"--- registry\n+++ registry\n{'+' if wanted else '-'}{args.full_key}\n",
            prior={"key_existed": state.exists},
            undo=() if wanted else (_change("add", args.full_key),),
        )

    def bound(self, args: RegistryKeyArgs, state: KeyState | None) -> tuple[Command, ...]:
        """The one command, whatever is there until then."""
        return (_change("add" if args.state == "present" else "delete", args.full_key),)
