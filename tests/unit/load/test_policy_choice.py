"""Which policy holds: the machine's own, the named one, or none; and that `check` and `schema` know policies."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from runner import policies
from runner.__main__ import main
from runner.diagnostics import Diagnostics
from runner.errors import InvalidDocuments, Refused, UsageError

TEXT = "vmfix: 1\npolicy: {name}\napprovals: {{unsigned: true, four_eyes: false}}\n"
WINDOW = 'windows: [{groups: [all], zone: UTC, begins: 2026-01-03T22:00, rule: "FREQ=WEEKLY", duration: 4h}]\n'
FREEZE = "freezes: [{calendar: freeze.ics, groups: [all], zone: UTC}]\n"
DAY = "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260110\nSUMMARY:Quarter end\nEND:VEVENT\n"
CALENDAR = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\n{DAY}END:VCALENDAR\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three policies; the machine has none of its own yet."""
    for name in ("given", "variable", "own"):
        (tmp_path / f"{name}.yml").write_text(TEXT.format(name=name), encoding="utf-8")
    return tmp_path


def found(folder: Path, given: str | None = None, variable: str | None = None, site: str = "site.yml") -> str | None:
    """The name of the policy that holds."""
    environ = {} if variable is None else {policies.VARIABLE: variable and str(folder / variable)}
    named = given and str(folder / given)
    policy = policies.find_policy(named, environ, Diagnostics(), site=folder / site)
    return None if policy is None else policy.name


def test_without_the_machines_own_the_nearest_name_wins(folder: Path) -> None:
    """An option, then the variable, then nothing at all."""
    assert found(folder, "given.yml", "variable.yml") == "given"
    assert found(folder, None, "variable.yml") == "variable"
    assert found(folder, None, "") is None
    assert found(folder) is None
    assert found(folder, site="no/such/folder.yml") is None


def test_the_machines_own_always_wins(folder: Path) -> None:
    """Naming it, also by another name, is fine."""
    (folder / "link.yml").symlink_to(folder / "own.yml")

    assert found(folder, site="own.yml") == "own"
    assert found(folder, "own.yml", "own.yml", site="own.yml") == "own"
    assert found(folder, "link.yml", site="own.yml") == "own"


@pytest.mark.parametrize(
    ("given", "variable", "remedy"),
    [
        ("given.yml", None, "Leave --policy away."),
        (None, "variable.yml", "Unset VMFIX_POLICY."),
        ("gone.yml", None, ""),
    ],
)
def test_another_than_the_machines_own_is_refused(
    folder: Path, given: str | None, variable: str | None, remedy: str
) -> None:
    """It is not quietly passed over: who named it would take it for the one that holds."""
    with pytest.raises(Refused, match=r"own\.yml, and .* is another one") as refused:
        found(folder, given, variable, site="own.yml")

    assert remedy in refused.value.remedy
    assert refused.value.exit_code == 4


def test_one_of_the_same_text_elsewhere_is_another(folder: Path) -> None:
    """Only the file itself is in the administrator's hands."""
    (folder / "copy.yml").write_bytes((folder / "own.yml").read_bytes())

    with pytest.raises(Refused):
        found(folder, "copy.yml", site="own.yml")


def test_a_broken_own_policy_is_not_no_policy(folder: Path) -> None:
    """Nothing runs until it is mended."""
    (folder / "dangling.yml").symlink_to(folder / "nowhere")
    (folder / "bad.yml").write_text("vmfix: 1\n", encoding="utf-8")
    (folder / "directory.yml").mkdir()

    with pytest.raises(InvalidDocuments):
        found(folder, site="bad.yml")
    with pytest.raises(Refused, match="is not a file"):
        found(folder, site="directory.yml")
    with pytest.raises(Refused, match="cannot be read: No such file") as refused:
        found(folder, site="dangling.yml")
    assert refused.value.exit_code == 4


