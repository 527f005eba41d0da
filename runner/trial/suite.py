"""All cases of some playbooks: played, compared, and what of each playbook no case reaches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from runner.model.case import Case
from runner.model.playbook import Playbook
from runner.trial.compare import differences
from runner.trial.ends import Difference
from runner.trial.play import Played, play
from runner.trial.reach import parts, reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one case ended; ``differences`` is empty if it passed. ``seconds`` are real ones."""

    case: Case
    differences: tuple[Difference, ...]
    seconds: float
    played: Played

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class BookResult:
    """A playbook with the outcomes of its cases, and the parts of it that none of them reached."""

    playbook: Playbook
    outcomes: tuple[Outcome, ...]
    unreached: tuple[str, ...]


def run_cases(playbook: Playbook, cases: Sequence[Case], *, whole: bool) -> BookResult:
    """Play the cases. ``whole``: these are all that there are, so what they do not reach is worth saying."""
    outcomes = tuple(_outcome(playbook, case) for case in cases)
    known = reached(playbook, (outcome.played for outcome in outcomes)) if whole else frozenset(parts(playbook))
    return BookResult(
        playbook=playbook,
        outcomes=outcomes,
        unreached=tuple(part for part in parts(playbook) if part not in known),
    )


def _outcome(playbook: Playbook, case: Case) -> Outcome:
    begun = time.perf_counter()
    played = play(case, playbook)
    found = differences(played)
    return Outcome(case=case, differences=found, seconds=time.perf_counter() - begun, played=played)
