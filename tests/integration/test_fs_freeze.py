"""The main job on real targets: from the error code to file systems that are clean and mounted as before."""

from __future__ import annotations

import json

import pytest

from examples.lab import SCENARIOS
from examples.lab.scenarios import COMMENTED_CONF
from examples.lab.sent import changes, sent, why_script_changes
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CODE, CONF, Desk, attributes, conf, mark, mounted, written

pytestmark = pytest.mark.real

FIXED = (
    "ext4-dirty",
    "ext4-shutdown",
    "xfs-dirty",
    "xfs-dirty-log",
    "not-in-fstab",
    "nested",
    "two-volumes",
    "mount-path-odd",
)
APPLIED = ("ext4-busy", "busy-not-in-fstab", "conf-present")
IGNORED = ("conf-duplicate-key", "conf-duplicate-section", "conf-bom", "conf-percent", "conf-no-header")
HEALTHY = ("healthy", "snapshot-limit", "bare")
PERSON = ("duplicate-mount", *IGNORED)
FAILED = ("ext4-hopeless",)


def test_every_scenario_is_covered() -> None:
    """Whoever adds a scenario says here how it has to end."""
    assert sorted((*FIXED, *APPLIED, *HEALTHY, *PERSON, *FAILED)) == sorted(SCENARIOS)


class TestLooking:
    """`plan` and `run --dry-run`."""

    def test_only_observations_are_sent_and_nothing_is_written(self, desk_of: DeskOf) -> None:
        """On a target of every kind; proved by the log of its sshd and by the times of its files."""
        desk = desk_of(*SCENARIOS)
        marks = {name: mark(desk.lab, name) for name in SCENARIOS}
        before = {name: desk.lab.state(name).mounts for name in SCENARIOS}

        done = [desk.work("plan"), desk.work("run", "--dry-run")]

        assert [one.code for one in done] == [0, 0], done[0].text
        for name in SCENARIOS:
            commands = sent(desk.lab, name)
            assert len(commands) > 6
            assert changes(commands) == []
            assert desk.lab.state(name).mounts == before[name]
            assert written(desk.lab, name, marks[name]) == []

    def test_the_proof_would_notice(self, desk_of: DeskOf) -> None:
        """What a run sends and writes is seen by the very same means."""
        desk = desk_of("web=ext4-dirty", "app=ext4-busy")
        since = {name: mark(desk.lab, name) for name in ("web", "app")}
        desk.mend()

        found = "\n".join(changes(sent(desk.lab, "web")))
        for word in ("umount -- /data", "e2fsck -f -p", "mount -- /data", "/var/lib/vmfix/fs-checked/%2Fdata"):
            assert word in found
        assert "/var/lib/vmfix/fs-checked/%2Fdata" in written(desk.lab, "web", since["web"])
        assert CONF in "\n".join(changes(sent(desk.lab, "app")))
        assert CONF in written(desk.lab, "app", since["app"])

    @pytest.mark.parametrize(
        "script", ['cat "$1" >x', "tune2fs -c 1 x", "find . | xargs; umount x", 'cat x >>"$1"', "(rm -f x)"]
    )
    def test_a_script_that_changes_something_is_told_from_one_that_reads(self, script: str) -> None:
        """The proof's own eye for scripts."""
        assert why_script_changes(script)
        assert why_script_changes('[ -e "$1" ] && cat -- "$1" 2>/dev/null >&2') is None

    def test_a_healthy_target_gets_observations_only(self, desk_of: DeskOf) -> None:
        """A run with all consent in the world changes nothing there, sends nothing else, and says so."""
        desk = desk_of(*HEALTHY)
        marks = {name: mark(desk.lab, name) for name in HEALTHY}

        done = desk.mend()

        assert done.code == 0
        for name in HEALTHY:
            assert done.statuses[name] == "healthy"
            assert done.entries[name]["changed"] is False
            assert changes(sent(desk.lab, name)) == []
            assert written(desk.lab, name, marks[name]) == []

    def test_offline_connects_to_nothing(self, desk_of: DeskOf) -> None:
        """The commands are shown, and no target hears of it."""
        desk = desk_of("web=ext4-dirty")

        done = desk.work("plan", "--offline")

        assert done.code == 0
        assert "MountsToSkip" in done.out
        assert desk.lab.commands("web") == []


