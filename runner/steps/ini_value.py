"""One option of an INI file: set, completed (a list with commas) or removed; everything else stays."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, field_validator

from runner.model.command import Command, CommandResult
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.model.playbook import Risk
from runner.parsers.ini import Unreadable, interpolation_problems, read
from runner.parsers.plain_conf import read_plain
from runner.steps._atomic_write import FileSeen, diff, is_glob, judge_script, look_file, look_paths, put_back, write
from runner.steps.base import Args, Decision, Judgement, Observing, StepType, refused
from runner.steps.ini_text import set_option
from runner.steps.plain_text import set_plain


def _listed(items: tuple[str, ...] | str | None) -> tuple[str, ...]:
    """Items as a list, or as a text with commas, which is what a template gives."""
    return tuple(items.split(",")) if isinstance(items, str) else items or ()


class IniArgs(Args):
    """Which option of which file, and what it should be: exactly one of value, items and absent."""

    path: str = Field(
        pattern=r"^/[^\x00]*$", description="The file; *, ? and [...] are allowed for folders that carry a version."
    )
    section: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[^\]\n\r]+$",
        description="The section, in its exact letters; left out for a file of `Name=value` lines without sections.",
    )
    option: str = Field(
        min_length=1,
        pattern=r"^[^=:\s#;\[][^=:\n\r]*$",
        description="The option; capital and small letters are the same in a section, and differ without one.",
    )
    value: str | None = Field(default=None, description="The whole value, on one line.")
    items: tuple[str, ...] | str | None = Field(
        default=None, description="What a list with commas must contain; other items stay, blanks around commas go."
    )
    absent: bool = Field(default=False, description="Remove the option.")
    create: bool = Field(default=False, description="Make the file, and its folder, if it does not exist.")
    mode: str = Field(default="0644", pattern=r"^0[0-7]{3}$", description="Mode of a file that is made, in octal.")

    @field_validator("value")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and (value != value.strip() or "\n" in value or "\r" in value):
            message = "the value must be one line without blanks at its ends\nThe reader would strip them."
            raise ValueError(message)
        return value

    @field_validator("items")
    @classmethod
    def _plain_items(cls, items: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        for item in _listed(items):
            if not item or item != item.strip() or "," in item or "\n" in item or "\r" in item:
                message = f"`{item}` cannot be an item\nItems have no commas and no blanks at their ends."
                raise ValueError(message)
        return items

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """One wish, and a file that can be made if it has to be."""
        wishes = [given.get("value") is not None, bool(given.get("items")), given.get("absent") not in (None, False)]
        if sum(wishes) != 1:
            return "exactly one of value, items and absent must be given\nRemove the others."
        if given.get("create") not in (None, False) and (wishes[2] or is_glob(str(given.get("path", "")))):
            return "create goes with a value and a path without *, ? and [\nRemove create."
        return ""


IniState = tuple[FileSeen, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """What becomes of one file. ``refusal`` and ``remedy`` if nothing may; ``new`` is None if nothing has to."""

    seen: FileSeen
    text: str = ""
    new: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    refusal: str = ""
    remedy: str = ""


def _change(args: IniArgs, seen: FileSeen) -> _Change:
    """Judge one file: by what its reader reads, not by how it looks."""
    where = f"{seen.path}: "
    if seen.problem:
        return _Change(seen, refusal=f"{where}{seen.problem}.", remedy="Look at it by hand.")
    if seen.content is None and not args.create:
        if args.absent:
            return _Change(seen)
        return _Change(
            seen, refusal=f"{seen.path} does not exist.", remedy="Allow `create: true` if it should be made."
        )
    text = "" if seen.content is None else seen.text
    if text is None:
        return _Change(
            seen, refusal=f"{where}it is not UTF-8.", remedy="Rewrite it in UTF-8; its readers may ignore it."
        )
    try:
        if args.section is None:
            return _edited_plain(args, seen, text)
        return _edited(args, seen, text, args.section)
    except Unreadable as problem:
        strict = ": a strict reader, such as the backup extension, ignores the whole file" if args.section else ""
        remedy = f"Correct that by hand first{strict}."
        return _Change(seen, refusal=f"{where}{problem}.", remedy=remedy)


def _edited_plain(args: IniArgs, seen: FileSeen, text: str) -> _Change:
    """A file without sections: names in their exact letters, and of two lines with one name the last one counts."""
    old = read_plain(text).get(args.option)
    wanted = _wanted(args, old)
    new = None if wanted == old else set_plain(text, args.option, wanted)
    return _Change(seen, text=text, new=new, old_value=old, new_value=wanted)


def _edited(args: IniArgs, seen: FileSeen, text: str, section: str) -> _Change:
    sections = read(text)
    key = args.option.lower()
    _check((section, key), text, sections.keys())
    old = sections.get(section, {}).get(key)
    wanted = _wanted(args, old)
    if wanted is not None and "%" in wanted.replace("%%", ""):
        raise Unreadable(
            f"the value {wanted!r} holds a %, which the strict parser cannot read; write %% for a percent sign"
        )
    if wanted == old:
        return _Change(seen, text=text, old_value=old, new_value=old)
    new = set_option(text, section, args.option, wanted)
    return _Change(seen, text=text, new=new, old_value=old, new_value=wanted)


def _check(where: tuple[str, str], text: str, names: Collection[str]) -> None:
    """What can be read, and yet is not what it seems."""
    section = where[0]
    lone = re.search(r"\r(?!\n)", text)
    if lone is not None:
        line = text.count("\n", 0, lone.start()) + 1
        raise Unreadable(f"line {line} holds a carriage return by itself, which ends a line for the strict parser")
    other = next((name for name in names if name.lower() == section.lower()), None)
    if section not in names and other is not None:
        raise Unreadable(f"the section is written [{other}], and its reader looks for [{section}], letter by letter")
    for broken in interpolation_problems(text):
        if broken != where:
            raise Unreadable(f"the value of {broken[1]} in [{broken[0]}] holds a % that the strict parser cannot read")


def _wanted(args: IniArgs, old: str | None) -> str | None:
    """The value that the option should have."""
    if args.absent:
        return None
    items = _listed(args.items)
    if not items:
        return args.value
    if old is not None and any(mark in old for mark in (" ;", " #", "\n")):
        raise Unreadable(f"the value {old!r} holds a comment or several lines, which are part of it for the parser")
    present = (old or "").split(",")
    if all(item in present for item in items):
        return old
    kept = [item.strip() for item in present if item.strip()]
    return ",".join(dict.fromkeys((*kept, *items)))


class IniValue(StepType[IniArgs, IniState]):
    """The ``ini_value`` step."""

    name: ClassVar[str] = "ini_value"
    args = IniArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset({Platform.LINUX})
    summary: ClassVar[str] = (
        "One option of an INI file, or of a file of plain `Name=value` lines, has a value. Comments, order and line "
        "ends stay; written atomically, with a backup."
    )
    least_risk: ClassVar[Risk | None] = Risk.CONFIG

    def touches(self, args: IniArgs) -> frozenset[str]:
        return frozenset() if is_glob(args.path) else frozenset({f"file:{args.path}"})

    def observe(self, args: IniArgs) -> Observing[IniState]:
        paths = yield from look_paths(args.path)
        seen: tuple[FileSeen, ...] = ()
        for path in paths:
            seen = (*seen, (yield from look_file(path)))
        return seen

    def decide(self, args: IniArgs, state: IniState) -> Decision:
        changes = [_change(args, seen) for seen in state]
        hindered = [change for change in changes if change.refusal]
        if not changes and not args.absent:
            remedy = "Is the software installed whose file it is?"
            return refused(f"No file matches {args.path}.", remedy)
        if hindered:
            return refused(" ".join(change.refusal for change in hindered), hindered[0].remedy)
        due = [change for change in changes if change.new is not None]
        evidence = "; ".join(_sentence(args, change) for change in changes) or f"No file matches {args.path}"
        if not due:
            return Decision(outcome=Outcome.NO_CHANGE, evidence=f"{evidence}.")
        return Decision(
            outcome=Outcome.WOULD_CHANGE,
            evidence=f"{evidence}.",
            commands=self.bound(args, state),
            diff="".join(diff(change.seen.path, change.text, change.new or "") for change in due),
            prior={"files": [{**change.seen.record(), "value": change.old_value} for change in due]},
            undo=tuple(put_back(change.seen, change.new) for change in reversed(due)),
        )

    def bound(self, args: IniArgs, state: IniState | None) -> tuple[Command, ...]:
        """One write for each file that differs; offline nothing can be said, since the text depends on the file."""
        changes = [_change(args, seen) for seen in state or ()]
        if any(change.refusal for change in changes):
            return ()
        return tuple(_write(args, change) for change in changes if change.new is not None)

    def judge(self, args: IniArgs, command: Command, result: CommandResult) -> Judgement:
        return judge_script(command, result)


def _write(args: IniArgs, change: _Change) -> Command:
    if change.seen.content is None:
        return write(change.seen, change.new or "", mode=args.mode, owner="root:root")
    return write(change.seen, change.new or "")


def _sentence(args: IniArgs, change: _Change) -> str:
    name = args.option if args.section is None else f"[{args.section}] {args.option}"
    if change.seen.content is None:
        return f"{change.seen.path} does not exist"
    if change.new is None:
        now = f"is {change.old_value!r}, as wanted" if change.old_value is not None else "is not set, as wanted"
        return f"{change.seen.path}: {name} {now}"
    was = "is not set" if change.old_value is None else f"is {change.old_value!r}"
    becomes = "would be removed" if change.new_value is None else f"would be {change.new_value!r}"
    return f"{change.seen.path}: {name} {was} and {becomes}"


INI_VALUE = IniValue()
