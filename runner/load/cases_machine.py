"""The machine of a case: its form to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from runner.diagnostics import Diagnostics
from runner.load.cases_form import (
    AnswerForm,
    ExpectForm,
    FileForm,
    MachineForm,
    MountForm,
    RegistryForm,
    ServiceForm,
    UnitForm,
)
from runner.load.document import Document
from runner.load.tree import Path
from runner.model.case import Answer, Given, GivenFile, GivenMount, GivenService, GivenUnit, RegistryData
from runner.model.inventory import Platform

A = TypeVar("A")
B = TypeVar("B")
_DEAD = MappingProxyType({"gone": True, "running": False, None: None})


@dataclass(frozen=True, slots=True)
class Reader:
    """What it takes to make bytes of what stands in a form."""

    document: Document
    diagnostics: Diagnostics
    read_file: Callable[[str], bytes | None]
    platform: Platform

    def text(self, text: str) -> bytes:
        """As the target would print it: Windows programs end lines with CR LF."""
        return (text.replace("\n", "\r\n") if self.platform is Platform.WINDOWS else text).encode()

    def file(self, name: str, path: Path) -> bytes:
        found = self.read_file(name)
        if found is None:
            folder = self.document.source.rpartition("/")[2].removesuffix(".yml")
            remedy = f"It must lie in the folder {folder}/ beside the cases; links that lead out of it are refused."
            self.diagnostics.error(self.document.span(path), f"the file {name} cannot be read", remedy)
        return found or b""


_FOREIGN = MappingProxyType({Platform.WINDOWS: ("units", "files", "mounts"), Platform.LINUX: ("services", "registry")})


def _complain_of_foreign(form: MachineForm | ExpectForm, path: Path, reader: Reader) -> None:
    """Parts that a machine of this platform has not."""
    for part in _FOREIGN[reader.platform]:
        if getattr(form, part) is not None:
            message = f"`{part}` are not simulated on a machine with {reader.platform.value}"
            remedy = "Answer the commands by their lines, by observation, or by `script with TEXT`."
            reader.diagnostics.error(reader.document.span((*path, part), key=True), message, remedy)


def given(form: MachineForm, path: Path, reader: Reader) -> Given:
    """A machine, or a change to one."""
    answers = {key: given_answer(answer, (*path, "answers", key), reader) for key, answer in form.answers.items()}
    return replace(simulated(form, path, reader), answers=MappingProxyType(answers))


def simulated(form: MachineForm | ExpectForm, path: Path, reader: Reader) -> Given:
    """The simulated parts that a form has."""
    _complain_of_foreign(form, path, reader)
    return Given(
        services=_each(form.services, _service),
        registry=_registry(form.registry, (*path, "registry"), reader),
        units=_each(form.units, _unit),
        files=_each(form.files, _file),
        mounts=_mounts(form.mounts, (*path, "mounts"), reader),
    )


def given_answer(form: str | AnswerForm, path: Path, reader: Reader) -> Answer:
    """What a command answers."""
    if isinstance(form, str):
        return Answer(stdout=reader.text(form))
    said = [word for word in ("stdout", "file") if getattr(form, word) is not None]
    problem = "`stdout` and `file` are the same thing twice" if len(said) > 1 else ""
    if form.fails and (said or form.stderr or form.exit):
        problem = "a command that fails so gives no output and no exit code"
    if form.process and not form.fails:
        problem = "`process` goes with `fails`"
    if problem:
        reader.diagnostics.error(reader.document.span(path), problem, "Leave one of them out.")
    stdout = reader.file(form.file, (*path, "file")) if form.file else reader.text(form.stdout or "")
    return Answer(
        stdout=stdout,
        stderr=reader.text(form.stderr),
        exit_code=form.exit,
        fails=form.fails or "",
        process_dead=_DEAD[form.process],
    )


def _each(forms: Mapping[str, A] | None, make: Callable[[A], B]) -> Mapping[str, B] | None:
    """None stays None: not simulated."""
    return None if forms is None else MappingProxyType({name: make(form) for name, form in forms.items()})


def _service(form: str | ServiceForm | None) -> GivenService | None:
    if form is None:
        return None
    if isinstance(form, str):
        return GivenService(state=form)
    return GivenService(
        state=form.state,
        start=form.start,
        account=form.account,
        needs=None if form.needs is None else tuple(form.needs),
        exit_code=form.exit_code,
        stoppable=form.stoppable,
        shared=form.shared,
    )


def _unit(form: str | UnitForm | None) -> GivenUnit | None:
    if form is None:
        return None
    if isinstance(form, str):
        return GivenUnit(state=form)
    return GivenUnit(
        state=form.state,
        enabled=form.enabled,
        result=form.result,
        required_by=None if form.required_by is None else tuple(form.required_by),
    )


def _file(form: str | FileForm | None) -> GivenFile | None:
    if form is None:
        return None
    if isinstance(form, str):
        return GivenFile(content=form.encode())
    return GivenFile(content=form.content.encode(), mode=form.mode, owner=form.owner, group=form.group)


def _mount(form: MountForm | None) -> GivenMount | None:
    if form is None:
        return None
    users = (found for found in map(_user, form.users.items()) if found is not None)
    return GivenMount(
        source=form.source,
        fstype=form.fstype,
        options=form.options,
        propagation=form.propagation,
        uuid=form.uuid,
        root=form.root,
        users=MappingProxyType({pid: (user, program) for pid, user, program in users}),
    )


def _user(entry: tuple[str, str]) -> tuple[int, str, str] | None:
    """PID, user and program of an entry of ``users``; None if it is none."""
    pid, words = entry[0], entry[1].split()
    return (int(pid), words[0], words[1]) if re.fullmatch("[0-9]+", pid) and len(words) == len(("u", "p")) else None


def _registry(
    forms: Mapping[str, Mapping[str, RegistryForm | None] | None] | None, path: Path, reader: Reader
) -> Mapping[str, Mapping[str, RegistryData | None] | None] | None:
    for key in forms or {}:
        if not key.upper().startswith(("HKLM\\", "HKEY_LOCAL_MACHINE\\")) or key.endswith("\\"):
            span = reader.document.span((*path, key), key=True)
            reader.diagnostics.error(span, f"`{key}` is no key below HKLM", "Write it like HKLM\\SOFTWARE\\Microsoft.")
    return _each(forms, _values)


def _values(forms: Mapping[str, RegistryForm | None] | None) -> Mapping[str, RegistryData | None] | None:
    return _each(forms, lambda form: (form.type, form.data) if form else None)


def _mounts(
    forms: Mapping[str, MountForm | None] | None, path: Path, reader: Reader
) -> Mapping[str, GivenMount | None] | None:
    for target, form in (forms or {}).items():
        for pid, words in form.users.items() if form else ():
            if _user((pid, words)) is None:
                span = reader.document.span((*path, target, "users", pid), key=True)
                reader.diagnostics.error(span, f"`{pid}: {words}` is no process", 'Write it like "812": postgres psql.')
    return _each(forms, _mount)
