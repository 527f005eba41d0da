"""What looks like success, or like the right place, and is not: each trap on a real target."""

from __future__ import annotations

import pytest

from examples.lab.scenarios import ODD_PATH
from examples.lab.sent import sent
from tests.integration.conftest import DeskOf
from tests.integration.lab_desk import CONF, conf

pytestmark = pytest.mark.real

# By program: words that make its success mean nothing, or its work dangerous. "" is the program itself.
LIES = {
    "fsck": ("",),  # 0 for xfs, which it does not check; 0 for what is mounted, with -M
    "fsfreeze": ("",),
    "umount": ("-l", "-f", "--lazy", "--force", "-a"),
    "xfs_repair": ("-L",),
    "e2fsck": ("-y",),
}


class TestTraps:
    """What looks like success, or like the right place, and is not."""

    def test_no_tool_that_lies_is_ever_sent(self, desk_of: DeskOf) -> None:
        """No `fsck` wrapper (0 for xfs, 0 with -M), no `umount -l` or -f, no `xfs_repair -L`, no `e2fsck -y`."""
        desk = desk_of("a=ext4-dirty", "b=xfs-dirty", "c=xfs-dirty-log", "d=ext4-hopeless", "e=ext4-busy", "f=nested")

        desk.mend()

        for name in desk.lab.targets:
            for command in sent(desk.lab, name):
                forbidden = LIES.get(command.program, ())
                assert not {word for word in command.words for lie in forbidden if word.startswith(lie)}, command

    def test_a_dirty_ext4_is_not_healthy_because_a_look_says_0(self, desk_of: DeskOf) -> None:
        """The superblock says not clean; the log says nothing; it is found, repaired and proved."""
        desk = desk_of("web=ext4-dirty")
        desk.lab.run("web", "sh", "-c", "rm -r /var/log/azure")

        plan = desk.work("plan")
        done = desk.mend()

        assert "not clean by its superblock" in plan.text
        assert "The extension's log was not found" in plan.text
        assert done.statuses == {"web": "fixed"}
        assert desk.lab.check_clean("web").clean

    def test_a_clean_file_system_that_the_log_names_is_checked_once(self, desk_of: DeskOf) -> None:
        """Its check is remembered as the answer to that failure, so a second run finds it healthy."""
        desk = desk_of("db=xfs-dirty")

        done = desk.mend()

        assert done.statuses == {"db": "fixed"}
        assert desk.lab.check_clean("db").clean
        assert desk.mend().statuses == {"db": "healthy"}

    def test_the_template_of_the_article_is_recognised(self, desk_of: DeskOf) -> None:
        """Somebody followed the article to the letter: the plan says that nothing reads that file."""
        desk = desk_of("web=ext4-busy")
        path = desk.lab.run("web", "sh", "-c", "ls /var/lib/waagent/*/main/tempPlugin/vmbackup.conf").strip()
        desk.lab.run("web", "sh", "-c", 'echo "MountsToSkip = /data" >>"$1"', "sh", path)

        plan = desk.work("plan")
        done = desk.mend()

        assert path in plan.text
        assert "a template that nothing reads" in plan.text
        assert done.statuses == {"web": "applied"}
        assert b"/data" in conf(desk.lab, "web")

    def test_the_dead_key_is_named(self, desk_of: DeskOf) -> None:
        """isanysnapshotfailed is read by nothing since 2019, and the plan says so."""
        desk = desk_of("lim=snapshot-limit")

        assert "isanysnapshotfailed is a dead key" in desk.work("plan").text

    def test_mounts_to_skip_has_no_blanks_and_never_the_root(self, desk_of: DeskOf) -> None:
        """What is there already stays, in the form that the extension compares literally."""
        desk = desk_of("app=ext4-busy")
        text = "[SnapshotThread]\nMountsToSkip = /mnt/a, /mnt/b\n"
        desk.lab.run("app", "sh", "-c", f"mkdir -p /etc/azure; cat >{CONF}", stdin=text.encode())

        done = desk.mend()

        assert done.statuses == {"app": "applied"}
        value = conf(desk.lab, "app").decode().partition("MountsToSkip")[2].strip(" =:").splitlines()[0]
        assert value == "/mnt/a,/mnt/b,/data"

    def test_an_odd_mount_point_is_mended_like_any_other(self, desk_of: DeskOf) -> None:
        """A blank, an ampersand and a letter beyond ASCII are part of the name, and of nothing else."""
        desk = desk_of("odd=mount-path-odd")

        assert ODD_PATH in desk.work("plan").text
        assert desk.mend().statuses == {"odd": "fixed"}
        assert desk.lab.check_clean("odd", ODD_PATH).clean

    def test_a_mount_below_goes_first_and_comes_back_last(self, desk_of: DeskOf) -> None:
        """Of nested mounts the inner one is unmounted before the outer one and mounted after it."""
        desk = desk_of("n=nested")

        desk.mend()

        moves = [(c.program, c.words[-1]) for c in sent(desk.lab, "n") if c.program in {"mount", "umount"}]
        assert moves == [("umount", "/data/sub"), ("umount", "/data"), ("mount", "/data"), ("mount", "/data/sub")]
