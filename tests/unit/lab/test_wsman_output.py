"""The lab's endpoint: what belongs to one running command."""

from __future__ import annotations

import threading

import pytest

from examples.lab.windows.wsman.executors import Canned
from examples.lab.windows.wsman.output import RunningCommand


class Ending(Canned):
    """Says when it is being ended, and keeps what it was given to read."""

    def __init__(self) -> None:
        super().__init__(lambda _: 0)
        self.ending = threading.Event()
        self.given: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.given.append(data)

    def terminate(self, *, tree: bool) -> None:
        self.ending.set()


def test_a_command_may_be_ended_while_its_first_input_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests of one client at once: neither meets a thread that is not running yet."""
    process = Ending()
    command = RunningCommand(command_id="1", line="sort", process=process)
    failed: list[BaseException] = []

    def dispose() -> None:
        try:
            command.dispose()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells
            failed.append(error)

    ender = threading.Thread(target=dispose)

    class Slow(threading.Thread):
        """Begins only after the command is being ended."""

        def start(self) -> None:
            ender.start()
            assert process.ending.wait(5)
            ender.join(0.1)  # for as long as it gets without us
            super().start()

    monkeypatch.setattr("examples.lab.windows.wsman.output.threading.Thread", Slow)
    command.feed(b"x", last=False)
    ender.join(10)

    assert (failed, ender.is_alive()) == ([], False)
    assert process.given == [b"x"]


def test_input_for_a_command_that_was_ended_goes_nowhere() -> None:
    """And no thread waits for more of it."""
    process = Ending()
    command = RunningCommand(command_id="1", line="sort", process=process)
    command.dispose()
    before = threading.active_count()
    command.feed(b"x", last=True)

    assert (process.given, threading.active_count()) == ([], before)
