"""The command line of the lab: `python -m examples.lab up DIR ext4-dirty ...`."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType

from examples.lab.errors import LabError
from examples.lab.fleet import is_windows
from examples.lab.lab import Lab
from examples.lab.scenarios_agent import LINUX_SCENARIOS
from examples.lab.windows.wine.scenarios import WINDOWS_SCENARIOS


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 not clean or not mended, 2 refused."""
    options = _parser().parse_args(argv)
    try:
        return COMMANDS[options.command](options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.lab", description="Practice targets on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("scenarios", help="what a target can suffer from")
    for name, text in {
        "up": "start targets, each given as SCENARIO or NAME=SCENARIO",
        "down": "end all targets; also after a crash",
        "status": "what each target looks like now",
        "break": "break a target anew, as its own or as another scenario",
        "verify": "check a target from outside: copies of its disks and its files, or what its scenario wants",
        "log": "every command that a target was sent",
    }.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("dir", metavar="DIR", help="the folder that holds the lab")
        if name == "up":
            command.add_argument("targets", nargs="+", metavar="SCENARIO|NAME=SCENARIO")
        if name in {"break", "verify", "log"}:
            command.add_argument("target", metavar="TARGET")
        if name == "break":
            command.add_argument("scenario", nargs="?", metavar="SCENARIO")
    return parser


def _scenarios(_: argparse.Namespace) -> int:
    titles = {name: scenario.title for name, scenario in LINUX_SCENARIOS.items()}
    titles |= {name: scenario.title for name, scenario in WINDOWS_SCENARIOS.items()}
    for name, title in titles.items():
        print(f"{name:28}{title}")
    return 0


def _up(options: argparse.Namespace) -> int:
    lab = Lab(options.dir).up(options.targets)
    print(f"{len(lab.targets)} targets run. Inventory: {lab.inventory}")
    return _status(options)


def _down(options: argparse.Namespace) -> int:
    Lab(options.dir).down()
    return 0


def _status(options: argparse.Namespace) -> int:
    lab = Lab(options.dir)
    for name in lab.targets:
        state = lab.state(name)
        print(f"{name:24}{state.scenario:24}{'127.0.0.1:' + str(state.port) if state.running else 'down'}")
        for mount in state.mounts:
            print(f"    {mount.source} on {mount.target} ({mount.fstype}, {mount.options})")
    return 0


def _break(options: argparse.Namespace) -> int:
    Lab(options.dir).reset(options.target, options.scenario)
    return 0


def _verify(options: argparse.Namespace) -> int:
    lab, name = Lab(options.dir), options.target
    if is_windows(lab.state(name).scenario):
        return _verify_windows(lab, name)
    mounted = {mount.target for mount in lab.state(name).mounts}
    dirty = False
    for place in lab.disks(name):
        verdict = lab.check_clean(name, place)
        dirty = dirty or not verdict.clean
        print(f"{place}: {'clean' if verdict.clean else 'DIRTY'}, {'mounted' if place in mounted else 'not mounted'}")
        print("    " + verdict.text.strip().replace("\n", "\n    "))
        if place in mounted:
            print(f"    files lost or changed: {', '.join(lab.wrong_files(name, place)) or 'none'}")
    return int(dirty)


def _verify_windows(lab: Lab, name: str) -> int:
    problems = lab.windows(name).problems()
    for want, problem in problems.items():
        print(f"{'ok ' if problem is None else 'NOT'} {want}{'' if problem is None else ': ' + problem}")
    return int(any(problems.values()))


def _log(options: argparse.Namespace) -> int:
    for entry in Lab(options.dir).log(options.target):
        print(json.dumps(asdict(entry), ensure_ascii=False))
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType(
    {
        "scenarios": _scenarios,
        "up": _up,
        "down": _down,
        "status": _status,
        "break": _break,
        "verify": _verify,
        "log": _log,
    }
)

if __name__ == "__main__":
    sys.exit(main())
