"""Rungs that no failure leads to, and conditions that are always or never true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.expressions import names_used
from runner.expressions.logic import constant, satisfiable
from runner.lint.book import Book
from runner.lint.finding import Finding, error, warning
from runner.model.playbook import Expression, Remedy

UNREACHABLE_RUNG = error(
    "unreachable-rung", "A remedy can never be tried: the ladder ends before it, or its `when` fails."
)
CONSTANT_CONDITION = warning("constant-condition", "A condition depends on nothing, so it is always or never true.")
CONSTANT_HEALTHY = error("constant-healthy", "`healthy` is the same on every target, whatever is wrong there.")
LATE_LIMIT = warning(
    "late-limit", "`requires` judges a parameter: a healthy target is not asked, so a senseless value goes unnoticed."
)

RULES = (UNREACHABLE_RUNG, CONSTANT_CONDITION, CONSTANT_HEALTHY, LATE_LIMIT)


def find(book: Book) -> Iterator[Finding]:
    """Conditions first, then the ladder."""
    yield from _constants(book)
    yield from _late_limits(book)
    yield from _rungs(book)


def _constants(book: Book) -> Iterator[Finding]:
    """A remark must have a `when`, so one that is always to be said has to say so."""
    playbook = book.playbook
    conditions: list[tuple[str, Expression | None]] = [
        *((f"observe.{o.name}", o.when) for o in playbook.observe),
        *((f"requires.{n + 1}", r.that) for n, r in enumerate(playbook.requires)),
        *((f"remarks.{n + 1}", r.when) for n, r in enumerate(playbook.remarks)),
        *((f"remedies.{r.id}", r.when) for r in playbook.remedies),
        *((placed.on, placed.step.when) for placed in book.steps),
    ]
    for on, expression in conditions:
        truth = None if expression is None else constant(expression.text)
        if expression is not None and truth is not None and not (truth and on.startswith("remarks.")):
            message = f"`{expression.text}` is {'always' if truth else 'never'} true"
            advice = "Leave the condition out." if truth else "Remove what it is the condition of, or mend it."
            yield Finding(CONSTANT_CONDITION, on, expression.span, message, advice)
    if playbook.healthy is not None and constant(playbook.healthy.text) is not None:
        message = "`healthy` depends on nothing that is observed"
        advice = "Say by the facts when the fault is gone. If the guest cannot tell, leave `healthy` out."
        yield Finding(CONSTANT_HEALTHY, "healthy", playbook.healthy.span, message, advice)


def _late_limits(book: Book) -> Iterator[Finding]:
    """A requirement that depends on parameters alone is the same for every target, and should be asked before any."""
    parameters = {parameter.name for parameter in book.playbook.params}
    defined = {definition.name for definition in book.playbook.define}
    for number, requirement in enumerate(book.playbook.requires):
        given = book.depends(names_used(requirement.that.text)) - defined
        if given and given <= parameters:
            message = f"`{requirement.that.text}` judges parameters, and is asked only of targets that are not healthy"
            advice = (
                "Limit the parameter itself (`at_least`, `at_most`, `matches`, `choices`): then nothing is looked at."
            )
            yield Finding(LATE_LIMIT, f"requires.{number + 1}", requirement.that.span, message, advice)


def _rungs(book: Book) -> Iterator[Finding]:
    """Each rung is looked at when the guest shows the fault, and every rung for a person before it did not apply.

    A rung with steps changes what is seen, so what did not apply before it may apply after it; the same holds for
    ``requires``, which is asked once, before the first rung.
    """
    playbook = book.playbook
    definitions = {definition.name: definition.value.text for definition in playbook.define}
    faulty = [] if playbook.healthy is None else [(playbook.healthy.text, False)]
    start = [(requirement.that.text, True) for requirement in playbook.requires]
    passed: list[tuple[str, bool]] = []
    ends: Remedy | None = None
    for remedy in playbook.remedies:
        if ends is not None:
            yield _finding(
                remedy, f"`{ends.id}` before it is for a person and always applies, so the ladder ends there"
            )
        elif remedy.when is not None and not satisfiable(
            [*faulty, *start, *passed, (remedy.when.text, True)], definitions
        ):
            yield _finding(remedy, _why(remedy.when, faulty, start, definitions))
        if remedy.steps:
            start, passed = [], []
        elif remedy.when is None:
            ends = ends or remedy
        else:
            passed.append((remedy.when.text, False))


def _why(
    when: Expression, faulty: list[tuple[str, bool]], start: list[tuple[str, bool]], definitions: Mapping[str, str]
) -> str:
    for others, reason in (
        ([], "its `when` contradicts itself"),
        (faulty, "its `when` only holds where the target is `healthy`"),
        (start, "its `when` contradicts `requires`"),
    ):
        if not satisfiable([*others, (when.text, True)], definitions):
            return reason
    return "its `when` contradicts `healthy`, `requires` and the remedies before it, taken together"


def _finding(remedy: Remedy, why: str) -> Finding:
    span = remedy.when.span if remedy.when is not None and not why.startswith("`") else remedy.span
    message = f"remedy `{remedy.id}` is never tried: {why}"
    return Finding(
        UNREACHABLE_RUNG, f"remedies.{remedy.id}", span, message, "Remove it, or change the order or the conditions."
    )
