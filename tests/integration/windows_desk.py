"""What the tests of the Windows playbooks ask of a lab's endpoint, and of its targets from outside."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from tests.integration.lab_desk import Desk, Done

READS = re.compile(
    r"(sc (query|queryex|qc|enumdepend) |reg query |vssadmin list writers|wevtutil qe |where /r |"
    r"certutil -hashfile |whoami|hostname|net start$)"
)


def sent(desk: Desk, name: str) -> list[str]:
    """Every command line that the target's endpoint was asked to run."""
    return desk.lab.commands(name)


def changes(desk: Desk, name: str) -> list[str]:
    """Those that are not known to only read."""
    return [line for line in sent(desk, name) if not READS.match(line)]


def run(desk: Desk, code: str, *more: object) -> Done:
    """Run with consent to all remedies, as a CI job does."""
    return desk.vmfix("run", code, "-i", desk.lab.inventory, "--approve", "all", "--json", *more)


def run_and_prove(desk: Desk, code: str, expected: Mapping[str, str], *more: object) -> Done:
    """Run, compare the statuses, and look at each mended target from outside WinRM."""
    done = run(desk, code, *more)
    assert done.statuses == dict(expected), done.text
    for name, status in expected.items():
        problems = {what: why for what, why in desk.lab.windows(name).problems().items() if why}
        assert not problems or status not in {"fixed", "healthy", "refused"}, (name, problems)
    return done


def dry_run_then_run(desk: Desk, code: str, expected: Mapping[str, str], *more: object) -> Done:
    """All of these targets: first only looked at, then run, compared and looked at from outside."""
    dry_run_only_reads(desk, code, expected)
    return run_and_prove(desk, code, expected, *more)


def second_run_changes_nothing(desk: Desk, code: str, expected: Mapping[str, str]) -> None:
    """What ended in order is seen to be in order, and is only looked at."""
    names = [name for name, status in expected.items() if status in {"fixed", "healthy", "applied"}]
    before = {name: len(changes(desk, name)) for name in names}
    done = run(desk, code, "-t", ",".join(names))
    assert set(done.statuses.values()) <= {"healthy", "applied"}, done.text
    assert done.code == 0
    assert {name: len(changes(desk, name)) for name in names} == before


def dry_run_only_reads(desk: Desk, code: str, names: Collection[str]) -> None:
    """The endpoint's log has observations only."""
    assert desk.vmfix("run", code, "-i", desk.lab.inventory, "--dry-run").code in {0, 5}
    assert [line for name in names for line in changes(desk, name)] == []
    assert all(sent(desk, name) for name in names)
