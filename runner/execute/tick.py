"""What may start now: a pure, repeatable decision over the state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunView:
    """The state of a run as far as starting more is concerned. Keys are those of the plan's entries, in its order.

    ``target_of`` tells which entries are about the same machine: they never run at the same time.
    """

    target_of: Mapping[str, str]
    started: frozenset[str]
    running: frozenset[str]
    concurrency: int
    stopping: bool = False


def tick(run: RunView) -> tuple[str, ...]:
    """The entries to start now. Asking twice without a change in between gives the same answer."""
    if run.stopping:
        return ()
    busy = {run.target_of[key] for key in run.running}
    free = run.concurrency - len(run.running)
    chosen: list[str] = []
    for key, target in run.target_of.items():
        if len(chosen) >= free:
            break
        if key in run.started or target in busy:
            continue
        chosen.append(key)
        busy.add(target)
    return tuple(chosen)
