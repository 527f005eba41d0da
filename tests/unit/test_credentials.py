"""References to secrets: where they point, how often they are asked, and that nothing shows their values."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import sys
import threading
import types
import urllib.parse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.credentials import Redactor, Resolver, run_command
from runner.errors import CredentialError
from runner.execute.record import TAIL, result_data
from runner.model.command import CommandResult
from runner.model.secret import SecretKind, SecretRef
from runner.model.text import beginning, end
from runner.steps.base import Judged, Judgement

VALUE = "s3cr3t \"quoted\" 'and' <more> \\ \u00e4"


def env(name: str) -> SecretRef:
    """A reference to a variable of the environment."""
    return SecretRef(SecretKind.ENV, (name,))


def failure(resolver: Resolver, ref: SecretRef) -> str:
    """What is said when the reference cannot be resolved."""
    with pytest.raises(CredentialError) as caught:
        resolver(ref)
    return str(caught.value)


def command(*argv: str) -> SecretRef:
    """A reference to what a program prints."""
    return SecretRef(SecretKind.COMMAND, argv)


def secret_file(path: Path, data: bytes, mode: int = 0o600) -> SecretRef:
    """A file with a secret, and the reference to it."""
    path.write_bytes(data)
    path.chmod(mode)
    return SecretRef(SecretKind.FILE, (str(path),))


def test_a_variable_of_the_environment() -> None:
    """The value as it is; a missing or empty one is said by name."""
    resolver = Resolver({"A": VALUE, "EMPTY": ""}, None)

    assert resolver(env("A")).reveal() == VALUE
    assert "the environment variable B is not set" in failure(resolver, env("B"))
    assert "the secret (env: EMPTY) is empty" in failure(resolver, env("EMPTY"))


@pytest.mark.parametrize(
    ("data", "value"), [(b"abc\n", "abc"), (b"abc\r\n", "abc"), (b" abc \n\n", " abc \n"), (b"abc", "abc")]
)
def test_a_file(tmp_path: Path, data: bytes, value: str) -> None:
    """Without the one line end that editors add."""
    assert Resolver({}, None)(secret_file(tmp_path / "s", data)).reveal() == value


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The complaint says what to run."""
    said = failure(Resolver({}, None), secret_file(tmp_path / "s", b"abc", mode))

    assert f"(mode {mode:04o})" in said
    assert f"chmod 600 {tmp_path / 's'}" in said


def test_files_that_are_none(tmp_path: Path) -> None:
    """Missing, too large, or no text."""
    resolver = Resolver({}, None)

    assert "No such file" in failure(resolver, SecretRef(SecretKind.FILE, (str(tmp_path / "x"),)))
    assert "Is a directory" in failure(resolver, SecretRef(SecretKind.FILE, (str(tmp_path),)))
    assert "too large" in failure(resolver, secret_file(tmp_path / "l", b"a" * 70_000))
    assert "not UTF-8" in failure(resolver, secret_file(tmp_path / "b", b"\xff"))


def test_a_program() -> None:
    """Its standard output, with the environment that the resolver has."""
    code = "import os; print(os.environ['A'])"

    assert Resolver({"A": "abcd"}, None)(command(sys.executable, "-c", code)).reveal() == "abcd"


def test_a_program_that_fails_shows_no_output() -> None:
    """The first line of standard error, never standard output, which may hold the secret."""
    code = "import sys; print('hunter2'); print('locked', file=sys.stderr); print('more', file=sys.stderr); sys.exit(3)"
    said = failure(Resolver({}, None), command(sys.executable, "-c", code))

    assert "ended with exit code 3: locked" in said
    assert "hunter2" not in said
    assert "more" not in said


def test_a_program_that_is_none() -> None:
    """It cannot be started."""
    assert "could not be started: No such file" in failure(Resolver({}, None), command("/does/not/exist"))


