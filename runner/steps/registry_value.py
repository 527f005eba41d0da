"""The ``registry_value`` step: one value of the Windows registry, present with its type and data, or absent.

By ``reg`` with ``/reg:64``, since a 32-bit process is given another part of HKLM (win32 WinProg64, shared registry
keys), and with ``/f``, since ``reg`` asks otherwise. Its exit codes and its manner of printing are from memory.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, ValidationError

from runner.model.command import AtDeadline, Command, Effect
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.steps.base import Args, Decision, Judged, Judgement, Observing, StepType
from runner.steps.registry_state import RegistryState, key_problem, observe_value, short_key
from runner.steps.rendering import is_open
from runner.steps.sendable import all_rendered, why_unsendable

Type: TypeAlias = Literal["REG_SZ", "REG_EXPAND_SZ", "REG_DWORD", "REG_QWORD", "REG_BINARY"]

_AT_MOST = 60.0
_UNFIT = re.compile(r"[\x00-\x1f]")
_BYTES = re.compile(r"([0-9A-Fa-f]{2})*")
_WIDTHS: Mapping[str, int] = {"REG_DWORD": 32, "REG_QWORD": 64}
_LONGEST = 4000  # characters of data: the whole command must fit into one line


class RegistryValueArgs(Args):
    """Type and data are compared exactly: ``True`` and ``true`` differ. Keys are made where needed, never removed."""

    key: Annotated[str, Field(min_length=1, description="The key, from HKLM on: HKLM\\SOFTWARE\\...")]
    name: Annotated[str, Field(min_length=1, max_length=255, description="The value's name.")]
    state: Literal["present", "absent"] = Field(default="present", description="Whether it is to be there.")
    type: Type | None = Field(default=None, description="Its type.")
    data: str | None = Field(
        default=None,
        description="Its data, as text: numbers as 1 or 0x1, REG_BINARY as hexadecimal digits. Kept as it is: %PATH% "
        "in it is not replaced.",
    )

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """A key in HKLM, and data of its type that reg can be given and prints as one line."""
        key, name = given.get("key"), given.get("name")
        if isinstance(key, str) and not is_open(key):
            problem = key_problem(key)
            if problem:
                return problem
        if isinstance(name, str) and _UNFIT.search(name):
            return "the name of the value holds a control character"
        if given.get("state", "present") == "absent":
            both = given.get("type") is not None or given.get("data") is not None
            return "what is absent has no type and no data\nRemove them." if both else ""
        return _content_problem(given.get("type"), given.get("data"))

    @property
    def full_key(self) -> str:
        """The key with its hive's short name."""
        return short_key(self.key)

    @property
    def wanted(self) -> tuple[str, object] | None:
        """Type and data as the parser ``reg_query`` gives them; None: absent."""
        if self.type is None or self.data is None:
            return None
        return self.type, plain(self.type, self.data)


def _content_problem(kind: object, data: object) -> str:
    if kind is None or data is None:
        return "a value that is present has a type and data\nGive both, or write state: absent."
    if not isinstance(data, str) or not isinstance(kind, str) or is_open(data) or is_open(kind):
        return ""
    if _UNFIT.search(data):
        return "the data holds a line break or another control character, which cannot be handed to reg"
    if len(data) > _LONGEST:
        return f"the data is longer than {_LONGEST} characters"
    if kind in _WIDTHS:
        try:
            fits = 0 <= int(data, 0) < 1 << _WIDTHS[kind]
        except ValueError:
            fits = False
        return (
            "" if fits else f"`{data}` is no number that a {kind} can hold\nWrite digits, or 0x and hexadecimal ones."
        )
    if kind == "REG_BINARY" and not _BYTES.fullmatch(data):
        return f"`{data}` is not made of whole bytes\nWrite two hexadecimal digits for each."
    return ""


def plain(kind: str, data: str) -> object:
    """Data as the parser ``reg_query`` gives it."""
    if kind in _WIDTHS:
        return int(data, 0)
    return data.lower() if kind == "REG_BINARY" else data


