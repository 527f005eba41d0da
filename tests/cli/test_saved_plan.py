"""vmfix run --plan: exactly the plan that was saved, or nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from runner import codec, planfile
from runner.model.plan import Plan
from tests.cli.desk import Desk


def saved(desk: Desk) -> Path:
    """A plan of the playbook on the inventory, saved."""
    path = desk.folder / "plan.json"
    assert desk.work("plan", "-o", path).code == 0
    return path


def run_saved(desk: Desk, path: Path, *more: object) -> Any:  # noqa: ANN401 - Done, for brevity
    """Run a saved plan."""
    return desk.vmfix("run", desk.book, "--plan", path, "-i", desk.inventory, "--approve", "all", *more)


def test_a_saved_plan_runs_with_approval(desk: Desk) -> None:
    """Exactly that plan."""
    path = saved(desk)
    digest = json.loads(path.read_text())["digest"]
    done = run_saved(desk, path, "--json")
    assert done.code == 0
    assert done.data["digest"] == digest
    assert desk.flag.read_text() == "up"


def test_a_saved_plan_decides_playbooks_and_parameters(desk: Desk) -> None:
    """They need not be said again."""
    desk.write("books/book.yml", desk.book.read_text())
    other = desk.folder / "elsewhere"
    other.mkdir()
    books, path = desk.folder / "books", desk.folder / "plan.json"
    words = ("-i", desk.inventory, "--playbooks", books)
    assert desk.vmfix("plan", "flag-missing", *words, "-e", f"dir={other}", "-o", path).code == 0
    assert desk.vmfix("run", "--plan", path, *words, "--approve", "all").code == 0
    assert (other / "flag").read_text() == "up"


@pytest.mark.parametrize("option", [["-e", "dir=/x"], ["-t", "here"], ["--note", "x"], ["-o", "x.json"], ["--offline"]])
def test_a_saved_plan_cannot_be_bent(desk: Desk, option: list[str]) -> None:
    """What is part of the plan is not said a second time."""
    done = run_saved(desk, saved(desk), *option)
    assert done.code == 2
    assert not desk.flag.exists()


def _altered(document: dict[str, Any]) -> None:
    document["plan"]["entries"][0]["remedies"][0]["actions"][0]["commands"][0]["script"] = "rm -r /nowhere"


def _of_another_version(document: dict[str, Any]) -> None:
    document["plan"]["tool_version"] = "0.0.1"


def _evidence_altered(document: dict[str, Any]) -> None:
    document["plan"]["entries"][0]["reason"] = "because I say so"


def _resealed(document: dict[str, Any], **changes: object) -> None:
    """As somebody alters it who knows how the digests are made."""
    document["plan"] |= changes
    plan = codec.from_json(Plan, document["plan"])
    document["digest"], document["checksum"] = codec.digest(plan, evidence=False), codec.digest(plan)


def _not_a_number(document: dict[str, Any]) -> None:
    document["plan"]["entries"][0]["remedies"][0]["takes"] = float("nan")


def _too_big(document: dict[str, Any]) -> None:
    document["plan"]["entries"][0]["facts"] = {"flag": 10**400}


def _unknown_key(document: dict[str, Any]) -> None:
    document["more"] = 1


def _no_digest(document: dict[str, Any]) -> None:
    del document["checksum"]


def _no_time(document: dict[str, Any]) -> None:
    _resealed(document, expires_at="tomorrow")


def _time_without_zone(document: dict[str, Any]) -> None:
    _resealed(document, expires_at="2099-01-01T00:00:00")


def _no_list(document: dict[str, Any]) -> None:
    document["plan"]["entries"] = {"remedies": None}


def _no_plan(document: dict[str, Any]) -> None:
    del document["vmfix_plan"]


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (_altered, "was altered"),
        (_of_another_version, "was made by vmfix 0.0.1"),
        (_evidence_altered, "was altered"),
        (_no_plan, "is not a vmfix plan"),
        (_not_a_number, "was altered: `NaN` is not a number"),
        (_too_big, "is too big"),
        (_unknown_key, "was altered: the key `more` is no part of a plan"),
        (_no_digest, "was altered: the key `checksum` is missing"),
        (_no_time, "was altered: `tomorrow` is not a time"),
        (_time_without_zone, "was altered: the time 2099-01-01T00:00:00 has no zone"),
        (_no_list, "was altered: Plan.entries: expected list, found dict"),
    ],
)
def test_a_plan_file_that_is_not_as_it_was_saved_is_refused(desk: Desk, alter: Any, said: str) -> None:  # noqa: ANN401
    """Exit 4, and nothing runs."""
    path = saved(desk)
    document = json.loads(path.read_text())
    alter(document)
    path.write_text(json.dumps(document))
    done = run_saved(desk, path)
    assert done.code == 4
    assert said in done.err
    assert "internal error" not in done.err
    assert not desk.flag.exists()


@pytest.mark.parametrize("number", ["1e999", "-Infinity", "9" * 5000])
def test_a_number_that_python_cannot_hold_is_refused(desk: Desk, number: str) -> None:
    """Wherever it stands."""
    path = saved(desk)
    path.write_text(path.read_text().replace('"takes": 60.0', f'"takes": {number}'))
    done = run_saved(desk, path)
    assert done.code == 4
    assert "was altered" in done.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b'{"vmfix_plan": 1, "plan": []}'])
def test_a_file_that_is_no_plan_is_refused(desk: Desk, content: bytes) -> None:
    """Whatever is in it."""
    path = desk.folder / "plan.json"
    path.write_bytes(content)
    done = run_saved(desk, path)
    assert done.code == 4
    assert "plan" in done.err


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("hostname: this-one", "hostname is this-one, in the plan not stated"),
        ("ssh: {sudo: false}", "ssh.sudo is false, in the plan not stated"),
        ("vars: {tier: gold}", "its vars differ"),
    ],
)
def test_another_way_to_a_target_does_not_fit_the_plan(desk: Desk, entry: str, said: str) -> None:
    """What decides where and as whom we connect is part of the plan, and the message names what differs."""
    path = saved(desk)
    desk.inventory.write_text(desk.inventory.read_text().replace("localhost}", f"localhost, {entry}}}"))
    done = run_saved(desk, path)
    assert done.code == 4
    assert f"target `here` is not as in the plan: {said}" in done.err
    assert not desk.flag.exists()


def test_an_expired_plan_is_refused(desk: Desk) -> None:
    """The targets may have changed since."""
    path = saved(desk)
    data = json.loads(path.read_text())["plan"] | {"expires_at": "2020-01-01T00:00:00.000000Z"}
    path.write_text(planfile.dump(codec.from_json(Plan, data)))
    done = run_saved(desk, path)
    assert done.code == 4
    assert "expired" in done.err


def test_an_offline_plan_cannot_be_run(desk: Desk) -> None:
    """Nobody looked at the targets."""
    path = desk.folder / "plan.json"
    assert desk.work("plan", "--offline", "-o", path).code == 0
    done = run_saved(desk, path)
    assert done.code == 4
    assert "offline" in done.err


def test_a_changed_playbook_or_inventory_does_not_fit_the_plan(desk: Desk) -> None:
    """Exit 4: the documents are not those that were approved."""
    path = saved(desk)
    desk.inventory.write_text(desk.inventory.read_text().replace("localhost", "127.0.0.1"))
    done = run_saved(desk, path)
    assert done.code == 4
    assert "target `here` is not as in the plan: address is 127.0.0.1, in the plan localhost" in done.err

    desk.book.write_text(desk.book.read_text() + "# changed\n")
    assert "playbook `flag-missing`: its text changed: SHA-256" in run_saved(desk, path).err
    assert not desk.flag.exists()


def test_a_target_that_changed_since_the_plan_is_stale_and_untouched(desk: Desk) -> None:
    """The command that is needed now is not the one that was approved: exit 4, for nothing was changed."""
    book = desk.book.read_text().replace('args: ["{{ dir }}"]', 'args: ["{{ dir }}", "{{ flag }}"]')
    desk.book.write_text(book)
    path = saved(desk)
    desk.flag.write_text("half")
    done = run_saved(desk, path, "--json")
    assert done.code == 4
    assert done.data["counts"] == {"stale": 1}
    assert desk.flag.read_text() == "half"


def test_a_plan_is_spent_when_it_was_run(desk: Desk) -> None:
    """The consent was to one run; an unsaved plan of the same content is another."""
    path = saved(desk)
    assert run_saved(desk, path).code == 0
    desk.flag.unlink()
    again = run_saved(desk, path)
    assert again.code == 4
    assert "this plan is spent" in again.err
    assert not desk.flag.exists()
    assert desk.work("run", "--approve", "all").code == 0
    assert desk.flag.exists()


def test_a_plan_that_was_saved_by_its_own_run_is_spent_too(desk: Desk) -> None:
    """It was executed, whatever it was called with."""
    path = desk.folder / "plan.json"
    assert desk.work("run", "--approve", "all", "-o", path).code == 0
    desk.flag.unlink()
    assert run_saved(desk, path).code == 4
    assert not desk.flag.exists()


def test_compare_says_what_changed_since(desk: Desk) -> None:
    """Nothing; less; more than the saved plan covers."""
    path = saved(desk)
    words = ("plan", desk.book, "-i", desk.inventory, "--compare", path)
    same = desk.vmfix(*words, "--json")
    assert (same.code, same.data["covered"], same.data["differences"]) == (0, True, [])

    desk.flag.write_text("up")
    less = desk.vmfix(*words)
    assert less.code == 0
    assert "Less is needed than when" in less.out
    assert "healthy now, planned in the saved plan" in less.out

    desk.flag.unlink()
    desk.book.write_text(desk.book.read_text().replace("title:", "title: Other", 1))
    more = desk.vmfix(*words)
    assert more.code == 5
    assert "does not cover" in more.out
    assert "its text changed" in more.out


def test_a_plan_lives_as_long_as_its_maker_says(desk: Desk) -> None:
    """And no longer than a year, which is a slip of the pen."""
    path = desk.folder / "plan.json"
    assert desk.work("plan", "-o", path, "--expires", "72h").code == 0
    plan = json.loads(path.read_text())["plan"]
    made, ends = (dt.datetime.fromisoformat(plan[name]) for name in ("created_at", "expires_at"))
    assert ends - made == dt.timedelta(hours=72)
    assert desk.work("plan", "--expires", "72").code == 2
    assert run_saved(desk, path, "--expires", "1h").code == 2


@pytest.mark.parametrize("name", ["plan.json", "./plan.json", "link.json"])
def test_compare_does_not_overwrite_what_it_compares_with(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By whatever name the file is called."""
    path = saved(desk)
    monkeypatch.chdir(path.parent)
    (path.parent / "link.json").symlink_to(path)
    before = path.read_bytes()
    done = desk.vmfix("plan", desk.book, "-i", desk.inventory, "--compare", path.name, "-o", name)
    assert done.code == 2
    assert "would overwrite the plan that is compared" in done.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("reason", ["", " ", "\t"])
def test_an_emergency_has_a_reason(desk: Desk, reason: str) -> None:
    """A blank one is none: exit 2, and nothing was planned."""
    done = desk.work("run", "--emergency", reason)
    assert done.code == 2
    assert "say why in words" in done.err
