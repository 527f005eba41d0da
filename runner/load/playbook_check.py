"""What a form cannot say: names that must exist, commands that must only read, rungs that must be able to end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from runner.diagnostics import Diagnostics, Span
from runner.expressions import BUILT_IN, attributes_of, is_template, names_used, syntax_error
from runner.load.document import Document
from runner.load.params import misfit, wrong_limits
from runner.load.remainder import NOTHING_LOST, Lost
from runner.load.tree import Path
from runner.load.wording import nearest
from runner.model.command import Command, Dialect
from runner.model.inventory import Platform
from runner.model.playbook import (
    Definition,
    Doubt,
    Expression,
    Observation,
    OnFailure,
    Parameter,
    Playbook,
    Remedy,
    Step,
)
from runner.parsers import PARSERS
from runner.plan.actions import RESULTS
from runner.plan.facts import FIRST, ready
from runner.shells.readonly import why_not_read_only
from runner.steps import STEP_TYPES
from runner.steps.rendering import expressions_in, templates_in

TARGET = "target"


def check(playbook: Playbook, document: Document, diagnostics: Diagnostics, lost: Lost = NOTHING_LOST) -> None:
    """Report everything that is wrong with a well-formed playbook; what was ``lost`` on the way is taken as sound."""
    _Check(playbook, document, diagnostics, lost).all()


class _Check:
    """One pass over one playbook, in the order in which its names come into being."""

    def __init__(self, playbook: Playbook, document: Document, diagnostics: Diagnostics, lost: Lost) -> None:
        self._playbook = playbook
        self._document = document
        self._lost = lost
        self._error = diagnostics.error
        self._names: set[str] = {TARGET, *playbook.data, *lost.names}
        self._defined: list[Definition] = []

    def all(self) -> None:
        playbook = self._playbook
        for parameter in playbook.params:
            self._new_name(parameter.name, parameter.span)
            self._parameter(parameter)
        for observation in playbook.observe:
            self._observation(observation)
            self._new_name(observation.name, observation.span)
            self._define()
        self._names.add(FIRST)
        for definition in playbook.define:
            if definition not in self._defined:
                self._expression(definition.value)
                self._new_name(definition.name, definition.value.span)
        for expression in (
            *(r.that for r in playbook.requires),
            playbook.last_failure,
            playbook.last_success,
            playbook.healthy,
            playbook.keeps,
        ):
            self._expression(expression)
        self._texts()
        self._distinct((remedy.id, remedy.span) for remedy in playbook.remedies)
        for number, remedy in enumerate(playbook.remedies):
            self._remedy(remedy, ("remedies", number))

    def _define(self) -> None:
        """Definitions become known as soon as the facts that they need are, as they do when observing."""
        sound = [d for d in self._playbook.define if not syntax_error(d.value.text) and not is_template(d.value.text)]
        for definition in ready(sound, self._names):
            if definition not in self._defined:
                self._defined.append(definition)
                self._new_name(definition.name, definition.value.span)

    def _new_name(self, name: str, span: Span) -> None:
        if name in self._names or name in {"item", FIRST, RESULTS}:
            self._error(span, f"the name `{name}` is already taken", "Choose another name.")
        self._names.add(name)

    def _distinct(self, ids: Iterable[tuple[str, Span]]) -> None:
        seen: Counter[str] = Counter()
        for name, span in ids:
            seen[name] += 1
            if seen[name] > 1:
                self._error(span, f"the id `{name}` is used twice", "Ids are what approvals and reports refer to.")

    def _parameter(self, parameter: Parameter) -> None:
        if parameter.default is None and not parameter.required:
            self._error(parameter.span, f"parameter `{parameter.name}` has an empty default", "Leave `default` out.")
        wrong = wrong_limits(parameter)
        if wrong:
            self._error(parameter.span, f"parameter `{parameter.name}`: {wrong}")
        elif parameter.default is not None:
            problem = misfit(parameter, parameter.default)
            if problem:
                self._error(parameter.span, f"the default of `{parameter.name}` {problem}")

    def _observation(self, observation: Observation) -> None:
        where = observation.span
        path: Path = ("observe", observation.name)
        self._expression(observation.when)
        self._expression(observation.for_each)
        names = {"item"} if observation.for_each else set()
        for number, text in enumerate(observation.argv):
            self._template(
                text, self._document.span((*path, "args" if observation.script else "command", number)), names
            )
        if observation.would is not None:
            self._one_type(observation.name, (*path, "would"), where)
            self._arguments(observation.would, (*path, "would"), names)
        if is_template(observation.script):
            self._no_splicing(self._document.span((*path, "shell")))
        if observation.parse not in PARSERS:
            hint = nearest(observation.parse, PARSERS) or ""
            remedy = f"Did you mean `{hint}`?" if hint else f"Parsers: {', '.join(PARSERS)}."
            self._error(self._document.span((*path, "parse")), f"there is no parser `{observation.parse}`", remedy)
        ways = [way for way in ("command", "shell", "would") if way in self._keys(path)]
        if len(ways) != 1:
            self._error(where, f"observation `{observation.name}` needs exactly one of `command`, `shell` and `would`")
        elif observation.would is None and not observation.why_read_only:
            self._read_only(observation)

    def _keys(self, path: Path) -> frozenset[str]:
        node = self._document.node(path)
        return frozenset(getattr(node, "keys", ()))

    def _read_only(self, observation: Observation) -> None:
        dialect = Dialect.SH if observation.script else Dialect.ARGV
        why = why_not_read_only(Command(dialect=dialect, argv=observation.argv, script=observation.script))
        if why:
            remedy = "If it changes nothing, say why in `why_read_only:`; dry runs will execute it."
            self._error(observation.span, f"observation `{observation.name}` may change something: {why}", remedy)

    def _no_splicing(self, span: Span) -> None:
        remedy = 'Put the value in `args:` and use it as "$1" in the script: text is never spliced into a command.'
        self._error(span, "a script cannot hold a template", remedy)

    def _expression(self, expression: Expression | None, more: AbstractSet[str] = frozenset()) -> None:
        if expression is not None:
            self._text(expression.text, expression.span, more, template=False)

    def _texts(self) -> None:
        """What is said of a target as a whole."""
        for requirement in self._playbook.requires:
            self._template(requirement.otherwise, requirement.span, set())
        for remark in self._playbook.remarks:
            self._expression(remark.when)
            self._template(remark.say, remark.span, set())

    def _template(self, text: str, span: Span, more: AbstractSet[str]) -> None:
        if is_template(text):
            self._text(text, span, more, template=True)

    def _text(self, text: str, span: Span, more: AbstractSet[str], *, template: bool) -> None:
        if not template and is_template(text):
            self._error(span, "this is an expression, not a template", "Leave the {{ }} out.")
            return
        problem = syntax_error(text, template=template)
        if problem:
            self._error(span, f"`{text}`: {problem}", "See the Jinja2 documentation on expressions.")
            return
        known = self._names | more
        for name in sorted(names_used(text, template=template) - known - BUILT_IN):
            hint = nearest(name, known)
            remedy = f"Did you mean `{hint}`?" if hint else f"Known here: {', '.join(sorted(known))}."
            self._error(span, f"nothing is called `{name}` here", remedy)

    def _remedy(self, remedy: Remedy, path: Path) -> None:
        self._expression(remedy.when)
        self._template(remedy.manual, self._document.span((*path, "manual")), set())
        if bool(remedy.steps) == bool(remedy.manual):
            self._error(remedy.span, f"remedy `{remedy.id}` needs either `steps` or `manual`")
        if remedy.on_failure is OnFailure.UNDO:
            span = self._document.span((*path, "on_failure"))
            self._error(span, "`undo` is not available in this version", "Use `stop` (the default) or `next`.")
        provable = self._playbook.healthy is not None or "healthy" in self._lost.keys
        if remedy.steps and not remedy.proves_next_backup and not provable:
            advice = "Say when the target is `healthy`, or say `proves: next-backup`."
            self._error(remedy.span, f"nothing would prove that `{remedy.id}` helped", advice)
        for key in ("within", "every", "stays"):
            self._template(getattr(remedy.verify, key), self._document.span((*path, "verify", key)), set())
        self._distinct((step.id, step.span) for step in remedy.steps)
        before = list(self._lost.steps)
        for number, step in enumerate(remedy.steps):
            self._step(step, remedy, (*path, "steps", number), before)
            before.append(step.id)

    def _step(self, step: Step, remedy: Remedy, path: Path, before: list[str]) -> None:
        if not self._one_type(step.id, path, step.span):
            return
        if step.doubt is Doubt.RETRY:
            message = "`retry` is not available in this version"
            self._error(self._document.span((*path, "doubt")), message, "Use `probe` (the default) or `hold`.")
        item = {"item"} if step.for_each else set()
        self._expression(step.for_each)
        self._expression(step.when, item | {RESULTS})
        self._results(step, before)
        self._arguments((step.type, step.args), path, item)
        kind = STEP_TYPES[step.type]
        platforms = [self._playbook.platform] if self._playbook.platform else list(Platform)
        for platform in platforms:
            if platform not in kind.platforms:
                self._error(step.span, f"`{step.type}` cannot be used on {platform.value}")
                continue
            problem, _, advice = kind.on(platform).refuses(step.args).partition("\n")
            if problem:
                self._error(self._document.span((*path, step.type)), f"on {platform.value}: {problem}", advice)
        if kind.least_risk is not None and kind.least_risk not in remedy.risk:
            message = f"step `{step.id}` is a risk that remedy `{remedy.id}` does not name"
            self._error(remedy.span, message, f"Add `{kind.least_risk.value}` to its `risk`.")

    def _results(self, step: Step, before: list[str]) -> None:
        """``steps.ID`` in a condition must name an earlier step, or it would never be known."""
        if step.when is None or syntax_error(step.when.text):
            return
        for name in attributes_of(RESULTS, step.when.text):
            if name not in before:
                self._error(
                    step.when.span,
                    f"there is no step `{name}` before `{step.id}`",
                    f"Earlier steps: {', '.join(before) or 'none'}.",
                )

    def _one_type(self, name: str, path: Path, span: Span) -> bool:
        given = [kind for kind in STEP_TYPES if kind in self._keys(path)]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "has none"
            message = f"`{name}` needs exactly one step type, and {found}"
            self._error(span, message, f"Step types: {', '.join(STEP_TYPES)}.")
        return len(given) == 1

    def _arguments(self, kind: tuple[str, Mapping[str, object]], path: Path, item: AbstractSet[str]) -> None:
        """Every template and expression in the arguments of a step type, which stand under its name."""
        name, args = kind
        if name not in STEP_TYPES:
            return
        for where, text in templates_in(STEP_TYPES[name], args):
            self._text(text, self._document.span((*path, name, *where)), item, template=True)
        for where, text, marker in expressions_in(STEP_TYPES[name], args):
            names = set(marker.own) | (item if marker.outer else set())
            self._text(text, self._document.span((*path, name, *where)), names, template=False)
