"""SSHSIG through the real ssh-keygen: what holds, and why the rest does not."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from runner import signing
from runner.errors import Refused, UsageError
from runner.signing import BadSignature
from tests.keys import NEEDED, Keys, ssh_keygen

pytestmark = pytest.mark.real
NOW = dt.datetime.now(dt.UTC)
TEXT = b"the text"


@pytest.fixture
def keys(tmp_path: Path, require_real: Callable[[Sequence[str]], None]) -> Keys:
    """Makes keys in a folder of the test."""
    require_real(NEEDED)
    return Keys(tmp_path)


@pytest.fixture
def ann(keys: Keys) -> Path:
    """A key of ann."""
    return keys.make("ann")


def verify(  # noqa: PLR0913 - as what it calls
    signature: str,
    allowed: Path,
    *,
    text: bytes = TEXT,
    principal: str = "ann@x",
    revoked: Path | None = None,
    at: dt.datetime = NOW,
) -> str:
    """As ``signing.verify``, of the usual text by ann."""
    return signing.verify(text, signature, principal=principal, allowed_signers=allowed, revoked_keys=revoked, at=at)


def refused(signature: str, allowed: Path, said: str, **more: object) -> None:
    """It does not hold, for this reason."""
    with pytest.raises(BadSignature, match=said):
        verify(signature, allowed, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_signature_holds(keys: Keys, kind: str) -> None:
    """The fingerprint of its key is what ssh-keygen says it is."""
    key = keys.make("k", kind)
    signature = signing.sign(TEXT, key)
    assert signing.is_armored(signature)
    assert verify(signature, keys.allow(("ann@x", key))) in ssh_keygen("-l", "-f", key)
    assert signing.check(TEXT, signature) in ssh_keygen("-l", "-f", key)


@pytest.mark.parametrize(
    "who", ["SHA256:AAAA@x", "a with ED25519 key SHA256:AAAA@x", 'a" signature with RSA key SHA256:AAAA', "ann\u00e9@x"]
)
def test_the_signer_cannot_choose_the_fingerprint(keys: Keys, ann: Path, who: str) -> None:
    """ssh-keygen's line holds the principal, and under a pattern that is whatever the signer says."""
    found = verify(signing.sign(TEXT, ann), keys.allow(("*", ann)), principal=who)
    assert found == ssh_keygen("-l", "-f", ann).split()[1]


def test_a_principal_of_several_lines_gives_no_fingerprint(keys: Keys, ann: Path) -> None:
    """Only one whole line is read."""
    lines = 'a\nGood "vmfix-approval" signature for b with ED25519 key SHA256:AAAA\nc'
    refused(signing.sign(TEXT, ann), keys.allow(("*", ann)), "not of a", principal=lines)


def test_another_text_does_not_hold(keys: Keys, ann: Path) -> None:
    """Whoever signed it."""
    signature = signing.sign(TEXT, ann)
    refused(signature, keys.allow(("ann@x", ann)), "its text is not what was signed", text=b"the Text")
    with pytest.raises(BadSignature, match="not what was signed"):
        signing.check(b"", signature)


def test_an_unknown_key_or_another_persons_does_not_hold(keys: Keys, ann: Path) -> None:
    """Each has its own reason."""
    signature, bob = signing.sign(TEXT, ann), keys.make("bob", "rsa")
    refused(signature, keys.allow(("ann@x", bob)), "its key is not in .*allowed_signers")
    refused(signature, keys.allow(("zoe@x", ann)), "its key is that of zoe@x, not of ann@x")


def test_a_revoked_key_does_not_hold(keys: Keys, ann: Path) -> None:
    """By a list of keys, and by a KRL."""
    signature, allowed = signing.sign(TEXT, ann), keys.allow(("ann@x", ann))
    listed, krl, other = keys.folder / "revoked", keys.folder / "krl", keys.folder / "other"
    listed.write_text(keys.public(ann) + "\n")
    ssh_keygen("-k", "-f", krl, f"{ann}.pub")
    ssh_keygen("-k", "-f", other, f"{keys.make('bob')}.pub")
    refused(signature, allowed, "its key is revoked by .*revoked", revoked=listed)
    refused(signature, allowed, "its key is revoked by .*krl", revoked=krl)
    assert verify(signature, allowed, revoked=other)


def test_a_file_of_keys_that_cannot_be_read_lets_nothing_through(keys: Keys, ann: Path) -> None:
    """Above all not the keys that it would have revoked."""
    signature, allowed = signing.sign(TEXT, ann), keys.allow(("ann@x", ann))
    with pytest.raises(Refused, match="gone cannot be read"):
        verify(signature, allowed, revoked=keys.folder / "gone")
    with pytest.raises(Refused, match="gone cannot be read"):
        verify(signature, keys.folder / "gone")
    garbage = keys.folder / "garbage"
    garbage.write_text("this is no key\n")
    refused(signature, allowed, "or that file is no list of revoked keys", revoked=garbage)


