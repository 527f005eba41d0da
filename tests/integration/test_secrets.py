"""Planted secrets are found nowhere: every output, every file and every process list is searched for them."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.lab import Lab
from examples.lab.namespace import processes as processes_of
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CODE, Desk, Done
from tests.integration.lab_watch import Watch

pytestmark = pytest.mark.real

PASSPHRASE = "correct-horse-Battery-57"
VERBOSE = "-vv"


def forms(secret: str) -> dict[str, bytes]:
    """The shapes in which a secret could lie somewhere: itself, and base64 at each of the three alignments."""
    found = {"plain": secret.encode()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret.encode())
        found[f"base64+{shift}"] = text[4 if shift else 0 : -4]
    found["hex"] = secret.encode().hex().encode()
    return found


def leaks(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Which secret lies where, in which form."""
    return [
        f"{name} ({form}) in {place}"
        for name, secret in secrets.items()
        for form, needle in forms(secret).items()
        for place, content in places.items()
        if needle in content
    ]


def folder(path: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@contextmanager
def the_key(lab: Lab, folder: Path) -> Iterator[Path]:
    """A copy of the lab's key, locked by a passphrase."""
    key = folder / "locked_key"
    key.write_bytes(lab.client_key.read_bytes())
    key.chmod(0o600)
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(key)], check=True, capture_output=True
    )
    yield key
    key.unlink()