def _change(*argv: str) -> Command:
    return Command(argv=argv, effect=Effect.CHANGE, at_most=_AT_MOST, at_deadline=AtDeadline.LEAVE)


def _set(args: RegistryValueArgs, value: tuple[str, object]) -> Command:
    kind, data = value
    return _change("reg", "add", args.full_key, "/v", args.name, "/t", kind, "/d", str(data), "/f", "/reg:64")


def _remove(args: RegistryValueArgs) -> Command:
    return _change("reg", "delete", args.full_key, "/v", args.name, "/f", "/reg:64")


def _shown(value: tuple[str, object] | None) -> str:
    return "absent" if value is None else f"{value[0]} `{value[1]}`"


class RegistryValue(StepType[RegistryValueArgs, RegistryState]):
    """Undo puts the old value back, or takes away what was not there; the key stays, for others may use it by then."""

    name = "registry_value"
    args = RegistryValueArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset((Platform.WINDOWS,))
    summary = "A value of the registry below HKLM, in the 64-bit view: present with type and data, or absent."
    least_risk = Risk.CONFIG

    def refuses(self, given: Mapping[str, object]) -> str:
        """Data that no command line can carry."""
        if not all_rendered(given):
            return ""
        try:
            (command,) = self.bound(RegistryValueArgs.model_validate(given), None)
        except ValidationError:
            return ""  # said of the arguments themselves
        return why_unsendable(command)

    def touches(self, args: RegistryValueArgs) -> frozenset[str]:
        return frozenset((f"registry:{args.full_key}\\{args.name}".lower(),))

    def observe(self, args: RegistryValueArgs) -> Observing[RegistryState]:
        return (yield from observe_value(args.full_key, args.name))

    def decide(self, args: RegistryValueArgs, state: RegistryState) -> Decision:
        where = f"{args.full_key}\\{args.name}"
        if state.value == args.wanted:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{where} is {_shown(state.value)}, as wanted")
        missing = "" if state.key_exists else "; its key does not exist"
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{where} is {_shown(state.value)}{missing}",
            commands=self.bound(args, state),
            diff=_diff(where, state.value, args.wanted),
            prior={
                "key_existed": state.key_exists,
                "value_existed": state.value is not None,
                "type": state.value[0] if state.value else "",
                "data": state.value[1] if state.value else "",
            },
            undo=_undo(args, state),
        )

    def verify(self, args: RegistryValueArgs, before: RegistryState, after: RegistryState) -> Judgement:
        """What reg prints may lack letters that the console's code page has not."""
        verdict = super().verify(args, before, after)
        if verdict.judged is Judged.FAILED and _looks_like(after.value, args.wanted):
            text = f"{verdict.text}: it seems to be as wanted, but the target's code page cannot print all of it"
            return Judgement(Judged.UNSEEN, text)
        return verdict

    def bound(self, args: RegistryValueArgs, state: RegistryState | None) -> tuple[Command, ...]:
        """The one command, whatever is there until then."""
        return (_set(args, args.wanted) if args.wanted else _remove(args),)


def _looks_like(shown: tuple[str, object] | None, wanted: tuple[str, object] | None) -> bool:
    """Whether they differ only in question marks for letters beyond ASCII."""
    if shown is None or wanted is None or shown[0] != wanted[0]:
        return False
    pairs = itertools.zip_longest(str(shown[1]), str(wanted[1]), fillvalue="")
    return all(seen == meant or (seen == "?" and meant > "\x7f") for seen, meant in pairs)


def _undo(args: RegistryValueArgs, state: RegistryState) -> tuple[Command, ...]:
    """None for an old value of a type whose data cannot be given back exactly, such as REG_MULTI_SZ."""
    if state.value is None:
        return (_remove(args),)
    if state.value[0] in ("REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", *_WIDTHS):
        return (_set(args, state.value),)
    return ()


def _diff(where: str, old: tuple[str, object] | None, new: tuple[str, object] | None) -> str:
    lines = [f"--- {where}", f"+++ {where}"]
    lines += [f"-{old[0]} {old[1]}"] if old else []
    lines += [f"+{new[0]} {new[1]}"] if new else []
    return "\n".join(lines) + "\n"
