"""A planted secret appears in nothing that vmfix prints or writes, whatever happens and however much it logs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.model.command import Command, CommandResult, Dialect, Effect
from runner.model.inventory import Target
from runner.model.secret import Secret, SecretKind, SecretRef
from tests.cli.desk import Desk, Done

SECRET = "Pa55 wort\"'<&>\\ \u00e4\u00f6\u00fc"
REF = SecretRef(SecretKind.ENV, ("PLANTED",))


class Blabber:
    """A target that was given the secret and repeats it everywhere."""

    def __init__(self, _target: Target, resolve: Callable[[SecretRef], Secret]) -> None:
        self._secret = resolve(REF).reveal()

    def run(self, command: Command) -> CommandResult:
        """The secret on both streams, and in the log of a library."""
        logging.getLogger("paramiko.transport").debug("sent %r", self._secret)
        logging.getLogger("runner.transports").info("sent %s", self._secret)
        data = f"{self._secret}\n".encode()
        if command.effect is Effect.CHANGE and command.dialect is Dialect.SH:
            return CommandResult(exit_code=1, stdout=data, stderr=data)
        return CommandResult(exit_code=0, stdout=data, stderr=data)

    def close(self) -> None:
        """Nothing is open."""


class Crasher(Blabber):
    """A target at which vmfix itself fails, with the secret in the exception."""

    def run(self, command: Command) -> CommandResult:
        """Fails."""
        local = self._secret  # in a frame of the traceback
        raise ZeroDivisionError(local)


class Traitor(Blabber):
    """A target that is planned well, and at which vmfix fails when it changes something."""

    def run(self, command: Command) -> CommandResult:
        """Fails at the first change."""
        if command.effect is Effect.CHANGE:
            raise ZeroDivisionError(self._secret)
        return super().run(command)


@pytest.fixture
def planted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose targets know the secret."""
    monkeypatch.setenv("PLANTED", SECRET)
    monkeypatch.setattr("runner.app.connector", lambda _kind: Blabber)
    return desk


def everything(desk: Desk, done: Done) -> str:
    """All that was printed, and all files that were written."""
    written = [path.read_bytes().decode("utf-8", "replace") for path in _files(desk.folder)]
    return "\n".join([done.out, done.err, *written])


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _assert_clean(desk: Desk, done: Done) -> None:
    text = everything(desk, done)
    for piece in (SECRET, "Pa55 wort", "Pa55\\u0020wort"):
        assert piece not in text


@pytest.mark.parametrize("loud", [[], ["-v"], ["-vv"]])
@pytest.mark.parametrize("view", [[], ["--json"]])
def test_a_secret_that_a_target_repeats_is_masked_everywhere(planted: Desk, loud: list[str], view: list[str]) -> None:
    """In plan file, journal, reports, progress and log."""
    folder = planted.folder
    done = planted.work("plan", *loud, *view, "-o", folder / "plan.json")
    assert done.code == 0
    assert "***" in everything(planted, done)
    _assert_clean(planted, done)

    files = ["--junit", folder / "junit.xml", "--markdown", folder / "report.md"]
    done = planted.work("run", *loud, *view, "--approve", "all", *files)
    assert done.code == 5
    assert "***" in done.out + done.err
    _assert_clean(planted, done)
    _assert_clean(planted, planted.vmfix("report", *view))


@pytest.mark.parametrize("loud", [[], ["-v"], ["-vv"]])
def test_a_secret_in_a_traceback_is_masked(planted: Desk, monkeypatch: pytest.MonkeyPatch, loud: list[str]) -> None:
    """On standard error with -v, and in the file of internal errors."""
    monkeypatch.setattr("runner.app.connector", lambda _kind: Crasher)
    done = planted.work("plan", *loud, "--json")
    assert done.code == 5
    assert "ZeroDivisionError: ***" in done.err
    assert "Traceback" in (planted.folder / "state" / "errors.log").read_text()
    _assert_clean(planted, done)


def test_a_failure_of_vmfix_at_one_target_is_its_status(planted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on; the reader is told where the traceback is."""
    monkeypatch.setattr("runner.app.connector", lambda _kind: Traitor)
    done = planted.work("run", "--approve", "all", "--json")
    assert done.code == 6
    assert done.data["counts"] == {"indeterminate": 1}
    assert f"its traceback is in {planted.folder}/state/errors.log" in done.err
    assert "Traceback" not in done.err
    _assert_clean(planted, done)


def test_a_plan_without_its_secrets_can_be_saved_and_read(planted: Desk) -> None:
    """Masking comes before the digest, or the file would look altered."""
    path = planted.folder / "plan.json"
    assert planted.work("plan", "-o", path).code == 0
    done = planted.vmfix("run", planted.book, "--plan", path, "-i", planted.inventory, "--dry-run")
    assert done.code == 0
    _assert_clean(planted, done)


def test_logging_is_left_as_it_was_found(desk: Desk) -> None:
    """A caller in the same process keeps its own handlers."""
    before = logging.root.handlers[:], logging.root.level
    desk.work("plan", "-vv")
    assert (logging.root.handlers[:], logging.root.level) == before


@pytest.mark.parametrize("secret", ["true", "null", "1.0.0", "here"])
def test_json_stays_json_if_a_secret_looks_like_a_part_of_it(
    planted: Desk, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """Only texts are masked."""
    monkeypatch.setenv("PLANTED", secret)
    done = planted.work("plan", "--json")
    assert done.code == 0
    assert done.data["vmfix_plan_view"] == 1
