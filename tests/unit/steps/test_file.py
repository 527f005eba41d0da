"""The file step: decided on values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runner.errors import ParseError
from runner.model.plan import Outcome
from runner.steps._atomic_write import FileSeen
from runner.steps.base import Judged
from runner.steps.file import FILE
from runner.steps.file_args import FileArgs
from tests.unit.steps.driving import Target, result

PATH = "/etc/x"
NOTHING = FileSeen(path=PATH, content=None)
DIRECTORY = FileSeen(
    path=PATH, content=None, kind="directory", mode="0755", owner="root", group="root", problem="it is a directory"
)

LINK = FileSeen(path=PATH, content=None, kind="symbolic link", problem="it is a symbolic link to /etc/y")


def args(**fields: Any) -> FileArgs:  # noqa: ANN401 - any argument
    """Arguments for one path."""
    return FileArgs(path=PATH, **fields)


def seen(content: bytes = b"old\n", mode: str = "0644") -> FileSeen:
    """A file of root's."""
    return FileSeen(path=PATH, content=content, mode=mode, owner="root", group="root", kind="regular file")


@pytest.mark.parametrize(
    ("out", "said"), [("", "printed nothing"), ("/etc/x\0/y\0", "printed '/etc/x"), ("/etc/x", "printed '/etc/x'")]
)
def test_a_look_that_does_not_name_the_one_file(out: str, said: str) -> None:
    """With exit 0 it must name exactly one; anything else is said, not guessed at."""
    with pytest.raises(ParseError, match=r"^/etc/x could not be looked up: realpath on the target") as problem:
        Target([result(out)]).observe(FILE.observe(args(content="new")))

    assert said in problem.value.message


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
        (args(absent=True), LINK),
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


def stat(out: str) -> FileSeen:
    """What is seen of a file of which stat says this."""
    return Target([result("/etc/x\0"), result(out), result("old\n")]).observe(FILE.observe(args(content="new")))


def test_owners_without_a_name() -> None:
    """Kept, and given back, by their numbers: there is no user UNKNOWN."""
    nameless = stat("regular file|640|UNKNOWN|UNKNOWN|1|54321|54322\n?\n")
    assert (nameless.owner, nameless.group) == ("54321", "54322")
    assert FILE.decide(args(mode="0600"), nameless).undo[0].argv[2] == "54321:54322"
    named = stat("regular file|640|root|adm|1|0|4\n?\n")
    assert (named.owner, named.group, named.mode) == ("root", "adm", "0640")


@pytest.mark.parametrize("out", ["", "regular file|640|root\n", "regular file|rw-|root|root|1|0|0\n"])
def test_other_words_of_stat(out: str) -> None:
    """Another stat than GNU's is said to be one."""
    with pytest.raises(ParseError, match="/etc/x"):
        stat(out)


def test_links_are_not_followed_to_remove_something() -> None:
    """Neither the link nor what it leads to is removed; what is no link is looked at as ever."""
    link = Target([result("/etc/y")]).observe(FILE.observe(args(absent=True)))
    assert link == LINK
    assert "symbolic link to /etc/y" in FILE.decide(args(absent=True), link).evidence
    plain = [result(code=3), result("/etc/x\0"), result("regular file|644|root|root|1|0|0\n?\n"), result("old\n")]
    assert FILE.decide(args(absent=True), Target(plain).observe(FILE.observe(args(absent=True)))).commands
    with pytest.raises(ParseError):
        Target([result(code=1, err="denied")]).observe(FILE.observe(args(absent=True)))


@pytest.mark.parametrize(
    ("code", "judged", "words"),
    [
        (0, Judged.OK, "/etc/x was written"),
        (1, Judged.FAILED, "was left as it is"),
        (6, Judged.OK, "but not its SELinux context: oops"),
        (7, Judged.FAILED, "was changed, but the disk did not confirm it: oops"),
        (8, Judged.FAILED, "did not arrive whole; the file was left as it is"),
        (9, Judged.FAILED, "by somebody else meanwhile; it was left as it is"),
    ],
)
def test_exits_of_a_write(code: int, judged: Judged, words: str) -> None:
    """It is never said that a file was left as it is when it was replaced."""
    (command,) = FILE.decide(args(content="new"), seen()).commands
    said = FILE.judge(args(content="new"), command, result(code=code, err="oops\n"))
    assert said.judged is judged
    assert words in said.text
    assert ("left as it is" in said.text) is (code in {1, 8, 9})


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
