"""The file step: decided on values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runner.model.plan import Outcome
from runner.steps._atomic_write import FileSeen
from runner.steps.file import FILE, FileArgs

PATH = "/etc/x"
NOTHING = FileSeen(path=PATH, content=None)
DIRECTORY = FileSeen(
    path=PATH, content=None, kind="directory", mode="0755", owner="root", group="root", problem="it is a directory"
)


def args(**fields: Any) -> FileArgs:  # noqa: ANN401 - any argument
    """Arguments for one path."""
    return FileArgs(path=PATH, **fields)


def seen(content: bytes = b"old\n", mode: str = "0644") -> FileSeen:
    """A file of root's."""
    return FileSeen(path=PATH, content=content, mode=mode, owner="root", group="root", kind="regular file")


def test_equal_content() -> None:
    """Nothing to do, byte for byte."""
    assert FILE.decide(args(content="old\n"), seen()).outcome is Outcome.NO_CHANGE


def test_other_content() -> None:
    """A diff, one write that names what it replaces, and an undo that names what was written."""
    decision = FILE.decide(args(content="new"), seen())

    assert decision.diff == f"--- {PATH}\n+++ {PATH}\n@@ -1 +1 @@\n-old\n+new\n\\ No newline at end of file\n"
    assert decision.commands[0].argv[1] == seen().digest
    assert decision.undo[0].argv[1] == decision.commands[0].argv[2]
    assert decision.undo[0].argv[3] == seen().backup


def test_binary_before() -> None:
    """Bytes that are no text are not shown."""
    assert "not text (1 bytes)" in FILE.decide(args(content="new"), seen(b"\xff")).diff


def test_only_attributes() -> None:
    """The content stays; chown before chmod, since it clears bits."""
    decision = FILE.decide(args(owner="adm", mode="2755"), seen())

    assert [c.argv for c in decision.commands] == [
        ("chown", "--", "adm:root", PATH),
        ("chmod", "--", "2755", PATH),
    ]
    assert [c.argv for c in decision.undo] == [("chown", "--", "root:root", PATH), ("chmod", "--", "0644", PATH)]


def test_set_uid_survives_chown() -> None:
    """Chown drops it, so it is given again."""
    assert [c.argv[2] for c in FILE.decide(args(owner="adm"), seen(mode="4755")).commands] == ["adm:root", "4755"]


def test_removed() -> None:
    """With a backup that the undo restores."""
    decision = FILE.decide(args(absent=True), seen())
    assert decision.commands[0].argv[3] == seen().backup
    assert decision.undo[0].argv[1] == "absent"
    assert FILE.decide(args(absent=True), NOTHING).outcome is Outcome.NO_CHANGE


@pytest.mark.parametrize(
    ("wish", "state"),
    [
        (args(absent=True), DIRECTORY),
        (args(content="x"), DIRECTORY),
        (args(directory=True), seen()),
        (args(mode="0600"), NOTHING),
        (args(content="x"), FileSeen(path=PATH, content=None, kind="fifo", problem="it is a fifo", mode="0600")),
    ],
)
def test_refused(wish: FileArgs, state: FileSeen) -> None:
    """Directories are never removed, and nothing is replaced by another kind."""
    decision = FILE.decide(wish, state)
    assert decision.outcome is Outcome.REFUSED
    assert decision.remedy
    assert FILE.bound(wish, state) == ()


def test_directory() -> None:
    """Made with its mode; there already, nothing to do."""
    made = FILE.decide(args(directory=True), NOTHING)
    assert [c.argv[0] for c in made.commands] == ["mkdir", "chown", "chmod"]
    assert FILE.decide(args(directory=True), DIRECTORY).outcome is Outcome.NO_CHANGE


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content": "x", "absent": True},
        {"absent": True, "mode": "0644"},
        {"content": "x", "mode": "644"},
        {"content": "x", "owner": "a b"},
        {"content": "x", "path": "/etc/*"},
        {"content": "x", "path": "etc"},
    ],
)
def test_arguments_that_do_not_fit(fields: dict[str, object]) -> None:
    """Said when the playbook is checked."""
    with pytest.raises(ValidationError):
        FileArgs.model_validate({"path": PATH, **fields})


@given(
    st.sampled_from([NOTHING, DIRECTORY, seen(), seen(b"x", "0600")]),
    st.sampled_from([args(content="x"), args(content="x", mode="0600"), args(absent=True), args(directory=True)]),
)
def test_decisions_lie_within_the_bound(state: FileSeen, wish: FileArgs) -> None:
    """For every state, and offline nothing is promised."""
    assert set(FILE.decide(wish, state).commands) <= set(FILE.bound(wish, state))
    assert FILE.bound(wish, None) == ()
