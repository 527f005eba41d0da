"""The lab: several targets in one folder, which together with the kernel holds all of its state."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from examples.lab import fleet, images, namespace, sshd
from examples.lab.accounts import Access, new_password
from examples.lab.errors import LabError
from examples.lab.registry import Record, Target, read_record, write_record
from examples.lab.scenarios_agent import LINUX_SCENARIOS
from examples.lab.state import (
    Cleanliness,
    LoggedCommand,
    TargetState,
    check_copy,
    mounts,
    wrong_files,
)
from examples.lab.target import name_targets
from examples.lab.windows.view import WindowsView
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS


class Lab:
    """Practice targets. `with Lab(folder).up(["ext4-dirty", "web=xfs-dirty"]) as lab:` ends them afterwards.

    A second `Lab` on the same folder, also in another process, sees the same targets.
    """

    def __init__(self, folder: str | Path) -> None:
        """Name the folder; nothing is made before `up`."""
        self.folder = Path(folder).resolve()

    def __enter__(self) -> Self:
        """Return the lab itself; targets are started by `up`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every target, whatever happened."""
        self.down()

    # --- start and stop ---------------------------------------------------------------------------------------------
    def up(self, targets: Iterable[str]) -> Self:
        """Start targets, given as `scenario` or `name=scenario`, beside those that run already.

        Either all of them run afterwards or none of them does. Targets that were ended before are forgotten.
        """
        kept = self._running()
        wanted = name_targets(targets, taken=kept)
        if not wanted:
            raise LabError(f"Name at least one scenario: {', '.join((*LINUX_SCENARIOS, *WINDOWS_SCENARIOS))}")
        if problems := fleet.missing_for(wanted.values()):
            raise LabError(" ".join(problems))
        self._prepare(kept)
        try:
            self._keep(fleet.start_all(self.folder, wanted, self._access()))
        except BaseException:
            with ExitStack() as ends:
                for name in wanted:
                    ends.callback(fleet.end, self.folder, name)
            raise
        return self

    def down(self) -> None:
        """End every target; images and logs stay. Also clears up after a lab whose creator was killed."""
        fleet.end_all(self.folder)

    def reset(self, name: str, scenario: str | None = None) -> None:
        """Break a target anew, as its own or as another scenario, with the same address and keys."""
        old = self._target(name)
        new_scenario = scenario or old.scenario
        if fleet.is_windows(new_scenario) != fleet.is_windows(old.scenario):
            raise LabError(f"Target {name} cannot become {new_scenario}: Windows stays Windows, and Linux Linux")
        name_targets([f"{name}={new_scenario}"], taken=())
        fleet.end(self.folder, name)
        new = fleet.start(self.folder, name, new_scenario, self._access(), port=old.port)
        self._keep({name: new})

    # --- what there is ----------------------------------------------------------------------------------------------
    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets, in the order in which they were started."""
        return tuple(self._record().targets)

    @property
    def password(self) -> str:
        """The password of the user sudopw, for its login and its sudo, and of all users of Windows targets."""
        return self._record().password

    @property
    def client_key(self) -> Path:
        """The private key that opens every login."""
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        """The host keys that the targets had when they were started."""
        return self.folder / "known_hosts"

    @property
    def inventory(self) -> Path:
        """The inventory in vmfix's own format."""
        return self.folder / "inventory.yml"

    @property
    def ssh_config(self) -> Path:
        """An OpenSSH configuration that knows the targets by name: `ssh -F FILE NAME`."""
        return self.folder / "ssh_config"

    def port(self, name: str) -> int:
        """The port of a target on 127.0.0.1."""
        return self._target(name).port

    def init_pid(self, name: str) -> int:
        """The PID, on this machine, of the target's first process."""
        return fleet.find(self.folder / name, self._target(name))

    # --- proof from outside -----------------------------------------------------------------------------------------
    def state(self, name: str) -> TargetState:
        """What the target looks like now, whether it runs or not."""
        target = self._target(name)
        seen = TargetState(name=name, running=False, scenario=target.scenario, port=target.port)
        try:
            init = self.init_pid(name)
        except LabError:
            return seen
        return replace(
            seen,
            running=True,
            host_name=namespace.inside(init, ["uname", "-n"]).strip(),
            mounts=() if fleet.is_windows(target.scenario) else mounts(init),
            processes=tuple(namespace.processes(init).values()),
        )

    def windows(self, name: str) -> WindowsView:
        """A Windows target from outside: its services, writers and registry, and its endpoint."""
        scenario = self._target(name).scenario
        if not fleet.is_windows(scenario):
            raise LabError(f"Target {name} is no Windows target, but {scenario}")
        return WindowsView(self.folder / name, scenario)

    def check_clean(self, name: str, mount: str = "/data") -> Cleanliness:
        """Check a copy of the disk that belongs at `mount`, mounted or not, running or not."""
        disk = self._target(name).disk_at(mount)
        seen = self.state(name)
        device = images.attached(self.folder).get(disk.image)
        where = next((m.target for m in seen.mounts if m.source == device), None)
        init = self.init_pid(name) if seen.running else None
        return check_copy(Path(disk.image), disk.fstype, init=init, mount=where)

    def wrong_files(self, name: str, mount: str = "/data") -> list[str]:
        """The files of known content under `mount` that are gone or changed; empty is what a repair must keep."""
        return wrong_files(self.init_pid(name), mount, self._target(name).disk_at(mount).checksums)

    def disks(self, name: str) -> tuple[str, ...]:
        """Where the target's disks belong."""
        return tuple(disk.mount for disk in self._target(name).disks)

    def device(self, name: str, mount: str = "/data") -> str:
        """The loop device of the disk that belongs at `mount`."""
        return images.attached(self.folder)[self._target(name).disk_at(mount).image]

    def commands(self, name: str) -> list[str]:
        """Every command that the target was sent, oldest first; over SSH, "" is a request for a login shell."""
        return [entry.command for entry in self.log(name)]

    def log(self, name: str) -> list[LoggedCommand]:
        """The same with time and user."""
        return fleet.log(self.folder / name, self._target(name))

    def clear_commands(self, name: str) -> None:
        """Forget the commands so far, to see only those of the next program."""
        fleet.log_file(self.folder / name, self._target(name)).write_bytes(b"")

    def run(self, name: str, *argv: str, stdin: bytes = b"") -> str:
        """Run a command as root on the target, past SSH and past the command log; it must succeed."""
        return namespace.inside(self.init_pid(name), argv, stdin=stdin)

    # --- faults -----------------------------------------------------------------------------------------------------
    def stop_sshd(self, name: str) -> None:
        """New connections are refused from now on; live ones go on."""
        sshd.stop(self.init_pid(name))

    def start_sshd(self, name: str) -> None:
        """Start the server again, on the same port."""
        if not sshd.start(self.init_pid(name), self._folder(name)):
            raise LabError(f"Port {self.port(name)} of target {name} was taken by another program meanwhile")

    def change_host_key(self, name: str) -> None:
        """Give the server another host key; known_hosts keeps the old one."""
        folder = self._folder(name)
        sshd.make_key(folder / "host_key", name)
        client_key = sshd.public_key(self.client_key)
        sshd.put_settings(self.init_pid(name), folder, self.port(name), client_key)
        self.stop_sshd(name)
        self.start_sshd(name)

    def kill_connections(self, name: str) -> int:
        """Cut live connections without a farewell; what they started goes on. Returns how many processes that were."""
        return sshd.kill_connections(self.init_pid(name))

    # --- inside -----------------------------------------------------------------------------------------------------
    def _running(self) -> dict[str, Target]:
        alive = fleet.running(self.folder)
        return {name: target for name, target in self._record().targets.items() if name in alive}

    def _prepare(self, kept: Mapping[str, Target]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self._record()
        if not self.client_key.exists():
            sshd.make_key(self.client_key, "vmfix-lab")
        if not record.password_hash:
            password, password_hash = new_password()
            record = replace(record, password=password, password_hash=password_hash)
        write_record(self.folder, replace(record, targets=dict(kept)))

    def _keep(self, new: Mapping[str, Target]) -> None:
        record = self._record()
        record = replace(record, targets={**record.targets, **new})
        write_record(self.folder, record)
        fleet.write_files(self.folder, record)

    def _access(self) -> Access:
        record, key = self._record(), sshd.public_key(self.client_key)
        return Access(client_key=key, password=record.password, password_hash=record.password_hash)

    def _record(self) -> Record:
        return read_record(self.folder)

    def _target(self, name: str) -> Target:
        targets = self._record().targets
        if name not in targets:
            raise LabError(f"There is no target {name!r} in {self.folder}; there are: {', '.join(targets) or 'none'}")
        return targets[name]

    def _folder(self, name: str) -> Path:
        self._target(name)
        return self.folder / name
