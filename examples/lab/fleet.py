"""Both kinds of targets behind one set of functions: the scenario tells which kind it is."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from examples.lab import images, namespace, sshd, systemd
from examples.lab.accounts import Access
from examples.lab.inventory import Client, write_client_files
from examples.lab.needs import missing, missing_windows
from examples.lab.registry import Record, Target
from examples.lab.scenarios_agent import AGENT_SCENARIOS
from examples.lab.state import LoggedCommand, logged_commands
from examples.lab.target import end_target, start_target
from examples.lab.windows.target import USER, authority_file, end_windows, running_windows, start_windows
from examples.lab.windows.wine import machine
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS
from examples.lab.windows.wsman.log import COMMANDS, read_commands

PARALLEL = 8


def is_windows(scenario: str) -> bool:
    """Whether targets of that scenario are Windows targets."""
    return scenario in WINDOWS_SCENARIOS


def missing_for(scenarios: Iterable[str]) -> list[str]:
    """What keeps this machine from carrying targets of those scenarios, one sentence each."""
    wanted = set(scenarios)
    kinds = {is_windows(scenario) for scenario in wanted}
    with_systemd = systemd.missing() if wanted & AGENT_SCENARIOS.keys() else []
    return [*(missing() if False in kinds else []), *(missing_windows() if True in kinds else []), *with_systemd]


def start(lab: Path, name: str, scenario: str, access: Access, *, port: int | None = None) -> Target:
    """Start a target, at a free port unless `port` says that it is to be the old one again."""
    if is_windows(scenario):
        port = start_windows(lab, name, scenario, access.password, port=port)
        return Target(scenario=scenario, port=port, disks=())
    return start_target(lab, name, scenario, access, port=port)


def start_all(lab: Path, wanted: Mapping[str, str], access: Access) -> dict[str, Target]:
    """Start targets, given as name -> scenario, several at once."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        starting = {name: pool.submit(start, lab, name, scenario, access) for name, scenario in wanted.items()}
    return {name: future.result() for name, future in starting.items()}


def end(lab: Path, name: str) -> None:
    """End a target, whichever kind it is."""
    end_target(lab, name)
    end_windows(lab / name)


def end_all(lab: Path) -> None:
    """End every target, also what the lab's memory does not know of. One that does not end keeps no other from it."""
    with ExitStack() as steps:  # the last one first
        steps.callback(images.detach, lab)
        steps.callback(systemd.leave_nothing, lab)
        for folder in namespace.running(lab):
            steps.callback(namespace.end, folder)
        for folder in running_windows(lab):
            steps.callback(end_windows, folder)


def running(lab: Path) -> set[str]:
    """The names of the targets that run."""
    return {folder.name for folder in namespace.running(lab) | running_windows(lab)}


def find(folder: Path, target: Target) -> int:
    """The PID, on this machine, of a running target's first process."""
    return machine.find(folder) if is_windows(target.scenario) else namespace.find(folder)


def log_file(folder: Path, target: Target) -> Path:
    """Where the commands are kept that a target was sent."""
    return folder / "endpoint" / COMMANDS if is_windows(target.scenario) else folder / "commands.jsonl"


def log(folder: Path, target: Target) -> list[LoggedCommand]:
    """The commands that a target was sent, oldest first."""
    if not is_windows(target.scenario):
        return logged_commands(log_file(folder, target))
    sent = read_commands(folder / "endpoint")
    return [LoggedCommand(time=int(each.at), user=each.account, command=each.line) for each in sent]


def write_files(lab: Path, record: Record) -> None:
    """Write what clients need to reach the targets."""
    linux, windows = dict[str, Client](), dict[str, Client]()
    for name, target in record.targets.items():
        if is_windows(target.scenario):
            windows[name] = Client(port=target.port, trust=str(authority_file(lab / name)))
        else:
            linux[name] = Client(port=target.port, trust=sshd.public_key(lab / name / "host_key"))
    password = lab / "password"
    password.touch(mode=0o600)
    password.write_text(record.password, encoding="ascii")
    write_client_files(lab, linux, windows, windows_user=USER)