def test_the_time_of_judging_decides_whether_a_key_is_valid(keys: Keys, ann: Path) -> None:
    """Not the time that the text claims."""
    signature = signing.sign(TEXT, ann)
    allowed = keys.allow(('ann@x valid-after="20260101",valid-before="20270101"', ann))
    assert verify(signature, allowed, at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    refused(signature, allowed, "not valid any more", at=dt.datetime(2027, 6, 1, tzinfo=dt.UTC))
    refused(signature, allowed, "not valid yet", at=dt.datetime(2025, 6, 1, tzinfo=dt.UTC))


def test_a_certificate_has_its_own_validity(keys: Keys, ann: Path) -> None:
    """And its own principals."""
    ca = keys.make("ca")
    ssh_keygen("-q", "-s", ca, "-I", "id", "-n", "ann@x", "-V", "20260101:20270101", f"{ann}.pub")
    signature = signing.sign(TEXT, Path(f"{ann}-cert.pub"))
    allowed = keys.allow(("*@x cert-authority", ca))
    assert verify(signature, allowed, at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    refused(signature, allowed, "not valid any more", at=dt.datetime(2027, 6, 1, tzinfo=dt.UTC))
    refused(signature, allowed, "ann@x", principal="bob@x", at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC))


def test_a_signature_for_something_else_does_not_hold(keys: Keys, ann: Path) -> None:
    """Another namespace in the signature, or in what the key may sign."""
    other = ssh_keygen("-Y", "sign", "-n", "git", "-f", ann, given=TEXT)
    refused(other, keys.allow(("ann@x", ann)), "signed for something else")
    with pytest.raises(BadSignature, match="signed for something else"):
        signing.check(TEXT, other)
    refused(signing.sign(TEXT, ann), keys.allow(('ann@x namespaces="git"', ann)), "may not sign in the namespace")


@pytest.mark.parametrize("text", ["", "junk", "-----BEGIN SSH SIGNATURE-----\nQUJD\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_does_not_hold(keys: Keys, ann: Path, text: str) -> None:
    """Whatever it is."""
    refused(text, keys.allow(("ann@x", ann)), "no SSH signature that can be read")


def test_the_armor_has_one_form(ann: Path) -> None:
    """The same bytes written otherwise are altered."""
    signature = signing.sign(TEXT, ann)
    first, *body, last = signature.splitlines()
    for other in (f"{signature}\n", signature[:-1], "\n".join([first, "".join(body), last, ""]), ""):
        assert not signing.is_armored(other)


def test_principals_and_owners(keys: Keys, ann: Path) -> None:
    """Of a signature, and of a key that signs nothing for it; patterns are nobody's name."""
    allowed = keys.allow(("ann@x,a.b@x", ann), ("*@y", ann))
    assert signing.principals(signing.sign(TEXT, ann), allowed) == ("ann@x", "a.b@x")
    assert signing.owners(ann, allowed, NOW) == ("ann@x", "a.b@x")
    assert signing.owners(Path(f"{ann}.pub"), allowed, NOW) == ("ann@x", "a.b@x")
    assert signing.owners(ann, keys.allow(("*@x", ann)), NOW) == ()
    Path(f"{ann}.pub").unlink()
    assert signing.owners(ann, keys.folder / "allowed_signers", NOW) == ()
    hidden = keys.make("hidden", passphrase="made-up")
    assert signing.owners(hidden, keys.allow(("h@x", hidden)), NOW) == ("h@x",)
    Path(f"{hidden}.pub").unlink()
    assert signing.owners(hidden, keys.folder / "allowed_signers", NOW) is None


def test_a_key_that_cannot_sign_is_said(keys: Keys, ann: Path) -> None:
    """Missing; locked, with nobody to ask; public without an agent."""
    with pytest.raises(UsageError, match="there is no key file"):
        signing.sign(TEXT, keys.folder / "nobody")
    with pytest.raises(UsageError, match="could not sign"):
        signing.sign(TEXT, keys.make("hidden", passphrase="made-up"), may_ask=False)
    alone = keys.folder / "alone.pub"
    alone.write_text(keys.public(ann))
    with pytest.raises(UsageError, match="could not sign"):
        signing.sign(TEXT, alone, may_ask=False)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent of our own."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", socket], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()  # it listens
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield
    process.terminate()
    process.wait(20)
    process.stdout.close()


@pytest.mark.usefixtures("agent")
def test_the_agent_signs_for_a_public_key(keys: Keys, ann: Path) -> None:
    """The private half is on no disk."""
    subprocess.run(["ssh-add", "-q", ann], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    ann.unlink()
    assert verify(signing.sign(TEXT, Path(f"{ann}.pub")), keys.allow(("ann@x", ann)))


def test_no_file_is_left_and_none_can_be_read_by_others(
    keys: Keys, ann: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also of a signature that does not hold."""
    place, modes = tmp_path / "tmp", set()
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    fdopen = os.fdopen

    def watched(handle: int, mode: str) -> object:
        modes.add(os.fstat(handle).st_mode & 0o777)
        return fdopen(handle, mode)

    monkeypatch.setattr(os, "fdopen", watched)
    signature, allowed = signing.sign(TEXT, ann), keys.allow(("ann@x", ann))
    verify(signature, allowed)
    refused(signature, allowed, "not what was signed", text=b"other")
    assert modes == {0o600}
    assert not list(place.iterdir())


def program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another ssh-keygen, and no other program."""
    folder.mkdir()
    path = folder / "ssh-keygen"
    path.write_text(text)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_missing_ssh_keygen_is_said(keys: Keys, ann: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setenv("PATH", str(keys.folder / "nowhere"))
    with pytest.raises(Refused, match="ssh-keygen cannot be started") as caught:
        signing.sign(TEXT, ann)
    assert "openssh-client" in caught.value.remedy


def test_one_that_hangs_is_ended(keys: Keys, ann: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its deadline."""
    program(keys.folder / "bin", "#!/bin/sh\nexec /bin/sleep 60\n", monkeypatch)
    monkeypatch.setattr(signing, "SIGN_DEADLINE", 0.2)
    with pytest.raises(Refused, match=r"did not end within 0\.2 s"):
        signing.sign(TEXT, ann)
