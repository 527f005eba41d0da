"""Bad input of every kind: one clear message with position and remedy, the right exit code, and no change anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.lab.sent import changes, sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CODE, Desk, Done

pytestmark = pytest.mark.real

BAD_BOOK = """\
vmfix: 1
playbook: bad
title: Bad in three ways
platform: linux
observe:
  mounts: {command: [umount, /data], parse: lines}
healthy: mounts ==
remedeis: []
"""
WRITING_BOOK = """\
vmfix: 1
playbook: writes
title: Its observation writes
platform: linux
solves: [UserErrorWrites]
observe:
  mounts: {command: [umount, /data], parse: lines}
healthy: mounts == []
remedies:
  - {id: by-hand, manual: Look at it.}
"""
BAD_INVENTORY = """\
vmfix: 1
targets:
  web: {transport: shh, address: 127.0.0.1}
  web: {transport: ssh, address: 127.0.0.1, port: many}
"""


@pytest.fixture
def desk(desk_of: DeskOf) -> Desk:
    """One target that has something to mend, so that a change would be one."""
    return desk_of("web=ext4-dirty")


def untouched(desk: Desk) -> bool:
    """Nothing but observations was sent, and the file system is as broken and as mounted as before."""
    assert changes(sent(desk.lab, "web")) == []
    assert desk.lab.state("web").mount_at("/data") is not None
    return not desk.lab.check_clean("web").clean


def run(desk: Desk, inventory: Path, *more: object) -> Done:
    """A run with consent to everything."""
    return desk.vmfix("run", CODE, "-i", inventory, "--approve", "all", *more)


class TestDocuments:
    def test_all_problems_of_all_documents_come_at_once_with_their_places(self, desk: Desk, tmp_path: Path) -> None:
        """Playbook and inventory: file, line and column of each, and the nearest right thing."""
        book, inventory = tmp_path / "bad.yml", tmp_path / "inventory.yml"
        book.write_text(BAD_BOOK, encoding="utf-8")
        inventory.write_text(BAD_INVENTORY, encoding="utf-8")

        done = desk.vmfix("run", book, "-i", inventory, "--approve", "all")

        assert done.code == 3
        assert f"{book}:8:1" in done.err
        assert "remedies" in done.err
        assert f"{inventory}:4:3" in done.err
        assert "nothing was executed" in done.err
        assert done.out == ""
        assert untouched(desk)

    def test_an_observation_that_may_change_something_is_refused(self, desk: Desk, tmp_path: Path) -> None:
        """`check` and `plan` alike: a program that is not known to only read has to be explained."""
        book = tmp_path / "bad.yml"
        book.write_text(WRITING_BOOK, encoding="utf-8")

        for done in (desk.vmfix("check", book), desk.vmfix("plan", book, "-i", desk.lab.inventory)):
            assert done.code == 3
            assert f"{book}:7:" in done.text
            assert "`umount`" in done.text
        assert desk.lab.commands("web") == []

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["UserErrorFsFreezFailed"], 2, CODE),
            ([CODE, "-e", "log_lines=many"], 3, "log_lines"),
            ([CODE, "-e", "log_line=5"], 3, "log_lines"),
            ([CODE, "-t", "db-*"], 4, "db-*"),
            ([CODE, "-t", "all:!web"], 4, "all:!web"),
            ([CODE, "--expect", "12"], 4, "12"),
            ([CODE, "--expect", "2-5"], 4, "2-5"),
            ([CODE, "--expect", "many"], 2, "many"),
            ([CODE, "--approve", "repiar"], 2, "repair"),
            ([CODE, "--concurrency", "0"], 2, "concurrency"),
            ([CODE, "--playbooks", "/nowhere"], 3, "/nowhere"),
            (["/nowhere/book.yml"], 2, "/nowhere/book.yml"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_words_that_are_off_are_refused_before_anything_is_sent(
        self, desk: Desk, words: list[str], code: int, said: str
    ) -> None:
        """The message names what was given or what was meant; no target hears of it."""
        consent = [] if "--approve" in words else ["--approve", "all"]
        done = desk.vmfix("run", *words, "-i", desk.lab.inventory, *consent)

        assert done.code == code, done.text
        assert said in done.err
        assert "Traceback" not in done.err
        assert desk.lab.commands("web") == []

    def test_an_inventory_that_is_not_there_is_named(self, desk: Desk, tmp_path: Path) -> None:
        """So is one that is a picture, say."""
        picture = tmp_path / "picture.yml"
        picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00")

        for path in (tmp_path / "nothing.yml", picture):
            done = run(desk, path)
            assert done.code in {2, 3}
            assert str(path) in done.err
            assert "Traceback" not in done.err

    def test_without_consent_nothing_runs(self, desk: Desk) -> None:
        """No terminal and no --approve: the plan is shown, with the words that would run it."""
        done = desk.work("run")

        assert done.code == 4
        assert "--approve fs-freeze-failed/repair" in done.text
        assert untouched(desk)


class TestTargets:
    """What only shows when a target is looked at ends there, as its status."""

    def expect(self, desk: Desk, done: Done, status: str, *said: str) -> None:
        """One target, one status, one message; nothing was changed. A run that is refused everywhere ends with 4."""
        assert done.code == (5 if status == "unreachable" else 4), done.text
        assert done.statuses == {"web": status}
        entry = done.entries["web"]
        text = f"{entry['reason']} {entry['advice']}"
        for word in said:
            assert word in text
        assert entry["changed"] is False
        assert untouched(desk)

    def test_an_unreachable_target(self, desk: Desk) -> None:
        """Nobody listens."""
        desk.lab.stop_sshd("web")
        self.expect(desk, desk.mend(), "unreachable", "127.0.0.1", str(desk.lab.port("web")))

    def test_an_address_that_does_not_exist(self, desk: Desk) -> None:
        """The name cannot be resolved."""
        done = run(desk, desk.inventory("web", address="no-such-name.invalid"), "--json")
        self.expect(desk, done, "unreachable", "no-such-name.invalid")

    def test_a_refused_login(self, desk: Desk) -> None:
        """The account does not exist over there."""
        done = run(desk, desk.inventory("web", user="nobody-here"), "--json")
        self.expect(desk, done, "unreachable", "nobody-here")

    def test_a_wrong_password(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The password is named by its reference and never by its value."""
        monkeypatch.setenv("VMFIX_TEST_LOGIN", "not-the-password")
        login = {"password": {"env": "VMFIX_TEST_LOGIN"}, "key_files": [], "agent": False}
        done = run(desk, desk.inventory("web", user="sudopw", ssh=login), "--json")
        self.expect(desk, done, "unreachable", "sudopw")
        assert "not-the-password" not in done.out + done.err

    def test_a_changed_host_key(self, desk: Desk) -> None:
        """No login is even tried."""
        desk.lab.change_host_key("web")
        self.expect(desk, desk.mend(), "refused", "host key", "Somebody may stand between")
        assert desk.lab.commands("web") == []

    def test_a_host_key_that_nobody_knows(self, desk: Desk, tmp_path: Path) -> None:
        """The message says how to get it, and nothing is trusted on first use."""
        empty = tmp_path / "known_hosts"
        empty.touch()
        done = run(desk, desk.inventory("web", ssh={"known_hosts": [str(empty)]}), "--json")
        self.expect(desk, done, "refused", "host key is not known", "ssh-keyscan")
        assert empty.read_bytes() == b""

    def test_the_wrong_machine_behind_the_address(self, desk: Desk) -> None:
        """Its host key is known, but it calls itself by another name than the inventory does."""
        done = run(desk, desk.inventory("web", hostname="payroll-01"), "--json")
        self.expect(desk, done, "refused", "payroll-01", "'web'", "not the one that is meant")

    def test_the_right_machine_behind_the_address(self, desk: Desk) -> None:
        """The same with its own name is mended, domain and capitals aside."""
        done = run(desk, desk.inventory("web", hostname="WEB.example.com"), "--json")
        assert done.statuses == {"web": "fixed"}

    def test_a_missing_secret(self, desk: Desk) -> None:
        """The reference is named."""
        ssh = {"sudo_password": {"env": "VMFIX_TEST_NOT_SET"}}
        done = run(desk, desk.inventory("web", user="sudopw", ssh=ssh), "--json")
        assert done.code in {4, 5}
        assert "VMFIX_TEST_NOT_SET" in done.out
        assert untouched(desk)

    def test_no_sudo(self, desk: Desk) -> None:
        """The account may log in, and may not become root."""
        done = run(desk, desk.inventory("web", user="nosudo"), "--json")
        self.expect(desk, done, "refused", "sudo", "nothing was sent")

    def test_a_wrong_sudo_password(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """sudo is asked once, and the password is named by its reference."""
        monkeypatch.setenv("VMFIX_TEST_SUDO", "wrong-one")
        ssh = {"sudo_password": {"env": "VMFIX_TEST_SUDO"}}
        done = run(desk, desk.inventory("web", user="sudopw", ssh=ssh), "--json")
        self.expect(desk, done, "refused", "env: VMFIX_TEST_SUDO")
        assert "wrong-one" not in done.out + done.err

    def test_a_saved_plan_for_a_target_that_is_another_now_is_refused(self, desk: Desk, tmp_path: Path) -> None:
        """What was approved is not what would be run."""
        plan = tmp_path / "plan.json"
        assert desk.work("plan", "-o", plan).code == 0
        other = desk.inventory("web", user="root")

        done = desk.vmfix("run", "--plan", plan, "-i", other, "--approve", "all")

        assert done.code == 4
        assert "target `web` is not as in the plan" in done.err
        assert untouched(desk)

    def test_a_target_that_changed_since_the_plan_is_stale_and_untouched(self, desk: Desk, tmp_path: Path) -> None:
        """It is mounted otherwise by now: the commands would be others, so none is sent."""
        plan = tmp_path / "plan.json"
        assert desk.work("plan", "-o", plan).code == 0
        device = desk.lab.device("web")
        desk.lab.run("web", "sh", "-ec", 'umount /data; mount -o noatime,nodev "$1" /data', "sh", device)

        done = desk.vmfix("run", "--plan", plan, "-i", desk.lab.inventory, "--approve", "all", "--json")

        self.expect(desk, done, "stale")