def test_a_named_policy_that_is_not_there_is_a_usage_error(folder: Path) -> None:
    """It is never taken for none."""
    (folder / "dangling.yml").symlink_to(folder / "nowhere")
    with pytest.raises(UsageError, match="there is no policy"):
        found(folder, "dangling.yml")
    with pytest.raises(UsageError, match="there is no policy") as raised:
        found(folder, "gone.yml")
    assert raised.value.exit_code == 2


def test_a_policy_too_large_to_be_meant_is_refused(folder: Path) -> None:
    """So is one that would be read without end."""
    with (folder / "large.yml").open("wb") as file:
        file.truncate(9 * 1024 * 1024)

    with pytest.raises(Refused, match="larger than 8 MiB"):
        found(folder, "large.yml")
    with pytest.raises(Refused, match="is not a file"):
        policies.load_policy(Path("/dev/zero"), Diagnostics())


def test_paths_are_relative_to_the_policy_and_calendars_are_those_that_were_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the digest covers is what holds, whatever becomes of the file afterwards."""
    path = folder / "given.yml"
    path.write_text(TEXT.format(name="given") + WINDOW + FREEZE, encoding="utf-8")
    (folder / "freeze.ics").write_text(CALENDAR, encoding="utf-8")
    monkeypatch.chdir(folder)
    policy = policies.load_policy(Path("given.yml"), Diagnostics())
    (folder / "freeze.ics").unlink()
    schedule = policies.schedule_of(policy)

    assert schedule is not None
    assert policy.freezes[0].calendar == folder / "freeze.ics"
    slot = schedule.at((), dt.datetime(2026, 1, 10, 22, 30, tzinfo=dt.UTC), 60)
    assert (slot.open, slot.why) == (
        False,
        "frozen until Sun 2026-01-11 00:00 UTC (UTC) by `Quarter end` (freeze.ics)",
    )


def test_without_windows_and_freezes_there_is_no_schedule(folder: Path) -> None:
    """Any time is right."""
    assert policies.schedule_of(policies.load_policy(folder / "own.yml", Diagnostics())) is None


class TestCheck:
    def test_a_policy_is_checked_as_one(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With the files that it names; right ones beside it are not mentioned."""
        bad = folder / "bad.yml"
        bad.write_text(TEXT.format(name="bad") + WINDOW.replace("zone: UTC", "zone: Mars") + FREEZE, encoding="utf-8")
        nameless = folder / "nameless.json"
        nameless.write_text('{\n  "vmfix": 1,\n  "approvals": {"unsigned": true}\n}\n', encoding="utf-8")

        assert main(["check", str(folder), str(folder / "own.yml")]) == 3
        out = capsys.readouterr().out
        assert f"{bad}:4:33: error: there is no time zone `Mars`" in out
        assert f"{nameless}:1:1: error: the key `policy` is missing" in out
        assert "own.yml" not in out
        assert "5 documents: 2 errors" in out

    def test_missing_files_of_a_policy_are_named(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """At the place where the policy names them."""
        (folder / "own.yml").write_text(TEXT.format(name="own") + FREEZE, encoding="utf-8")

        assert main(["check", str(folder / "own.yml")]) == 3
        assert f"{folder / 'own.yml'}:4:22: error: {folder / 'freeze.ics'} cannot be read" in capsys.readouterr().out

    def test_a_group_of_that_name_is_no_policy(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Inventories may use the word."""
        (folder / "ansible.yml").write_text("policy:\n  hosts:\n    one:\n", encoding="utf-8")
        (folder / "own.yml").write_text("vmfix: 1\ntargets:\n  one:\n    vars:\n      policy: x\n", encoding="utf-8")

        assert main(["check", str(folder / "ansible.yml"), str(folder / "own.yml")]) == 0
        assert "2 documents: 0 errors, 0 warnings" in capsys.readouterr().out


def test_the_schema_command_knows_policies(capsys: pytest.CaptureFixture[str]) -> None:
    """For an editor."""
    assert main(["schema", "policy"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "vmfix policy"