class TestMending:
    """`run`, with consent to everything."""

    @pytest.fixture
    def desk(self, desk_of: DeskOf, request: pytest.FixtureRequest) -> Desk:
        return desk_of(*(f"{name}={name}" for name in request.param))

    @pytest.mark.parametrize("desk", [FIXED], indirect=True, ids=["all"])
    def test_what_can_be_unmounted_is_repaired_and_mounted_as_before(self, desk: Desk) -> None:
        """Clean by its own checker, same source, type and options, no file lost; a second run changes nothing."""
        before = {name: mounted(desk.lab, name) for name in FIXED}
        first = desk.mend()

        assert first.code == 0, first.err
        assert first.statuses == dict.fromkeys(FIXED, "fixed")
        for name in FIXED:
            assert mounted(desk.lab, name) == before[name], name
            for place in desk.lab.disks(name):
                assert desk.lab.check_clean(name, place).clean, (name, place)
                assert desk.lab.wrong_files(name, place) == []
        _changes_nothing_again(desk, FIXED)

    @pytest.mark.parametrize("desk", [APPLIED], indirect=True, ids=["all"])
    def test_what_is_busy_goes_to_mounts_to_skip(self, desk: Desk) -> None:
        """The processes are named in the plan; unmounting is not even tried; the next backup has to prove it."""
        before = {name: desk.lab.state(name).mounts for name in APPLIED}
        plan = desk.work("plan")
        assert plan.text.count(": tail)") >= len(APPLIED)

        done = desk.mend()

        assert done.code == 0
        assert done.statuses == dict.fromkeys(APPLIED, "applied")
        for name in APPLIED:
            assert "MountsToSkip" in conf(desk.lab, name).decode()
            assert desk.lab.state(name).mounts == before[name]
            assert "umount" not in {command.program for command in sent(desk.lab, name)}
        _changes_nothing_again(desk, APPLIED, status="applied")

    def test_a_settings_file_keeps_its_comments_line_ends_mode_and_owner(self, desk_of: DeskOf) -> None:
        """One line is added, at the end of its section, and nothing else differs."""
        desk = desk_of("app=conf-present")
        before = attributes(desk.lab, "app")

        desk.mend()

        added = conf(desk.lab, "app").split(b"\r\n")
        old = COMMENTED_CONF.split(b"\r\n")
        new = [line for line in added if line not in old]
        assert len(new) == 1
        assert new[0].replace(b" ", b"").replace(b":", b"=") == b"MountsToSkip=/data"
        assert [line for line in added if line not in new] == old
        assert b"\n" not in b"".join(added)
        assert attributes(desk.lab, "app") == before == "640 azureuser azureuser"

    @pytest.mark.parametrize("desk", [IGNORED], indirect=True, ids=["all"])
    def test_a_settings_file_that_the_extension_would_ignore_is_not_written(self, desk: Desk) -> None:
        """The report says in plain words what is wrong with it and that a person has to correct it."""
        before = {name: conf(desk.lab, name) for name in IGNORED}
        marks = {name: mark(desk.lab, name) for name in IGNORED}

        done = desk.mend()

        said = {
            "conf-duplicate-key": "stands twice",
            "conf-duplicate-section": "the section [SnapshotThread] stands twice",
            "conf-bom": "byte order mark",
            "conf-percent": "%",
            "conf-no-header": "before the first [section]",
        }
        assert done.code == 5
        for name in IGNORED:
            entry = done.entries[name]
            assert entry["status"] == "needs_person"
            assert said[name] in entry["reason"]
            assert "ignores the whole file" in entry["advice"]
            assert conf(desk.lab, name) == before[name]
            assert changes(sent(desk.lab, name)) == []
            assert written(desk.lab, name, marks[name]) == []

    def test_a_file_system_that_needs_a_person_stays_unmounted(self, desk_of: DeskOf) -> None:
        """e2fsck exits 4: it is not mounted again, the report says what to do, and a second run does nothing."""
        desk = desk_of("bad=ext4-hopeless")

        done = desk.mend()

        assert (done.code, done.statuses) == (5, {"bad": "failed"})
        assert desk.lab.state("bad").mount_at("/data") is None
        said = done.entries["bad"]["reason"] + done.entries["bad"]["advice"]
        assert "exit 4: errors were left uncorrected" in said
        assert "left unmounted" in said
        assert "Run e2fsck by hand" in said
        assert "mount" not in {command.program for command in sent(desk.lab, "bad")}
        _changes_nothing_again(desk, ("bad",), code=4, status="refused")
        again = " ".join(desk.work("plan").out.split())
        assert "mount /data should be mounted, but: Nothing is mounted at /data." in again
        assert "left so on purpose, since `check" in again
        assert "Run e2fsck by hand" in again
        assert "When that is mended, put it back" in again

    def test_one_file_system_at_two_places_is_for_a_person(self, desk_of: DeskOf) -> None:
        """Both places are named, nothing is unmounted."""
        desk = desk_of("twice=duplicate-mount")

        done = desk.mend()

        entry = done.entries["twice"]
        assert (done.code, entry["status"]) == (5, "needs_person")
        assert {"/data-old.", "/data."} <= set(entry["advice"].split())
        assert changes(sent(desk.lab, "twice")) == []


