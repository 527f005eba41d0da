"""What goes wrong in the middle: lost connections, programs that hang, Ctrl-C, other ways to become root."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from examples.lab import Lab
from examples.lab.namespace import processes as processes_of
from examples.lab.sent import changes, sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CODE, Desk, Done, wait_for, wrap

pytestmark = pytest.mark.real

PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "linux" / "fs-freeze-failed.yml"
# A repair that waits until it is let go; from then on it is the real one.
HELD_REPAIR = """\
case "$*" in *-p*) ;; *) exec "$REAL" "$@" ;; esac
touch /dev/shm/begun
until [ -e /dev/shm/go ]; do sleep 0.1; done
"$REAL" "$@"
code=$?
touch /dev/shm/ended
exit "$code"
"""
# Children of every kind: in the background, in a session of its own, deaf to SIGTERM.
HANGS = "trap '' TERM\nsleep 7001 &\nsetsid sh -c 'sleep 7002; :' &\nsleep 7003; :"
HANGING_CHANGE = """\
vmfix: 1
playbook: hanging-change
title: A change hangs
platform: linux
solves: [UserErrorHangs]
observe:
  there: {command: [test, -e, /root/changed], parse: exit_code, ok_exit: [0, 1]}
healthy: there == 0
remedies:
  - id: hang
    risk: [config]
    approval: It hangs.
    takes: 1m
    steps:
      - id: hang
        shell: {script: "sleep 7004; touch /root/changed"}
        at_most: 2s
"""


def held(lab: Lab, name: str) -> None:
    """Wait until a repair is held.

    Its process line is seen earlier, in that of the shell that starts it: cut then, the repair never begins.
    """
    wait_for(lambda: _marked(lab, name, "begun"), "the repair")


def _marked(lab: Lab, name: str, mark: str) -> str:
    return lab.run(name, "find", "/dev/shm", "-name", mark)  # noqa: S108 - on the target


def let_go(lab: Lab, name: str) -> None:
    """Let a held repair begin, and wait for its end."""
    lab.run(name, "touch", "/dev/shm/go")  # noqa: S108 - on the target
    wait_for(lambda: _marked(lab, name, "ended"), "the end of the repair")


def running(lab: Lab, name: str, word: str) -> list[str]:
    """The target's processes with a word in their command line, seen from outside."""
    return [line for line in processes_of(lab.init_pid(name)).values() if word in line]


def repairs(lab: Lab, name: str) -> int:
    """How often e2fsck was told to repair."""
    return sum(command.program == "e2fsck" and "-p" in command.words for command in sent(lab, name))


def quick(desk: Desk, at_most: str) -> Path:
    """A folder with the playbook, whose observations have another deadline."""
    folder = desk.lab.folder / "books"
    folder.mkdir()
    text = re.sub(r"at_most: (30|60)s", f"at_most: {at_most}", PLAYBOOK.read_text(encoding="utf-8"))
    (folder / PLAYBOOK.name).write_text(text, encoding="utf-8")
    return folder


class TestLostConnection:
    def test_a_repair_that_outlives_its_connection_is_indeterminate_and_never_sent_twice(self, desk_of: DeskOf) -> None:
        """The connection is cut while e2fsck repairs: it goes on over there, and the report does not guess."""
        desk = desk_of("web=ext4-dirty")
        wrap(desk.lab, "web", "e2fsck", HELD_REPAIR)

        with desk.start("run", "--approve", "all", "--json") as process:
            held(desk.lab, "web")
            assert desk.lab.kill_connections("web") > 0
            out, err = process.communicate(timeout=100)
        done = Done(process.returncode, out, err)

        assert (done.code, done.statuses["web"]) == (6, "indeterminate"), done.text
        assert repairs(desk.lab, "web") == 1
        let_go(desk.lab, "web")
        assert desk.lab.check_clean("web").clean

    def test_a_repair_that_has_ended_by_the_time_we_look_is_settled(self, desk_of: DeskOf) -> None:
        """What is found is what counts: it was repaired, so the ladder goes on, and nothing is sent twice."""
        desk = desk_of("web=ext4-dirty")
        wrap(desk.lab, "web", "e2fsck", HELD_REPAIR)

        with desk.start("run", "--approve", "all", "--json") as process:
            held(desk.lab, "web")
            desk.lab.stop_sshd("web")  # so that nobody looks before it has ended
            desk.lab.kill_connections("web")
            let_go(desk.lab, "web")
            desk.lab.start_sshd("web")
            out, err = process.communicate(timeout=100)
        done = Done(process.returncode, out, err)

        assert repairs(desk.lab, "web") == 1
        assert (done.code, done.statuses["web"]) in {(0, "fixed"), (6, "indeterminate")}, done.text
        assert desk.lab.check_clean("web").clean
        if done.code == 0:
            assert desk.lab.state("web").mount_at("/data") is not None

    def test_a_target_that_goes_away_while_it_is_looked_at_is_unreachable_and_the_others_go_on(
        self, desk_of: DeskOf
    ) -> None:
        """No server any more: nothing was sent, and the exit code says that a target is not in order."""
        desk = desk_of("web=ext4-dirty", "gone=ext4-dirty")
        desk.lab.stop_sshd("gone")

        done = desk.mend()

        assert done.code == 5
        assert done.statuses == {"web": "fixed", "gone": "unreachable"}
        assert desk.lab.commands("gone") == []


