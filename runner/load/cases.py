"""The text of a case file to ``Case`` values, with every problem of it reported at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from runner.diagnostics import Diagnostics
from runner.errors import ExpressionError
from runner.load.cases_end import given_end
from runner.load.cases_form import STATUSES, CaseForm, CasesForm, ChangeForm, ExpectForm, MachineForm, TargetForm
from runner.load.cases_machine import Reader, given, given_answer
from runner.load.document import Document, read
from runner.load.params import SOURCE, resolve_params
from runner.load.shape import validate
from runner.load.tree import Path
from runner.load.wording import nearest
from runner.model.case import Case, Change, Expected
from runner.model.event import Applied
from runner.model.inventory import Platform, Target, TransportKind
from runner.model.playbook import Playbook
from runner.plan.entries import moment

_OBSERVATION = re.compile(r"([a-z][a-z0-9_]*)(\[.*\])?", re.DOTALL)
_ACTION = re.compile(r"([a-z][a-z0-9-]*)/([a-z][a-z0-9-]*)(\[.*\])?", re.DOTALL)


def load_cases(
    text: str, source: str, playbook: Playbook, diagnostics: Diagnostics, read_file: Callable[[str], bytes | None]
) -> tuple[Case, ...]:
    """The cases of a playbook; none if anything is wrong with them, for reasons that are in ``diagnostics``.

    ``read_file`` gives a file of the folder beside, None if it cannot be read.
    """
    before = len(diagnostics.errors)
    document = read(text, source, diagnostics)
    form = None if document is None else validate(document, CasesForm, diagnostics)
    if document is None or form is None:
        return ()
    loader = _Loader(document, playbook, diagnostics, read_file)
    cases = loader.cases(form)
    return cases if len(diagnostics.errors) == before else ()


class _Loader:
    """Forms to values, each with its place in the document, and names held against the playbook."""

    def __init__(
        self,
        document: Document,
        playbook: Playbook,
        diagnostics: Diagnostics,
        read_file: Callable[[str], bytes | None],
    ) -> None:
        self._document = document
        self._playbook = playbook
        self._diagnostics = diagnostics
        self._read_file = read_file

    def cases(self, form: CasesForm) -> tuple[Case, ...]:
        if form.cases_of != self._playbook.id:
            remedy = f"Beside {self._playbook.origin} it has to be `cases_of: {self._playbook.id}`."
            self._error(("cases_of",), f"these are cases of `{form.cases_of}`, not of `{self._playbook.id}`", remedy)
        self._names(form.usual, ("usual",))
        seen: set[str] = set()
        for number, case in enumerate(form.cases):
            if case.name in seen:
                self._error(("cases", number, "name"), "another case has this name already", "Give it one of its own.")
            seen.add(case.name)
        return tuple(self._case(case, form, ("cases", number)) for number, case in enumerate(form.cases))

    def _case(self, form: CaseForm, all_of_it: CasesForm, path: Path) -> Case:
        usual = all_of_it.usual
        self._names(form, path)
        platform = self._platform(form.target, usual.target, path)
        reader = Reader(self._document, self._diagnostics, self._read_file, platform)
        machines = [usual, form, *(change.then for change in (*usual.when, *form.when))]
        machines += [form.since_plan] if form.since_plan is not None else []
        return Case(
            name=form.name,
            span=self._document.span((*path, "name")),
            target=_target(form.target, usual.target, platform),
            params=self._params({**usual.params, **form.params}, path),
            machine=(given(usual, ("usual",), reader), given(form, path, reader)),
            changes=(
                *self._changes(form.when, (*path, "when"), reader),
                *self._changes(usual.when, ("usual", "when"), reader),
            ),
            own_changes=len(form.when),
            since_plan=None if form.since_plan is None else given(form.since_plan, (*path, "since_plan"), reader),
            approve=None if form.approve == "all" else self._remedies(form.approve, (*path, "approve")),
            acknowledge=tuple(self._acknowledged(form.acknowledge, (*path, "acknowledge"))),
            applied=self._applied(form, path),
            backup_failed_at=self._time(form.backup_failed_at, (*path, "backup_failed_at")),
            expect=self._expected(form.expect, (*path, "expect"), reader, machines),
        )

    def _platform(self, form: TargetForm, usual: TargetForm, path: Path) -> Platform:
        said, own = form.platform or usual.platform, self._playbook.platform
        if said and own and said is not own:
            place = (*path, "target", "platform") if form.platform else ("usual", "target", "platform")
            self._error(place, f"the playbook is for {own.value}, not for {said.value}")
        if not said and not own:
            self._error(path, "the playbook is for any platform", "Say `target: {platform: linux}` or windows.")
        return own or said or Platform.LINUX

    def _changes(self, forms: Sequence[ChangeForm], path: Path, reader: Reader) -> tuple[Change, ...]:
        return tuple(
            Change(
                sent=tuple([form.sent] if isinstance(form.sent, str) else form.sent),
                answer=None if form.answer is None else given_answer(form.answer, (*path, number, "answer"), reader),
                after=form.after,
                once=form.once,
                then=given(form.then, (*path, number, "then"), reader),
                span=self._document.span((*path, number)),
            )
            for number, form in enumerate(forms)
        )

    def _expected(self, form: ExpectForm, path: Path, reader: Reader, machines: Sequence[MachineForm]) -> Expected:
        for key in form.plan:
            self._action(key, (*path, "plan", key))
        if form.remedies is not None:
            self._remedies(form.remedies, (*path, "remedies"))
        return Expected(
            status=STATUSES[form.status],
            sent=tuple(form.sent),
            remedies=None if form.remedies is None else tuple(form.remedies),
            plan=MappingProxyType(dict(form.plan)),
            says=tuple(form.says),
            remarks=None if form.remarks is None else tuple(form.remarks),
            end=given_end(form, path, reader, machines),
        )

    # --- Names of the playbook ---

    def _names(self, form: MachineForm | CaseForm, path: Path) -> None:
        """Every answer that looks like an observation's must be one's."""
        self._answered(form.answers, (*path, "answers"))
        for number, change in enumerate(getattr(form, "when", ())):
            self._answered(change.then.answers, (*path, "when", number, "then", "answers"))
        since = getattr(form, "since_plan", None)
        if since is not None:
            self._answered(since.answers, (*path, "since_plan", "answers"))

    def _answered(self, keys: Iterable[str], path: Path) -> None:
        known = {observation.name for observation in self._playbook.observe if observation.would is None}
        asking = {observation.name for observation in self._playbook.observe} - known
        for key in keys:
            name = _OBSERVATION.fullmatch(key)
            if name is None or name[1] in known:
                continue
            if name[1] in asking:
                message = f"the observation `{name[1]}` asks what a step would do, and sends that step's commands"
                self._at_key((*path, key), message, "Answer those, or give `services`, `mounts` and the like.")
            elif hint := nearest(name[1], known):
                self._at_key((*path, key), f"no observation is called `{name[1]}`", f"Did you mean `{hint}`?")

    def _remedies(self, ids: Sequence[str], path: Path) -> tuple[str, ...]:
        for number, each in enumerate(ids):
            self._remedy(each, (*path, number))
        return tuple(ids)

    def _remedy(self, name: str, path: Path) -> bool:
        known = [remedy.id for remedy in self._playbook.remedies]
        if name in known:
            return True
        hint = nearest(name, known)
        remedy = f"Did you mean `{hint}`?" if hint else f"Remedies: {', '.join(known)}."
        self._error(path, f"`{self._playbook.id}` has no remedy `{name}`", remedy)
        return False

    def _action(self, key: str, path: Path) -> None:
        parts = _ACTION.fullmatch(key)
        if parts is None:
            self._at_key(path, f"`{key}` names no step", "Write REMEDY/STEP, or REMEDY/STEP[ITEM] for a loop.")
        elif self._remedy(parts[1], path):
            self._step(parts[1], parts[2], path)

    def _step(self, remedy: str, step: str, path: Path) -> None:
        known = [one.id for rung in self._playbook.remedies if rung.id == remedy for one in rung.steps]
        if step not in known:
            self._at_key(path, f"remedy `{remedy}` has no step `{step}`", f"Steps: {', '.join(known) or 'none'}.")

    def _acknowledged(self, words: Sequence[str], path: Path) -> Iterable[str]:
        for number, word in enumerate(words):
            remedy, slash, step = word.partition("/")
            if self._remedy(remedy, (*path, number)) and slash:
                self._step(remedy, step, (*path, number))
            yield f"{self._playbook.id}/{word}"

    # --- The rest ---

    def _params(self, texts: Mapping[str, object], path: Path) -> Mapping[str, object]:
        own = Diagnostics()
        found = resolve_params([self._playbook], {name: _as_typed(value) for name, value in texts.items()}, own)
        for problem in own.errors:
            name = problem.span.file.removeprefix(f"{SOURCE} ")
            known = self._document.node((*path, "params", name)) is not None
            self._error((*path, "params", name) if known else path, problem.message, problem.remedy)
        return found[self._playbook.id]

    def _applied(self, form: CaseForm, path: Path) -> Applied | None:
        if form.applied is None:
            return None
        self._remedy(form.applied.remedy, (*path, "applied", "remedy"))
        at = self._time(form.applied.at, (*path, "applied", "at"))
        return Applied(remedy=form.applied.remedy, at=at, run="earlier")

    def _time(self, text: str, path: Path) -> str:
        try:
            moment(text)
        except ExpressionError as problem:
            self._error(path, problem.message, problem.remedy)
        return text

    def _error(self, path: Path, message: str, remedy: str = "") -> None:
        self._diagnostics.error(self._document.span(path), message, remedy)

    def _at_key(self, path: Path, message: str, remedy: str) -> None:
        self._diagnostics.error(self._document.span(path, key=True), message, remedy)


def _as_typed(value: object) -> str:
    """A parameter as it would stand on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def _target(form: TargetForm, usual: TargetForm, platform: Platform) -> Target:
    return Target(
        name="machine",
        address="192.0.2.1",
        transport=TransportKind.FAKE,
        platform=platform,
        groups=tuple(form.groups or usual.groups),
        vars=MappingProxyType({**usual.vars, **form.vars}),
        azure_id=form.azure_id or usual.azure_id,
    )