def _changes_nothing_again(desk: Desk, names: tuple[str, ...], *, code: int = 0, status: str = "healthy") -> None:
    """A second run sends observations only, writes nothing, and says so."""
    marks = {name: mark(desk.lab, name) for name in names}
    for name in names:
        desk.lab.clear_commands(name)
    again = desk.mend()
    assert again.code == code
    assert again.statuses == dict.fromkeys(names, status)
    for name in names:
        assert again.entries[name]["changed"] is False
        assert changes(sent(desk.lab, name)) == []
        assert written(desk.lab, name, marks[name]) == []


class TestFleet:
    """Several targets, other inventories."""

    def test_six_targets_at_once(self, desk_of: DeskOf) -> None:
        """Each ends for itself; the worst decides the exit code; no target sees another's commands."""
        kinds = ("ext4-dirty", "xfs-dirty", "ext4-busy", "healthy", "ext4-hopeless", "not-in-fstab")
        desk = desk_of(*(f"t{number}={kind}" for number, kind in enumerate(kinds)))

        done = desk.mend("--concurrency", 6)

        assert done.code == 5
        assert [done.statuses[f"t{n}"] for n in range(6)] == [
            "fixed",
            "fixed",
            "applied",
            "healthy",
            "failed",
            "fixed",
        ]
        assert done.data["counts"] == {"fixed": 3, "applied": 1, "healthy": 1, "failed": 1}

    def test_an_ansible_inventory_does_the_same(self, desk_of: DeskOf) -> None:
        """The INI twin, as it is, gives the same plan for the same targets, and is good for the run."""
        desk = desk_of("web=ext4-dirty", "db=xfs-dirty")
        twin = desk.lab.folder / "ansible.ini"

        mine = json.loads(desk.work("plan", "--json").out)["plan"]["entries"]
        theirs = json.loads(desk.vmfix("plan", CODE, "-i", twin, "--json").out)["plan"]["entries"]
        done = desk.vmfix("run", CODE, "-i", twin, "-t", "linux:!db", "--approve", "all", "--json")

        assert [entry["remedies"] for entry in theirs] == [entry["remedies"] for entry in mine]
        assert done.statuses == {"web": "fixed"}
        assert desk.lab.check_clean("web").clean
        assert not desk.lab.check_clean("db").clean
