"""How the machine of a case must be at the end: what a form names, and nothing that no comparison could see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from runner.load.cases_form import ExpectForm, MachineForm
from runner.load.cases_machine import Reader, simulated
from runner.load.tree import Path
from runner.model.case import End, Wanted
from runner.model.fields import Shape

PARTS = ("services", "registry", "units", "files", "mounts")
_OF_A_MOUNT = ("options", "propagation", "root")  # what a mount came back with counts, whether it is named or not


def given_end(form: ExpectForm, path: Path, reader: Reader, machines: Iterable[MachineForm]) -> End:
    """What a machine must be like at the end. ``machines`` is all that the case says of it."""
    made = simulated(form, path, reader)
    _complain_of_unsimulated(form, path, reader, tuple(machines))
    return End(
        services=_wanted(form.services, made.services, "state"),
        registry=made.registry or {},
        units=_wanted(form.units, made.units, "state"),
        files=_wanted(form.files, made.files, "content"),
        mounts=_wanted(form.mounts, made.mounts, always=_OF_A_MOUNT),
    )


def _complain_of_unsimulated(form: ExpectForm, path: Path, reader: Reader, machines: tuple[MachineForm, ...]) -> None:
    """Of a part that the machine has not, everything is absent: ``null`` would hold whatever came."""
    for part in PARTS:
        if getattr(form, part) is not None and all(getattr(one, part) is None for one in machines):
            message = f"no `{part}` are simulated here, so nothing can be seen of them at the end"
            remedy = f"Give the case `{part}`, or leave them out of `expect`."
            reader.diagnostics.error(reader.document.span((*path, part), key=True), message, remedy)


def _wanted(
    forms: Mapping[str, str | Shape | None] | None,
    made: Mapping[str, object] | None,
    alone: str = "",
    always: tuple[str, ...] = (),
) -> Mapping[str, Wanted]:
    """By name, the parts that a form names, with their values in what it became. A text alone is the part ``alone``."""
    found: dict[str, Wanted] = {}
    for name, form in (forms or {}).items():
        parts = [alone] if isinstance(form, str) else sorted({*always, *form.model_fields_set} if form else ())
        value = (made or {})[name]
        found[name] = None if form is None else MappingProxyType({part: getattr(value, part) for part in parts})
    return MappingProxyType(found)
