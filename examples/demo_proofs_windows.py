"""The same for the Windows targets: their registry and services past WinRM, and the log of the WinRM endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from examples.demo_cast import BACKING_UP, FAILED, Cast
from examples.demo_show import say
from examples.lab import Lab
from examples.lab.windows.wine.seen import Seen, SeenService

# How command lines begin that only look. Whatever else was sent counts as a change.
LOOKING = ("reg query ", "sc enumdepend ", "sc qc ", "sc query", "vssadmin list ", "wevtutil qe ", "whoami ")
APPROVED = ["net stop SQLWriter", "net start SQLWriter"]
# `vssadmin list writers` starts it, here as on Windows, and it stops by itself.
STARTED_BY_LOOKING = "vss"


def proved(holds: object, what: str) -> None:
    """Say a proof, or fail by it."""
    if not holds:
        raise AssertionError(what)
    say(f"  proved: {what}")


def look(lab: Lab, cast: Cast) -> dict[str, Seen]:
    """Writers, services and registry now, without the one service that a look starts."""
    seen = {name: lab.windows(name).look() for name in cast.windows}
    return {name: replace(each, services=_but_vss(each)) for name, each in seen.items()}


def _but_vss(seen: Seen) -> dict[str, SeenService]:
    return {name: service for name, service in seen.services.items() if name != STARTED_BY_LOOKING}


def only_observations(lab: Lab, names: Sequence[str], what: str) -> None:
    """Every command line that the endpoints were asked to run is one that only reads."""
    found = [f"{name}: {line}" for name in names for line in changes(lab, name)]
    count = sum(len(lab.commands(name)) for name in names)
    proved(count and not found, f"{what}: {count} commands in the logs of WinRM, all of them only read{found or ''}")


def changes(lab: Lab, name: str) -> list[str]:
    """What a target was sent that may change something, by how it begins and by what cmd.exe would make of it."""
    return [line for line in lab.commands(name) if not line.startswith(LOOKING) or _joins(line)]


def _joins(line: str) -> bool:
    """Whether the line redirects, or holds another command. cmd.exe sees neither inside quotes."""
    return bool(re.search(r"[&|<>]", re.sub(r'"[^"]*"', "", line)))


def after_mending(lab: Lab, before: Mapping[str, Seen], now: Mapping[str, Seen], *, everything: bool) -> None:
    """One is mended by what was approved, and by nothing else; the other was left alone."""
    if everything:
        wants = lab.windows(FAILED).problems()
        wrong = {want: why for want, why in wants.items() if why}
        proved(not wrong, f"{FAILED}: {', '.join(wants)} (seen past WinRM){wrong or ''}")
        done = changes(lab, FAILED)
        proved(done == APPROVED, f"{FAILED}: all that it was sent to change something is {'; '.join(done)}")
    only_observations(lab, (BACKING_UP,), f"{BACKING_UP} was refused and was only looked at")
    proved(now[BACKING_UP] == before[BACKING_UP], f"{BACKING_UP}: its backup goes on; no service was touched")