def reference(kind: str, secret: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A reference of a kind to a secret that is put where it points."""
    place = folder / "keep" / kind
    place.parent.mkdir(exist_ok=True)
    if kind == "env":
        monkeypatch.setenv("VMFIX_TEST_SECRET", secret)
        return {"env": "VMFIX_TEST_SECRET"}
    place.write_text(secret + "\n", encoding="utf-8")
    place.chmod(0o600)
    return {"file": str(place)} if kind == "file" else {"command": ["cat", str(place)]}


def call(desk: Desk, command: str, inventory: Path, *more: object) -> Done:
    """A process of its own, whose process list entry is then a real one, as talkative as can be."""
    argv = desk.argv(command, VERBOSE, *more)
    argv[argv.index(str(desk.lab.inventory))] = str(inventory)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("kind", ["env", "file", "command"])
def test_passwords_of_login_and_sudo_are_found_nowhere(
    desk_of: DeskOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Output at -vv, plan file, journal, reports in every format, process lists of both sides, the target."""
    desk = desk_of("web=ext4-dirty")
    secret = desk.lab.password
    ref = reference(kind, secret, tmp_path, monkeypatch)
    login = {"password": ref, "sudo_password": ref, "key_files": [], "agent": False}
    inventory = desk.inventory("web", user="sudopw", ssh=login)
    (papers := tmp_path / "papers").mkdir()

    with Watch({os.getpid()}) as watch:
        plan = call(desk, "plan", inventory, "-o", papers / "plan.json")
        files = ("--junit", papers / "report.xml", "--markdown", papers / "report.md")
        run = call(desk, "run", inventory, "--approve", "all", "--json", *files)
        said = desk.vmfix("report", run.data["run"], VERBOSE)

    assert (plan.code, run.code, said.code, run.statuses) == (0, 0, 0, {"web": "fixed"}), run.err
    assert watch.samples > 10
    ours = {place: content for place, content in watch.seen.items() if not _is_given(kind, place, content)}
    places = {
        **{f"{name} of {call}": text.encode() for call, d in _calls(plan, run, said) for name, text in _texts(d)},
        **folder(papers),
        **folder(desk.state),
        **ours,
        "the commands": "\n".join(desk.lab.commands("web")).encode(),
        "sshd's log": (desk.lab.folder / "web" / "sshd.log").read_bytes(),
        "the target": _files_of(desk.lab, "web"),
    }
    assert leaks({"password": secret}, places) == []


def _calls(*done: Done) -> list[tuple[str, Done]]:
    return list(zip(("plan", "run", "report"), done, strict=True))


def _texts(done: Done) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("standard output", done.out), ("standard error", done.err)


def _is_given(kind: str, place: str, content: bytes) -> bool:
    """The environment that the caller gave to vmfix itself, and which its own helpers on this machine inherit."""
    return kind == "env" and place.startswith("environ") and b"VMFIX_TEST_SECRET=" in content


def _files_of(lab: Lab, name: str) -> bytes:
    """All that could have been written on a target, but for the shadow file, which has a hash."""
    places = "/etc /var /run /home /root /tmp /data /dev/shm"
    script = f"find {places} -type f -newermm /etc/hostname -size -2000k -exec cat {{}} +; :"
    return lab.run(name, "sh", "-c", script).encode(errors="surrogateescape")


def test_the_passphrase_of_a_key_is_found_nowhere(
    desk_of: DeskOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked key opens the target."""
    desk = desk_of("web=ext4-dirty")
    with the_key(desk.lab, tmp_path) as key:
        ref = reference("file", PASSPHRASE, tmp_path, monkeypatch)
        inventory = desk.inventory("web", ssh={"key_files": [str(key)], "key_passphrase": ref, "agent": False})
        with Watch({os.getpid()}) as watch:
            run = call(desk, "run", inventory, "--approve", "all", "--json")

    assert run.statuses == {"web": "fixed"}, run.err
    places = {"out": run.out.encode(), "err": run.err.encode(), **folder(desk.state), **watch.seen}
    assert leaks({"passphrase": PASSPHRASE}, places) == []


def test_an_internal_error_shows_no_secret(desk_of: DeskOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception whose text holds the password, in the middle of the work: screen and kept traceback are clean."""
    desk = desk_of("web=ext4-dirty")
    secret = desk.lab.password
    ref = reference("env", secret, tmp_path, monkeypatch)
    inventory = desk.inventory("web", user="sudopw", ssh={"sudo_password": ref})

    def fail(*_: object, **__: object) -> None:
        message = f"cannot summarise {secret}"
        raise RuntimeError(message)

    monkeypatch.setattr("runner.app.summarise", fail)
    for verbosity in ((), ("-v",), (VERBOSE,)):
        done = desk.vmfix("run", CODE, "-i", inventory, "--approve", "all", *verbosity)
        assert done.code == 1
        assert "internal error" in done.err
        assert "cannot summarise" in done.err
        assert leaks({"password": secret}, {"out": done.out.encode(), "err": done.err.encode()}) == []
    kept = folder(desk.state)
    assert any(b"Traceback" in content for content in kept.values())
    assert leaks({"password": secret}, kept) == []


def test_a_target_that_sends_the_password_back_cannot_have_it_shown(
    desk_of: DeskOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file on the target holds it, and an observation reads that file."""
    desk = desk_of("web=ext4-busy")
    secret = desk.lab.password
    ref = reference("env", secret, tmp_path, monkeypatch)
    inventory = desk.inventory("web", user="sudopw", ssh={"sudo_password": ref})
    text = f"[SnapshotThread]\nMountsToSkip = /mnt/{secret}\n"
    desk.lab.run("web", "sh", "-c", "mkdir -p /etc/azure; cat >/etc/azure/vmbackup.conf", stdin=text.encode())
    plan = tmp_path / "plan.json"

    shown = desk.vmfix("plan", CODE, "-i", inventory, "-o", plan, VERBOSE)
    run = desk.vmfix("run", CODE, "-i", inventory, "--approve", "all", VERBOSE)

    places = {"plan": plan.read_bytes(), **folder(desk.state)}
    for name, done in (("plan", shown), ("run", run)):
        places |= {f"{name} out": done.out.encode(), f"{name} err": done.err.encode()}
    assert leaks({"password": secret}, places) == []


def test_the_search_would_find_a_secret() -> None:
    """In every form that it looks for."""
    secret = "pass-Word_1234567"
    for shift in range(3):
        hidden = base64.b64encode(b"x" * shift + secret.encode() + b"tail")
        assert leaks({"s": secret}, {"somewhere": hidden})
    assert leaks({"s": secret}, {"somewhere": b"a" + secret.encode()})
    assert not leaks({"s": secret}, {"somewhere": b"Secret(***)"})


def test_processes_of_targets_are_seen_by_the_watch(desk_of: DeskOf) -> None:
    """A target's processes are processes of this machine too, so one watch sees both sides."""
    desk = desk_of("web=ext4-busy")
    with Watch(set()) as watch:
        time.sleep(0.3)

    busy = [pid for pid, line in processes_of(desk.lab.init_pid("web")).items() if line.startswith("tail -f")]
    assert any(re.search(rf"process {busy[0]}\b", place) for place in watch.seen)