class TestHanging:
    @pytest.mark.parametrize(
        ("program", "folder"), [("tune2fs", "/usr/local/sbin"), ("findmnt", "/usr/local/bin")], ids=["sudo", "user"]
    )
    def test_an_observation_that_hangs_is_dead_soon_after_its_deadline(
        self, desk_of: DeskOf, program: str, folder: str
    ) -> None:
        """With all its children, under sudo too; nothing was changed, and the entry says what did not answer."""
        desk = desk_of("web=ext4-dirty")
        wrap(desk.lab, "web", program, HANGS, folder=folder)

        done = desk.work("plan", "--playbooks", quick(desk, "2s"))

        assert done.code == 5
        assert "did not end within 2 s" in done.text
        assert "all its processes were ended" in done.text
        assert running(desk.lab, "web", "sleep 700") == []
        assert running(desk.lab, "web", program) == []

    @pytest.mark.parametrize("user", ["azureuser", "root"])
    def test_a_change_that_hangs_is_indeterminate_and_goes_on(self, desk_of: DeskOf, user: str) -> None:
        """It is not killed, and nobody says that it failed."""
        desk = desk_of("web=healthy")
        done = _hanging_change(desk, user, "")

        assert (done.code, done.statuses["web"]) == (6, "indeterminate")
        assert "left running" in done.text
        assert running(desk.lab, "web", "sleep 7004")

    def test_a_change_whose_author_says_so_is_killed(self, desk_of: DeskOf) -> None:
        """`at_deadline: kill`: the process is dead; what it did is still not known."""
        desk = desk_of("web=healthy")
        done = _hanging_change(desk, "azureuser", "        at_deadline: kill\n")

        assert done.code in {5, 6}
        assert done.statuses["web"] in {"indeterminate", "failed", "not_fixed"}
        assert running(desk.lab, "web", "sleep 7004") == []


def _hanging_change(desk: Desk, user: str, deadline: str) -> Done:
    book = desk.lab.folder / "hanging.yml"
    book.write_text(HANGING_CHANGE + deadline, encoding="utf-8")
    inventory = desk.inventory("web", user=user)
    return desk.vmfix("run", book, "-i", inventory, "--approve", "all", "--json")


class TestInterrupted:
    def test_ctrl_c_stops_between_remedies(self, desk_of: DeskOf) -> None:
        """The remedy under way is finished, mounting again included; the next target is not touched."""
        desk = desk_of("a=ext4-dirty", "b=ext4-dirty")
        wrap(desk.lab, "a", "e2fsck", HELD_REPAIR)

        with desk.start("run", "--approve", "all", "--concurrency", 1, "--json") as process:
            _interrupt(desk, process)
            let_go(desk.lab, "a")
            out, err = process.communicate(timeout=60)
        done = Done(process.returncode, out, err)

        assert done.code in {5, 130}
        assert done.statuses == {"a": "fixed", "b": "cancelled"}
        assert desk.lab.state("a").mount_at("/data") is not None
        assert changes(sent(desk.lab, "b")) == []

    def test_a_second_ctrl_c_says_what_is_left_half_done(self, desk_of: DeskOf) -> None:
        """It stops at once: the repair goes on over there, and the report says that its outcome is not known."""
        desk = desk_of("a=ext4-dirty")
        wrap(desk.lab, "a", "e2fsck", HELD_REPAIR)

        with desk.start("run", "--approve", "all", "--json") as process:
            _interrupt(desk, process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        done = Done(process.returncode, out, err)

        assert done.code in {6, 130}
        assert done.statuses == {"a": "indeterminate"}
        assert repairs(desk.lab, "a") == 1
        assert "unmount" in done.text
        let_go(desk.lab, "a")
        assert desk.lab.check_clean("a").clean


def _interrupt(desk: Desk, process: subprocess.Popen[str]) -> None:
    """Ctrl-C while target `a` is being repaired, and wait for the answer to it."""
    assert process.stderr is not None
    held(desk.lab, "a")
    process.send_signal(signal.SIGINT)
    for line in process.stderr:
        if "A second Ctrl-C" in line:
            return
    pytest.fail("no answer to Ctrl-C")


class TestOtherLogins:
    def test_sudo_with_a_password_from_the_environment(self, desk_of: DeskOf, monkeypatch: pytest.MonkeyPatch) -> None:
        """The password goes to sudo's own prompt, by reference from the inventory."""
        desk = desk_of("web=ext4-dirty")
        monkeypatch.setenv("VMFIX_TEST_SUDO", desk.lab.password)
        inventory = desk.inventory("web", user="sudopw", ssh={"sudo_password": {"env": "VMFIX_TEST_SUDO"}})

        done = desk.vmfix("run", CODE, "-i", inventory, "--approve", "all", "--json")

        assert done.statuses == {"web": "fixed"}, done.text
        assert desk.lab.check_clean("web").clean
        assert desk.lab.password not in json.dumps(desk.lab.commands("web"))

    def test_a_login_as_root_needs_no_sudo(self, desk_of: DeskOf) -> None:
        """The target says that it is root already."""
        desk = desk_of("web=ext4-dirty")

        done = desk.vmfix("run", CODE, "-i", desk.inventory("web", user="root"), "--approve", "all", "--json")

        assert done.statuses == {"web": "fixed"}
        assert not any(line.startswith("exec sudo") for line in desk.lab.commands("web"))
