"""Labs for the tests that drive vmfix from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from examples.lab import Lab, missing_for
from tests.integration.lab_desk import Desk


class DeskOf(Protocol):
    """Starts targets, given as `scenario` or `name=scenario`, and sits down beside them."""

    def __call__(self, *targets: str) -> Desk: ...


@pytest.fixture
def desk_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    require_real: Callable[[Sequence[str]], None],
) -> Iterator[DeskOf]:
    """Each test has targets of its own: a target starts within half a second, and nothing is shared."""
    state = tmp_path / "state"
    monkeypatch.setenv("VMFIX_STATE", str(state))
    with ExitStack() as labs:

        def start(*targets: str) -> Desk:
            require_real(missing_for(target.rpartition("=")[2] for target in targets))
            lab = labs.enter_context(Lab(tmp_path / "lab")).up(targets)
            return Desk(lab, state, capsys)

        yield start
