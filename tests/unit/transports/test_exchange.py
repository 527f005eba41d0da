"""Marks are found and taken out however the stream is cut; secrets and input are given out only when they may be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.command import AtDeadline, Command
from runner.model.secret import Secret
from runner.transports.exchange import PREAMBLE_LIMIT, Exchange, MarkedStream

MARK = "vmfix-mark"
START = f"{MARK} start 42 sudo\n".encode()
PROMPT = f"{MARK} prompt\n".encode()


def exchange(stdin: str = "", password: str | None = None, at_deadline: AtDeadline = AtDeadline.KILL) -> Exchange:
    """The exchange of a command, with a sudo password if one is given."""
    secret = None if password is None else Secret(password)
    command = Command(argv=("x",), stdin=stdin, at_deadline=at_deadline)
    return Exchange(command, MARK, None if secret is None else lambda: secret)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The same bytes in several parts."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


output = st.lists(
    st.sampled_from([b"v", b"vmfix", b"vmfix-mar", MARK.encode(), b"sea", b"seal", b"\n", b"text", b"\xff"])
).map(b"".join)


@given(before=output, middle=output, after=output, cuts=st.lists(st.integers(0, 500)))
def test_marks_are_taken_out_at_any_cut(before: bytes, middle: bytes, after: bytes, cuts: list[int]) -> None:
    """Output that looks nearly like a mark stays; ours goes, wherever the parts begin and end."""
    seen: list[list[str]] = []
    stream = MarkedStream(MARK, seen.append, seal="seal")
    for part in pieces(before + START + middle + b"seal exit 3\n" + after, cuts):
        stream.feed(part)
    stream.finish()

    assert (bytes(stream.before), bytes(stream.body)) == (before, middle + after)
    assert seen == [["start", "42", "sudo"], ["exit", "3"]]


def test_a_mark_without_an_end_is_output() -> None:
    """What begins like our line but never ends is the command's own."""
    stream = MarkedStream(MARK, lambda _: None, seal="seal")
    stream.feed(START + b"seal " + b"x" * 500)
    stream.feed(b"end\nseal ")
    stream.finish()

    assert bytes(stream.body) == b"seal " + b"x" * 500 + b"end\nseal "


@pytest.mark.parametrize("at_deadline", AtDeadline)
@pytest.mark.parametrize("stream", ["out", "err"])
@pytest.mark.parametrize("said", ["exit 0", "start 1 root", "prompt", "reached"])
def test_a_mark_in_the_output_is_output(stream: str, at_deadline: AtDeadline, said: str) -> None:
    """Whoever reads the mark on the target and gets it into the output changes nothing of what we know."""
    talk = exchange(password="secret", at_deadline=at_deadline)
    talk.out.feed(START)
    talk.err.feed(START)
    talk.take_input()
    forged = f"{MARK} {said}\n".encode()
    getattr(talk, stream).feed(forged)
    talk.finish()

    assert (talk.leader, talk.how, talk.exit_code, talk.reached) == (42, "sudo", None, False)
    assert talk.take_input() == b""
    assert bytes(getattr(talk, stream).body) == forged


def test_the_seal_is_told_once_the_command_was_started_and_begins_its_report() -> None:
    """Only a command that may be left running has one; it differs from command to command, and is never said early."""
    talk = exchange(stdin="input", at_deadline=AtDeadline.LEAVE)
    talk.err.feed(f"{talk.seal} exit 3\n".encode())
    assert (talk.take_input(), talk.exit_code) == (b"", None)
    talk.err.feed(START)
    assert talk.take_input() == f"{talk.seal}\ninput".encode()
    talk.err.feed(f"{talk.seal} exit 3\n".encode())

    assert talk.exit_code == 3
    assert talk.seal != exchange(at_deadline=AtDeadline.LEAVE).seal
    assert exchange().seal == ""


def test_the_limit_is_kept_and_marks_are_still_seen() -> None:
    """Beyond the limit output is dropped, but the exit code is not lost."""
    seen: list[list[str]] = []
    stream = MarkedStream(MARK, seen.append, seal="seal", limit=10)
    stream.feed(START + b"0123456789")
    assert not stream.truncated
    stream.feed(b"more" + b"seal exit 0\n")

    assert (bytes(stream.body), stream.truncated, seen[-1]) == (b"0123456789", True, ["exit", "0"])


def test_what_comes_before_is_bounded() -> None:
    """Endless greetings do not fill our memory."""
    stream = MarkedStream(MARK, lambda _: None)
    stream.feed(b"x" * (PREAMBLE_LIMIT + 1))

    assert len(stream.before) == PREAMBLE_LIMIT


def test_input_waits_for_the_start() -> None:
    """Nothing is written before the command runs; then its input, once."""
    talk = exchange(stdin="input")
    assert (talk.take_input(), talk.input_complete) == (b"", False)
    talk.err.feed(START)

    assert (talk.take_input(), talk.take_input(), talk.input_complete) == (b"input", b"", True)


def test_the_password_answers_sudos_prompt_only() -> None:
    """The password is given once, for the prompt that carries our mark; then the input."""
    talk = exchange(stdin="input", password="secret")
    talk.err.feed(b"[sudo] password for x: ")
    assert talk.take_input() == b""
    talk.err.feed(PROMPT)
    assert talk.take_input() == b"secret\n"
    assert talk.take_input() == b""
    talk.err.feed(START)

    assert talk.take_input() == b"input"


def test_a_second_prompt_means_a_wrong_password() -> None:
    """The password is not tried twice: accounts get locked."""
    talk = exchange(password="secret")
    talk.err.feed(PROMPT)
    talk.take_input()
    talk.err.feed(b"Sorry, try again.\n" + PROMPT)

    assert talk.password_refused
    assert talk.take_input() == b""


@pytest.mark.parametrize("stream", ["out", "err"])
def test_no_password_for_a_command_that_runs(stream: str) -> None:
    """Once the command is started a prompt is the command's own doing, and a pending password is forgotten."""
    talk = exchange(password="secret")
    getattr(talk, stream).feed(START)
    talk.err.feed(PROMPT)
    assert talk.take_input() == b""

    talk = exchange(password="secret")
    talk.err.feed(PROMPT)
    getattr(talk, stream).feed(START)
    assert talk.take_input() == b""


def test_what_was_said_instead_is_safe_to_show() -> None:
    """Control characters of a foreign machine do not reach our terminal."""
    talk = exchange()
    talk.err.feed(b"\x1b[2Jgo  away\n\xff")
    talk.finish()

    assert talk.said_before() == "[2Jgo away \\xff"
