"""The proof: observe until the fault is gone, and see that nothing else went with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.errors import ExpressionError, ParseError, TransportError
from runner.execute.observe import Observer
from runner.execute.outcome import Ended, RemedyResult
from runner.execute.tools import Tools, Where
from runner.expressions import render
from runner.model.event import EventKind
from runner.model.fields import format_duration, parse_duration
from runner.model.playbook import Remedy, Verification
from runner.plan.entries import Subject
from runner.plan.facts import View, known_names, observe_facts
from runner.steps.base import Settle

_TOO_EARLY = "the fault was gone; the run was stopped before it had stayed so for as long as it has to"
_TROUBLE = (ParseError, ExpressionError, TransportError)


@dataclass(slots=True)
class Proof:
    """Fresh looks at one target under one playbook. Each later one knows what the first one saw."""

    subject: Subject
    observer: Observer
    tools: Tools
    entry: str
    first: Mapping[str, object] | None = None

    def look(self) -> View:
        """The facts of now. Raises what observing raises."""
        subject = self.subject
        view = self.observer.answer(observe_facts(subject.playbook, subject.target, subject.params, self.first))
        if self.first is None:
            self.first = view.facts
        return view

    def poll(self, holds: Callable[[View], bool], pause: Settle, stays: float = 0.0) -> tuple[bool, str]:
        """Look until ``holds``, at least once, for ``pause.within`` seconds; then until it has held for ``stays``.

        The second value says why it came to nothing, if there is more to say than that the last look saw nothing.
        """
        clock, stop = self.tools.clock, self.tools.stop
        until = clock.monotonic() + pause.within
        since: float | None = None
        came_back = ""
        while True:
            held, text = self._held(holds)
            now = clock.monotonic()
            if held:
                since = now if since is None else since
                if now - since >= stays:
                    return True, ""
            elif since is not None:
                since, came_back = None, f"the fault was gone, and came back within {format_duration(stays)}"
            if stop.at_once or (not held and now >= until):
                return False, text or came_back or (_TOO_EARLY if held else "")
            clock.sleep(pause.every)

    def _held(self, holds: Callable[[View], bool]) -> tuple[bool, str]:
        try:
            return holds(self.look()), ""
        except _TROUBLE as problem:
            return False, f"could not be observed: {problem.message}"

    def of(self, remedy: Remedy, keeps: tuple[object, ...], *, changed: bool) -> RemedyResult:
        """What a remedy whose steps all went well has achieved. ``keeps``: what was there before it."""
        healthy = self.subject.playbook.healthy
        verdict: bool | None = None
        text = "only the next backup can tell"
        if healthy is not None and not remedy.proves_next_backup:
            verdict, trouble = self.poll(
                lambda view: view.holds(healthy) and not self._gone(view, keeps),
                *self._pause(remedy.verify),
            )
            text = "the guest shows no fault now" if verdict else trouble or "the guest still shows the fault"
        missing = "" if verdict else self._missing(keeps)
        self._record(remedy, missing or text, healthy=verdict)
        if missing:  # new damage, which the next remedy was not made for
            return RemedyResult(Ended.FAILED, missing, changed=changed, ends_ladder=True)
        if verdict is None:
            return _applied(text, changed=changed)
        return RemedyResult(Ended.HEALTHY if verdict else Ended.NOT_HEALTHY, text, changed=changed)

    def _pause(self, verify: Verification) -> tuple[Settle, float]:
        """The remedy's patience, and how long it has to stay healthy, in seconds; its parameters may set them."""
        names = known_names(self.subject.playbook, self.subject.target, self.subject.params)
        texts = (verify.within, verify.every, verify.stays)
        within, every, stays = (parse_duration(render(text, names)) for text in texts)
        return Settle(within, every), stays

    def _gone(self, view: View, keeps: tuple[object, ...]) -> list[object]:
        """What was there before and is not there now."""
        expression = self.subject.playbook.keeps
        if expression is None:
            return []
        now = view.evaluate(expression)
        return [thing for thing in keeps if thing not in (now if isinstance(now, list) else [now])]

    def _missing(self, keeps: tuple[object, ...]) -> str:
        if not keeps:
            return ""
        try:
            gone = self._gone(self.look(), keeps)
        except _TROUBLE as problem:
            return f"could not be observed afterwards: {problem.message}"
        return f"was there before and is gone: {', '.join(map(str, gone))}" if gone else ""

    def _record(self, remedy: Remedy, text: str, *, healthy: bool | None) -> None:
        where = Where(self.entry, remedy.id)
        self.tools.record(self.tools.event(EventKind.VERIFIED, where, {"healthy": healthy, "text": text}))


def _applied(text: str, *, changed: bool) -> RemedyResult:
    """A remedy that only the next backup proves; one that found nothing to change has been tried before, in effect."""
    if changed:
        return RemedyResult(Ended.APPLIED, text, changed=True)
    return RemedyResult(Ended.NOT_HEALTHY, "all was already as this remedy would make it")
