"""Builds one target of a scenario: its disks, its name spaces, its files, its mounts, its SSH server."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from examples.lab import agent, images, namespace, sshd, waagent
from examples.lab.accounts import Access, File, account_files
from examples.lab.errors import LabError
from examples.lab.images import Disk
from examples.lab.registry import Target
from examples.lab.scenarios import Scenario, Volume
from examples.lab.scenarios_agent import LINUX_SCENARIOS
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS

NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
NAME_LIMIT = 63  # of a host name
FSTAB_ESCAPES = str.maketrans({" ": "\\040", "\t": "\\011", "\\": "\\134"})
# Transactions that have reached the log but not their places, then the end: what pulling the disk would leave.
SHUT_DOWN = """
for i in 1 2 3 4 5 6 7 8 9; do echo "$i" >"$1/pending$i"; done
sync -f "$1"
rm -f "$1"/pending[1-4]
xfs_io -x -c 'shutdown -f' "$1"
"""
KEEP_BUSY = 'cd /; setsid tail -f "$1/journal.log" </dev/null >/dev/null 2>&1 &'


def name_targets(wanted: Iterable[str], *, taken: Iterable[str]) -> dict[str, str]:
    """Give each of `scenario` and `name=scenario` a name of its own; twice the same scenario becomes NAME-2."""
    used = set(taken)
    named: dict[str, str] = {}
    for text in wanted:
        given, equals, scenario = text.rpartition("=")
        if scenario not in LINUX_SCENARIOS and scenario not in WINDOWS_SCENARIOS:
            known = ", ".join((*LINUX_SCENARIOS, *WINDOWS_SCENARIOS))
            raise LabError(f"There is no scenario {scenario!r}; there are: {known}")
        name = given if equals else _free_name(scenario, used)
        if name in used:
            raise LabError(f"There is a target {name!r} already; use reset, or another name")
        if not name or not set(name) <= NAME_LETTERS or len(name) > NAME_LIMIT or name.startswith("-"):
            raise LabError(f"{name!r} cannot name a target: small letters, digits and hyphens, as in host names")
        used.add(name)
        named[name] = scenario
    return named


def _free_name(scenario: str, used: set[str]) -> str:
    count, name = 1, scenario
    while name in used:
        count += 1
        name = f"{scenario}-{count}"
    return name


def start_target(lab: Path, name: str, scenario_name: str, access: Access, *, port: int | None = None) -> Target:
    """Start a target, with a new host key and a free port unless `port` says that it is to be the old one again."""
    folder, scenario = lab / name, LINUX_SCENARIOS[scenario_name]
    folder.mkdir(exist_ok=True)
    made = [images.make_disk(folder, i, volume, seed=name) for i, volume in enumerate(scenario.volumes)]
    disks = tuple(disk for disk, _ in made)
    init = namespace.start(folder, name, with_systemd=scenario.agent is not None)
    namespace.write(init, [*account_files(name, access.password_hash), *_scenario_files(scenario, disks)])
    _mount(init, scenario.volumes, [device for _, device in made], disks)
    if scenario.agent is not None:
        agent.set_up(init, scenario.agent)
    _prepare_log(folder, keep=port is not None)
    if port is None:
        sshd.make_key(folder / "host_key", name)
        port = sshd.start_on_free_port(init, folder, access.client_key)
    else:
        sshd.put_settings(init, folder, port, access.client_key)
        if not sshd.start(init, folder):
            raise LabError(f"Port {port} of target {name} was taken by another program meanwhile")
    return Target(scenario=scenario_name, port=port, disks=disks)


def end_target(lab: Path, name: str) -> None:
    """End a target and let its loop devices go; the images stay."""
    namespace.end(lab / name)
    images.detach(lab / name)


def _prepare_log(folder: Path, *, keep: bool) -> None:
    log = folder / "log" / "upper" / "commands.jsonl"
    if not keep or not log.exists():
        log.write_bytes(b"")
    log.chmod(0o622)  # every login appends
    link = folder / "commands.jsonl"
    if not link.is_symlink():
        link.symlink_to(log.relative_to(folder))


def _scenario_files(scenario: Scenario, disks: Sequence[Disk]) -> list[File]:
    files = [File(path="/etc/fstab", data=_fstab(scenario.volumes, disks))]
    if scenario.waagent:
        mounts = [path for volume in scenario.volumes for path in _mount_points(volume)]
        log = waagent.extension_log(
            mounts=mounts, outcome=scenario.outcome, guilty=scenario.guilty, reason=scenario.reason
        )
        files += [
            File(path=waagent.LOG, data=log),
            File(path="/etc/waagent.conf", data=waagent.WAAGENT_CONF),
            File(path=waagent.TEMPLATE, data=waagent.TEMPLATE_TEXT),
            File(path=waagent.LOCK, data=b""),
        ]
    if scenario.conf is not None:
        files.append(File(path=waagent.CONF, data=scenario.conf, mode=scenario.conf_mode, owner=scenario.conf_owner))
    return files


def _fstab(volumes: Sequence[Volume], disks: Sequence[Disk]) -> bytes:
    lines = ["# <file system> <mount point> <type> <options> <dump> <pass>"]
    for volume, disk in zip(volumes, disks, strict=True):
        paths = [path.translate(FSTAB_ESCAPES) for path in _mount_points(volume) if volume.fstab]
        lines += [f"UUID={disk.uuid} {path} {volume.fstype} {volume.options} 0 2" for path in paths]
    return ("\n".join(lines) + "\n").encode()


def _mount_points(volume: Volume) -> list[str]:
    """Where a volume is mounted, in that order: the place it ought not to be mounted at comes first."""
    return [volume.also_at, volume.mount] if volume.also_at is not None else [volume.mount]


def _mount(init: int, volumes: Sequence[Volume], devices: Sequence[str], disks: Sequence[Disk]) -> None:
    """Give the target its disks and mount them, by /etc/fstab where they are listed there."""
    for volume, device, disk in zip(volumes, devices, disks, strict=True):
        number = device.removeprefix("/dev/loop")
        lines = [f"mknod -m 660 {device} b 7 {number}", f"ln -s {device} /dev/disk/by-uuid/{disk.uuid}"]
        for path in _mount_points(volume):
            quoted = shlex.quote(path)
            by_hand = f"-t {volume.fstype} -o {volume.options} {device} {quoted}"
            lines.append(f"mkdir -p {quoted}; mount {quoted if volume.fstab else by_hand}")
        namespace.inside(init, ["sh", "-ec", "\n".join(lines)])
        if volume.shut_down:
            namespace.inside(init, ["sh", "-ec", SHUT_DOWN, "sh", volume.mount])
        if volume.busy:
            namespace.inside(init, ["sh", "-ec", KEEP_BUSY, "sh", volume.mount])
