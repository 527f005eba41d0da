"""The folder of approvals: written once, read strictly; whatever was altered or does not belong there is told."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner import approvals, signing
from runner.errors import Refused, UsageError, VmfixError
from runner.model.approval import Offered, Signed, Statement
from tests.keys import NEEDED, Keys
from tests.unit.govern.voices import NOW, policy_of, says

pytestmark = pytest.mark.real
STATEMENT = says("ann@x", acknowledged=("book/mend/s",)).statement


def statement(**more: object) -> Statement:
    """What ann says."""
    assert STATEMENT is not None
    return dataclasses.replace(STATEMENT, **more)  # type: ignore[arg-type]


@pytest.fixture
def keys(tmp_path: Path, require_real: Callable[[Sequence[str]], None]) -> Keys:
    """Makes keys in a folder of the test."""
    require_real(NEEDED)
    return Keys(tmp_path)


@pytest.fixture
def signed(keys: Keys) -> Signed:
    """A statement that ann signed."""
    said = statement(note='INC-4711 über \u202e\n"x"')
    return Signed(said, signing.sign(approvals.message(said), keys.make("ann")))


def gathered(keys: Keys, folder: Path) -> tuple[Offered, ...]:
    """Everything in the folder, judged by a policy that knows ann's key."""
    policy = policy_of(allowed_signers=keys.allow(("ann@x", keys.folder / "ann")))
    return approvals.gather(folder, policy, NOW)


def test_what_was_written_is_read_and_verified(keys: Keys, signed: Signed, tmp_path: Path) -> None:
    """One file, named for who and what; nothing else is left in the folder."""
    folder = approvals.folder_of(tmp_path / "plan.json")
    path = approvals.write(folder, signed)
    assert path == tmp_path / "plan.json.approvals" / "ann-x-0000000000000000.json"
    assert list(folder.iterdir()) == [path]
    (offered,) = gathered(keys, folder)
    assert (offered.source, offered.statement, offered.fault) == (path.name, signed.statement, "")
    assert offered.key.startswith("SHA256:")


def test_no_folder_is_no_approval(tmp_path: Path) -> None:
    """And what is no folder is said."""
    assert approvals.read(tmp_path / "gone") == ()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be read"):
        approvals.read(tmp_path / "file")


def test_nothing_is_written_over(signed: Signed, tmp_path: Path) -> None:
    """Neither another statement nor anything else."""
    path = approvals.write(tmp_path / "a", signed)
    before = path.read_bytes()
    other = dataclasses.replace(signed, statement=dataclasses.replace(signed.statement, note="other"))
    with pytest.raises(VmfixError, match="could not be written: File exists"):
        approvals.write(tmp_path / "a", other)
    assert path.read_bytes() == before
    assert list((tmp_path / "a").iterdir()) == [path]


