"""Whether it can be seen that something was needed, and that it helped."""

from __future__ import annotations

from collections.abc import Iterator

from runner.lint.book import CHANGES, Book, seconds
from runner.lint.finding import Finding, warning
from runner.lint.resources import changed_by, read_by, restarts
from runner.model.fields import format_duration
from runner.model.playbook import Remedy

CHANGE_WITHOUT_CHECK = warning(
    "change-without-check", "A command is run without a `check`: nobody can see whether it is needed, or helped."
)
HEALTHY_UNMOVED = warning("healthy-unmoved", "`healthy` looks at nothing that the steps of a remedy change.")
PROOF_UNUSED = warning(
    "proof-unused", "`proves: next-backup`, but `healthy` looks at the very thing that the remedy changes."
)
VERIFY_TOO_SHORT = warning("verify-too-short", "`verify.within` is shorter than `verify.every`.")
VERIFY_AT_ONCE = warning("verify-at-once", "Services restart, and `verify` gives them no time before the proof.")

RULES = (CHANGE_WITHOUT_CHECK, HEALTHY_UNMOVED, PROOF_UNUSED, VERIFY_TOO_SHORT, VERIFY_AT_ONCE)


def find(book: Book) -> Iterator[Finding]:
    """The steps first, then the proof of each remedy."""
    for placed in book.steps:
        if placed.step.type in CHANGES and not placed.check:
            message = f"step `{placed.step.id}` runs a command without a `check`"
            advice = "Give a `check`: a read-only command that passes when the step is not needed (any more)."
            span = book.document.span((*placed.path, placed.step.type), key=True)
            yield Finding(CHANGE_WITHOUT_CHECK, placed.on, span, message, advice)
    for number, remedy in enumerate(book.playbook.remedies):
        if remedy.steps:
            yield from _of_remedy(book, remedy, number)


def _of_remedy(book: Book, remedy: Remedy, number: int) -> Iterator[Finding]:
    on = f"remedies.{remedy.id}"
    changed = [changed_by(placed.step) for placed in book.steps if placed.remedy is remedy]
    read = [read_by(o) for o in book.playbook.observe if o.name in book.decided_by]
    if remedy.proves_next_backup:
        common = _both(changed, read)
        if common:
            message = f"`proves: next-backup`, but `healthy` looks at what the remedy changes: {common}"
            advice = "Leave `proves` out, so that the target can end as fixed; or accept this and say why."
            yield Finding(PROOF_UNUSED, on, book.document.span(("remedies", number, "proves")), message, advice)
        return
    if _unmoved(changed, read):
        message = f"`healthy` looks at nothing that `{remedy.id}` changes, so it will be as unhealthy as before"
        advice = "Have `healthy` look at it, or say `proves: next-backup`."
        yield Finding(HEALTHY_UNMOVED, on, remedy.span, message, advice)
    seen_to = all(things is not None and things <= {t for more in changed for t in more or ()} for things in read)
    yield from _verification(book, remedy, number, seen_to=seen_to)


def _both(changed: list[frozenset[str] | None], read: list[frozenset[str] | None]) -> str:
    """What surely is changed, and surely is looked at; empty if there is nothing of the kind."""
    common = {thing for things in changed for thing in things or ()} & {t for things in read for t in things or ()}
    return ", ".join(sorted(thing.partition(" ")[2] for thing in common))


def _unmoved(changed: list[frozenset[str] | None], read: list[frozenset[str] | None]) -> bool:
    """Whether nothing is looked at at all, or only other files and registry keys than those that are written."""
    if not read:
        return True
    written = {thing for things in changed for thing in things or ("?",)}
    seen = {thing for things in read for thing in things or ("?",)}
    return not written & seen and not any(thing.startswith(("?", "service ")) for thing in written | seen)


def _verification(book: Book, remedy: Remedy, number: int, *, seen_to: bool) -> Iterator[Finding]:
    """``seen_to``: all that ``healthy`` looks at is what the steps change, and have waited for themselves."""
    on, verify = f"remedies.{remedy.id}", remedy.verify
    path = ("remedies", number, "verify")
    within, every = seconds(verify.within), seconds(verify.every)
    if within and every and within < every:
        message = f"`within: {verify.within}` is shorter than the pause between two looks ({format_duration(every)})"
        yield Finding(
            VERIFY_TOO_SHORT, on, book.document.span(path), message, "Make `within` longer or `every` shorter."
        )
    placed = [placed for placed in book.steps if placed.remedy is remedy]
    waits = any(p.step.type in ("wait_for", "reboot") and seconds(p.step.args.get("within")) != 0 for p in placed)
    if within == 0 and not waits and not seen_to and any(restarts(p) for p in placed):
        message = f"`{remedy.id}` restarts a service and is proved at once, when it may not be up yet"
        yield Finding(VERIFY_AT_ONCE, on, remedy.span, message, "Add `verify: {within: 30s}`, as long as it may take.")
