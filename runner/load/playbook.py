"""A playbook's text to a ``Playbook``, with every problem of it reported at its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner import codec
from runner.diagnostics import Diagnostics
from runner.load.document import Document, read
from runner.load.playbook_check import check
from runner.load.playbook_form import (
    ObservationForm,
    ParameterForm,
    PlaybookForm,
    RemarkForm,
    RemedyForm,
    StepCommon,
    playbook_form,
)
from runner.load.remainder import remainder
from runner.load.shape import validate
from runner.load.tree import Path, data_of
from runner.model.inventory import Platform
from runner.model.playbook import (
    Acceptance,
    Definition,
    Expression,
    Observation,
    Parameter,
    Playbook,
    Remark,
    Remedy,
    Requirement,
    Step,
    Verification,
)
from runner.steps import STEP_TYPES


def load_playbook(
    text: str,
    source: str,
    diagnostics: Diagnostics,
    *,
    data: Mapping[str, object] = MappingProxyType({}),
) -> Playbook | None:
    """Read, validate and check a playbook. None if anything is wrong with it; the reasons are in ``diagnostics``.

    ``data`` are the shipped tables that its expressions may use, by name.
    """
    before = len(diagnostics.errors)
    document = read(text, source, diagnostics)
    if document is None:
        return None
    form = validate(document, playbook_form(), diagnostics)
    if form is None:
        _check_the_rest(document, data, diagnostics)
        return None
    digest = hashlib.sha256(
        text.encode("utf-8", "surrogatepass") + (codec.canonical(data) if data else b"")
    ).hexdigest()
    playbook = _Builder(document).playbook(form, digest, data)
    check(playbook, document, diagnostics)
    return playbook if len(diagnostics.errors) == before else None


def _check_the_rest(document: Document, data: Mapping[str, object], diagnostics: Diagnostics) -> None:
    """Complain also of what fits the form, as far as it makes sense without what does not."""
    left = remainder(document)
    if left is not None:
        rest, form, lost = left
        check(_Builder(rest).playbook(form, "", data), rest, diagnostics, lost)


class _Builder:
    """Forms to model values, each with its place in the document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def playbook(self, form: PlaybookForm, digest: str, data: Mapping[str, object]) -> Playbook:
        return Playbook(
            id=form.playbook,
            title=form.title,
            platform=form.platform if isinstance(form.platform, Platform) else None,
            solves=tuple(form.solves),
            aliases=tuple(str(alias) for alias in form.aliases),
            source=form.source,
            notes=form.notes,
            params=tuple(self._parameter(name, item) for name, item in form.params.items()),
            observe=tuple(self._observation(name, item) for name, item in form.observe.items()),
            define=tuple(
                Definition(name=name, value=self._certain(text, ("define", name))) for name, text in form.define.items()
            ),
            requires=tuple(
                Requirement(
                    that=self._certain(item.that, ("requires", number, "that")),
                    otherwise=item.otherwise,
                    span=self._document.span(("requires", number)),
                )
                for number, item in enumerate(form.requires)
            ),
            remarks=tuple(self._remark(item, ("remarks", number)) for number, item in enumerate(form.remarks)),
            last_failure=self._expression(form.last_failure, ("last_failure",)),
            last_success=self._expression(form.last_success, ("last_success",)),
            healthy=self._expression(form.healthy, ("healthy",)),
            keeps=self._expression(form.keeps, ("keeps",)),
            remedies=tuple(self._remedy(item, ("remedies", number)) for number, item in enumerate(form.remedies)),
            digest=digest,
            origin=self._document.source,
            data=data,
            accepts=tuple(
                Acceptance(
                    finding=item.finding, at=item.at, why=item.why, span=self._document.span(("accepts", number))
                )
                for number, item in enumerate(form.accepts)
            ),
            span=self._document.span(("playbook",)),
        )

    def _certain(self, text: str, path: Path) -> Expression:
        return Expression(text=text, span=self._document.span(path))

    def _expression(self, text: str | None, path: Path) -> Expression | None:
        return None if text is None else self._certain(text, path)

    def _parameter(self, name: str, form: ParameterForm) -> Parameter:
        path: Path = ("params", name)
        default = tuple(form.default) if isinstance(form.default, list) else form.default
        return Parameter(
            name=name,
            type=form.type,
            default=default,
            required="default" not in form.model_fields_set,
            choices=tuple(form.choices),
            at_least=form.at_least,
            at_most=form.at_most,
            matches=form.matches,
            help=form.help,
            span=self._document.span(path, key=True),
        )

    def _remark(self, form: RemarkForm, path: Path) -> Remark:
        when = self._certain(form.when, (*path, "when"))
        return Remark(when=when, say=form.say, span=self._document.span((*path, "say")))

    def _observation(self, name: str, form: ObservationForm) -> Observation:
        path: Path = ("observe", name)
        return Observation(
            name=name,
            argv=tuple(form.args if form.command is None else form.command),
            script=form.shell or "",
            parse=form.parse,
            ok_exit=tuple(form.ok_exit),
            at_most=form.at_most,
            elevated=form.elevated,
            for_each=self._expression(form.for_each, (*path, "for_each")),
            when=self._expression(form.when, (*path, "when")),
            why_read_only=form.why_read_only,
            would=self._kind((*path, "would")) if form.would is not None else None,
            span=self._document.span(path, key=True),
        )

    def _kind(self, path: Path) -> tuple[str, Mapping[str, object]]:
        """The first step type named there, with its raw arguments; ``check`` complains if there is not exactly one."""
        node = self._document.node(path)
        given = data_of(node) if node is not None else None
        if isinstance(given, dict):
            for kind in STEP_TYPES:
                if isinstance(given.get(kind), dict):
                    return kind, MappingProxyType(given[kind])
        return "", MappingProxyType({})

    def _remedy(self, form: RemedyForm, path: Path) -> Remedy:
        steps: Sequence[StepCommon] = form.steps or ()
        return Remedy(
            id=form.id,
            title=form.title or form.id,
            risk=frozenset(form.risk),
            approval=form.approval,
            takes=form.takes,
            when=self._expression(form.when, (*path, "when")),
            steps=tuple(self._step(step, (*path, "steps", number)) for number, step in enumerate(steps)),
            manual=form.manual or "",
            verify=Verification(within=form.verify.within, every=form.verify.every, stays=form.verify.stays),
            proves_next_backup=form.proves is not None,
            on_failure=form.on_failure,
            span=self._document.span((*path, "id")),
        )

    def _step(self, form: StepCommon, path: Path) -> Step:
        kind, args = self._kind(path)
        return Step(
            id=form.id,
            title=form.title,
            type=kind,
            args=args,
            when=self._expression(form.when, (*path, "when")),
            for_each=self._expression(form.for_each, (*path, "for_each")),
            always=form.always,
            at_most=form.at_most,
            at_deadline=form.at_deadline,
            doubt=form.doubt,
            span=self._document.span((*path, "id")),
        )