def test_a_share_without_links_will_do(signed: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Still never over another file."""

    def no_links(*_args: object, **_more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = approvals.write(tmp_path / "a", signed)
    assert list((tmp_path / "a").iterdir()) == [path]
    with pytest.raises(VmfixError, match="could not be written"):
        approvals.write(tmp_path / "a", signed)


def test_a_folder_that_cannot_be_made_is_said(signed: Signed, tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(VmfixError, match="could not be written: No such file"):
        approvals.write(tmp_path / "a" / "b", signed)


def test_any_byte_that_is_altered_is_noticed(keys: Keys, signed: Signed, tmp_path: Path) -> None:
    """Every position of the file, each replaced by a few others, or left out: never verified, or not even read."""
    policy = policy_of(allowed_signers=keys.allow(("ann@x", keys.folder / "ann")))
    path = approvals.write(tmp_path / "a", signed)
    whole = path.read_bytes()
    verified = 0
    for place, byte in enumerate(whole):
        for other in (bytes([byte ^ 1]), bytes([byte ^ 0x20]), b"\n", b" ", b"", bytes([byte]) * 2):
            altered = whole[:place] + other + whole[place + 1 :]
            if altered == whole:
                continue
            try:
                read = approvals.parse(altered.decode())
            except ValueError:  # also what is no UTF-8
                continue
            assert read != signed
            if place % 16 == 0:  # to verify each would take a process for each
                verified += 1
                assert approvals.offer(approvals.Found(path.name, read), policy, NOW).fault
    assert verified


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"more": 1}, "holds more than a statement"),
        ({"statement": {**json.loads("{}"), "format": 1}}, "no statement that vmfix wrote"),
        ({"signature": 1}, "no statement that vmfix wrote"),
        ({"signature": "-----BEGIN SSH SIGNATURE-----\n"}, "its signature was altered"),
    ],
)
def test_a_file_that_holds_anything_else_is_refused(signed: Signed, change: dict[str, object], said: str) -> None:
    """Even if all of it would read well."""
    data = json.loads(approvals.dump(signed)) | change
    with pytest.raises(ValueError, match=said):
        approvals.parse(json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "of format 2"),
        ({"at": "2026-11-25T03:00:00+00:00"}, "value that no statement has"),
        ({"expires_at": "tomorrow"}, "value that no statement has"),
        ({"identity": "ann\x00"}, "value that no statement has"),
        ({"identity": ""}, "value that no statement has"),
        ({"identity": "ann\ud800"}, "value that no statement has"),
        ({"id": "../../x"}, "value that no statement has"),
        ({"remedies": frozenset()}, "value that no statement has"),
    ],
)
def test_values_that_no_statement_has_are_refused(signed: Signed, change: dict[str, object], said: str) -> None:
    """Whoever signed them."""
    text = approvals.dump(dataclasses.replace(signed, statement=dataclasses.replace(signed.statement, **change)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=said):
        approvals.parse(text)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '{"statement": 1e999}', "9" * 5000])
def test_what_is_no_statement_is_refused(text: str) -> None:
    """In plain words."""
    with pytest.raises(ValueError, match="no statement that vmfix wrote"):
        approvals.parse(text)


def test_strays_are_reported(keys: Keys, signed: Signed, tmp_path: Path) -> None:
    """Whatever lies there, and the approvals beside it still count."""
    folder = tmp_path / "a"
    good = approvals.write(folder, signed)
    (folder / "README").write_text("x")
    (folder / ".x.json.part").write_text("x")
    (folder / "dir.json").mkdir()
    (folder / "gone.json").symlink_to("nowhere")
    (folder / "big.json").write_text("x" * 1_000_001)
    (folder / "bytes.json").write_bytes(b"\xff")
    (folder / "junk.json").write_text("{}")
    os.mkfifo(folder / "pipe.json")
    found = {offered.source: offered.fault for offered in gathered(keys, folder)}
    assert found.pop(good.name) == ""
    assert found == {
        "README": "this is no file of approvals; remove it from this folder",
        ".x.json.part": "this is no file of approvals; remove it from this folder",
        "dir.json": "this is no file; remove it from this folder",
        "gone.json": "this is no file; remove it from this folder",
        "pipe.json": "this is no file; remove it from this folder",
        "big.json": "it is too big for a statement",
        "bytes.json": "it is not even text",
        "junk.json": "it is no statement that vmfix wrote, or it was altered",
    }


def test_without_allowed_signers_nobody_counts(signed: Signed, tmp_path: Path) -> None:
    """However good the signature."""
    approvals.write(tmp_path / "a", signed)
    (offered,) = approvals.gather(tmp_path / "a", policy_of(), NOW)
    assert "names no allowed_signers" in offered.fault


def test_without_a_policy_only_the_text_can_be_proved(signed: Signed, tmp_path: Path) -> None:
    """Not who wrote it."""
    approvals.write(tmp_path / "a", signed)
    forged = statement(id="1" * 16, note="forged")
    approvals.write(tmp_path / "a", Signed(forged, signed.signature))
    good, bad = approvals.unjudged(tmp_path / "a")
    assert good.key.startswith("SHA256:")
    assert bad.fault == "its text is not what was signed"


def test_what_is_signed_says_first_what_it_is() -> None:
    """So that no other document with these fields passes for one."""
    assert approvals.message(statement()).startswith(b'["vmfix approval statement, version 1",{"acknowledged":')


def test_a_folder_of_hundreds_is_refused(tmp_path: Path) -> None:
    """Each file would take a call of ssh-keygen."""
    for number in range(201):
        (tmp_path / f"{number}.json").touch()
    with pytest.raises(Refused, match="no more than 200"):
        approvals.read(tmp_path)