def test_a_program_that_does_not_end() -> None:
    """It has a deadline of its own."""

    def hangs(argv: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        raise subprocess.TimeoutExpired(list(argv), 30, output=b"hunter2", stderr=str(environ).encode())

    said = failure(Resolver({}, None, hangs), command("pass", "show"))

    assert "`pass` did not print the secret within 30 s" in said
    assert "hunter2" not in said


def test_programs_get_no_input() -> None:
    """A program that reads its input ends instead of waiting for the terminal."""
    done = run_command([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"], {})

    assert done.stdout.strip() == b"''"


def test_a_question_is_asked() -> None:
    """The reference is the question."""
    ref = SecretRef(SecretKind.PROMPT, ("Password of svc",))

    assert Resolver({}, lambda question: f"<{question}>")(ref).reveal() == "<Password of svc>"
    assert "there is no terminal" in failure(Resolver({}, None), ref)


def test_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Service and user; a service may have slashes."""
    keyring = types.ModuleType("keyring")
    errors = types.ModuleType("keyring.errors")
    stored = {("a/b", "u"): "abcd"}
    keyring.get_password = lambda service, user: stored.get((service, user))  # type: ignore[attr-defined]
    errors.KeyringError = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    resolver = Resolver({}, None)

    assert resolver(SecretRef(SecretKind.KEYRING, ("a/b/u",))).reveal() == "abcd"
    assert "keyring set a x" in failure(resolver, SecretRef(SecretKind.KEYRING, ("a/x",)))


def test_the_keyring_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the complaint says how to install it."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert "vmfix[keyring]" in failure(Resolver({}, None), SecretRef(SecretKind.KEYRING, ("a/x",)))


@pytest.mark.parametrize("works", [True, False])
def test_each_reference_is_resolved_once(works: bool) -> None:
    """Twenty threads wait for the one that asks, and share a failure too."""
    asked: list[str] = []
    start = threading.Barrier(20)

    def ask(question: str) -> str:
        asked.append(question)
        return "abcd" if works else ""

    resolver = Resolver({}, ask)

    def resolve(_: int) -> str:
        start.wait()
        try:
            return resolver(SecretRef(SecretKind.PROMPT, ("Q",))).reveal()
        except CredentialError as error:
            return str(error)

    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(resolve, range(20)))

    assert asked == ["Q"]
    assert found == {"abcd" if works else "the secret (prompt: Q) is empty"}


def test_what_was_resolved_is_redacted() -> None:
    """From then on, in whatever passes through."""
    resolver = Resolver({"A": VALUE}, None)
    assert VALUE in resolver.redact(VALUE)
    resolver(env("A"))

    assert resolver.redact(f"x {VALUE} y") == "x *** y"


@pytest.mark.parametrize(
    "form",
    [
        json.dumps({"password": VALUE}),
        json.dumps({"password": VALUE}, ensure_ascii=False),
        shlex.join(["net", "use", VALUE]),
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(VALUE.encode("utf-16-le")).decode(),
        "https://u:" + urllib.parse.quote(VALUE, safe="") + "@h",
        "p=" + urllib.parse.quote_plus(VALUE),
        repr(VALUE),
    ],
)
def test_every_form_is_redacted(form: str) -> None:
    """Programs repeat what they were given as they were given it."""
    redactor = Redactor()
    redactor.add(VALUE)
    clean = redactor.redact(form)

    assert "***" in clean
    assert "s3cr3t" not in clean
    assert base64.b64encode(VALUE.encode())[:12].decode() not in clean


@given(st.text(max_size=5), st.text("abcdefgh0123456789", min_size=9, max_size=30), st.text(max_size=5))
def test_a_secret_inside_base64_is_redacted(before: str, secret: str, after: str) -> None:
    """Such as user:password in a header: at any of the three alignments most of it is gone."""
    redactor = Redactor()
    redactor.add(secret)
    coded = base64.b64encode((before + secret + after).encode()).decode()

    assert "***" in redactor.redact(coded)


@given(st.lists(st.text(min_size=4), min_size=1, max_size=5), st.text())
def test_no_secret_survives(secrets: list[str], around: str) -> None:
    """Also where one secret is a part of another."""
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)

    assert all(secret not in redactor.redact(f"{around}{secret}{around}") or secret in "***" for secret in secrets)


def test_short_and_many_lined_secrets() -> None:
    """Three characters would mask ordinary words; of a key, each line is masked."""
    redactor = Redactor()
    redactor.add("the")
    redactor.add("-----BEGIN KEY-----\nAAAABBBB\nCC\n")

    assert redactor.redact("the AAAABBBB") == "the ***"


@pytest.mark.parametrize(
    "secret", ["hunter2-and-more", VALUE, "first line of a key\nsecond line of it\nthird line of it"]
)
def test_a_secret_that_was_cut_is_redacted(secret: str) -> None:
    """Wherever the end or the beginning of a target's text is cut, no four characters of a secret in it stay."""
    redactor = Redactor()
    redactor.add(secret)
    pieces = {secret[at : at + 4] for at in range(len(secret) - 3)}
    for offset in range(len(secret) + 1):
        shown = [
            end(f"before {secret}{'.' * offset}", len(secret)),
            beginning(f"{'.' * offset}{secret} after", len(secret)),
        ]
        for said in (redactor.redact(f'it said "{text}"') for text in shown):
            assert not [piece for piece in pieces if piece in said], (offset, said)


def test_a_secret_at_the_edge_of_what_the_journal_keeps_is_redacted() -> None:
    """The tail of a stream may begin in the middle of a secret, at any of its characters."""
    secret = "correct-horse-battery"
    redactor = Redactor()
    redactor.add(secret)
    for offset in range(len(secret) + 1):
        said = f"{secret}{'x' * (TAIL - offset)}".encode()
        data = result_data(CommandResult(exit_code=0, stdout=said, stderr=said), Judgement(Judged.OK, ""))
        for stream in ("stdout", "stderr"):
            kept = redactor.redact(str(data[stream]))
            assert not [at for at in range(len(secret) - 3) if secret[at : at + 4] in kept], (offset, kept[:40])


def test_a_secret_whose_blanks_were_squeezed_is_redacted() -> None:
    """Messages show what a target said in one line."""
    redactor = Redactor()
    redactor.add("two  blanks\tand a tab")

    assert redactor.redact('it said "two blanks and a tab"') == 'it said "***"'


def test_a_cut_beside_other_text_changes_nothing() -> None:
    """Only pieces of secrets are masked at a cut, and short ones are ordinary words."""
    redactor = Redactor()
    redactor.add("hunter2")

    for text in ("…", "a…b", "…er2 x", "x hun…", "…unter", "nter2…hunt."):
        assert redactor.redact(text) == text
