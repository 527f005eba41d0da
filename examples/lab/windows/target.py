"""One Windows target of a lab: a prefix that runs in name spaces of its own, and an endpoint in front of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from examples.lab.errors import LabError
from examples.lab.needs import SEARCH_PATH
from examples.lab.processes import command_lines, kill
from examples.lab.windows.wine import machine
from examples.lab.windows.wine.build import build_tools
from examples.lab.windows.wine.contents import machine_files, machine_keys
from examples.lab.windows.wine.prefix import make_prefix
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS
from examples.lab.windows.wine.seen import Seen, look
from examples.lab.windows.wsman.certificates import Authority

CHECKOUT = Path(__file__).parents[3]
ENDPOINT = "examples.lab.windows.wsman"
USER = "azureuser"
ADDRESS = "127.0.0.1"
# Account -> whether it is an administrator, and whether UAC filters its token.
ACCOUNTS: Mapping[str, tuple[bool, bool]] = {
    USER: (True, False),
    "filtered": (True, True),
    "noadmin": (False, False),
}


def cache_folder() -> Path:
    """Where compiled tools are kept between labs."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "vmfix-lab"


def start_windows(lab: Path, name: str, scenario_name: str, password: str, *, port: int | None = None) -> int:
    """Start a target and return the port of its endpoint: a free one, or `port`, with the certificate of before."""
    folder = lab / name
    start_machine(folder, scenario_name)
    if port is None:
        for old in ("tls", "endpoint"):
            shutil.rmtree(folder / old, ignore_errors=True)
        Authority(folder / "tls", f"vmfix lab, {name}").server((ADDRESS, "localhost"))
    (folder / "endpoint").mkdir(exist_ok=True)
    return _start_endpoint(folder, password, port or 0)


def start_machine(folder: Path, scenario_name: str) -> None:
    """Make and boot the machine of a target, which is named after its folder, without an endpoint."""
    scenario = WINDOWS_SCENARIOS[scenario_name]
    folder.mkdir(exist_ok=True)
    keys, files = machine_keys(scenario, folder.name), machine_files(scenario)
    make_prefix(folder / "prefix", build_tools(cache_folder()), keys, files, scenario.programs)
    machine.start(folder, folder.name, boot_ms=scenario.boot_ms)


def authority_file(folder: Path) -> Path:
    """The certificate that clients of a target have to trust."""
    return folder / "tls" / "authority.pem"


def _start_endpoint(folder: Path, password: str, port: int) -> int:
    config = folder / "endpoint.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(_config(folder, password, port), indent=1), encoding="utf-8")
    # setsid forks: the endpoint outlives this program, so it must not be a child that somebody has to collect.
    argv = ["setsid", "--fork", sys.executable, "-m", ENDPOINT, str(config)]
    environment = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "HOME": "/", "PYTHONPATH": str(CHECKOUT)}
    with (
        (folder / "endpoint.log").open("wb") as log,
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment, cwd="/"
        ) as process,
    ):
        url = process.stdout.readline().decode() if process.stdout else ""
    if not url:
        said = (folder / "endpoint.log").read_text(errors="replace").strip()
        raise LabError(f"The endpoint of target {folder.name} did not start: {said}")
    return int(url.rpartition(":")[2].partition("/")[0])


def _config(folder: Path, password: str, port: int) -> dict[str, object]:
    accounts = [
        {"name": name, "password": password, "administrator": administrator, "filtered": filtered}
        for name, (administrator, filtered) in ACCOUNTS.items()
    ]
    return {
        "executor": "examples.lab.windows.wine.process:WineExecutor",
        "executor_args": {"folder": str(folder)},
        "machine": True,
        "accounts": accounts,
        "folder": str(folder / "endpoint"),
        "host": ADDRESS,
        "port": port,
        "tls": {"certificate": str(folder / "tls" / "1.pem"), "key": str(folder / "tls" / "1.key")},
        "options": {"machine": folder.name.upper()},
    }


def end_windows(folder: Path) -> None:
    """End a target and its endpoint. Does nothing where neither runs; the prefix and the logs stay."""
    kill([pid for pid, place in _endpoints() if place == folder])
    machine.end(folder)


def running_windows(lab: Path) -> set[Path]:
    """The folders of what runs of a lab's Windows targets, were it the endpoint or the machine alone."""
    return machine.running(lab) | {folder for _, folder in _endpoints() if folder.is_relative_to(lab)}


def _endpoints() -> list[tuple[int, Path]]:
    marked = ((pid, argv) for pid, argv in command_lines() if ENDPOINT in argv[:-1])
    return [(pid, Path(argv[argv.index(ENDPOINT) + 1]).parent) for pid, argv in marked]


def problems(folder: Path, scenario_name: str, seen: Seen | None = None) -> dict[str, str | None]:
    """What has to hold on a target of that scenario when it is mended, and for each what is not so, or None."""
    now = seen or look(folder)
    return {str(want): want.problem(now) for want in WINDOWS_SCENARIOS[scenario_name].wants}
