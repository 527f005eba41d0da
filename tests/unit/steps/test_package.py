"""The step `package`. Output of apt 2.6 and dpkg 1.21 was recorded; that of rpm, dnf, yum and zypper is documented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import ExpressionError, ParseError
from runner.model.command import AtDeadline, Command, CommandResult, Effect
from runner.model.plan import Outcome
from runner.steps.base import Judged
from runner.steps.package import FRESH, Package
from runner.steps.package_args import PackageArgs
from runner.steps.package_state import LISTS_AGE, MANAGER, PackageSeen
from runner.steps.rendering import render_args
from tests.unit.steps.driving import Target, result

PACKAGE = Package()
NAMES = {"apt": "walinuxagent", "dnf": "WALinuxAgent", "zypper": "python-azure-agent"}
OLD = PackageSeen(
    manager="apt-get", name="walinuxagent", version="2.2.45-1", asked=True, candidate="2.9.1.1-1", lists_age=60
)
NEWEST = replace(OLD, version="2.9.1.1-1", candidate="")
MISSING = replace(OLD, version="")
ON_RPM = PackageSeen(manager="dnf", name="WALinuxAgent", version="2.7.0.6-8.el8")
SIMULATED = """\
Reading package lists...
Building dependency tree...
The following packages will be upgraded:
  walinuxagent
1 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.
Inst walinuxagent [2.2.45-1] (2.9.1.1-1 Debian:12/stable [all]) []
Inst python3-distro (1.8.0-1 Debian:12/stable [all])
Conf python3-distro (1.8.0-1 Debian:12/stable [all])
Conf walinuxagent (2.9.1.1-1 Debian:12/stable [all])
"""


def arguments(state: str = "latest", **names: str) -> PackageArgs:
    """Arguments of the step."""
    return render_args(PACKAGE, {"state": state, **(names or NAMES)}, {})


def machine(**answers: CommandResult) -> Target:
    """A target that answers by program: manager, dpkg_query, rpm, apt, age."""

    def answer(command: Command) -> CommandResult:
        if command.script:
            return answers["manager" if command.script == MANAGER else "age"]
        program = next(word for word in command.argv if "=" not in word and word != "env")
        return answers[{"dpkg-query": "dpkg_query", "apt-get": "apt"}.get(program, program)]

    return Target(answer)


def debian(dpkg_query: CommandResult, apt: CommandResult, age: str = "60\n") -> Target:
    """A Debian."""
    return machine(manager=result("/usr/bin/apt-get\n"), dpkg_query=dpkg_query, apt=apt, age=result(age))


# --- observe ---------------------------------------------------------------------------------------------------------


def test_apt_says_what_it_has_and_what_it_would_do() -> None:
    """Nothing is written: no cache, no lock, no lists."""
    target = debian(result("ii |2.2.45-1\n"), result(SIMULATED))

    state = target.observe(PACKAGE.observe(arguments()))

    assert state == replace(OLD, others=("python3-distro",))
    simulation = next(command for command in target.asked if "--simulate" in command.argv)
    assert {"Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=", "--no-remove"} <= set(simulation.argv)
    assert [command.script for command in target.asked if command.script] == [MANAGER, LISTS_AGE]


@pytest.mark.parametrize(
    ("said", "version", "held"),
    [
        (result("ii |2.2.45-1\n"), "2.2.45-1", False),
        (result("hi |2.2.45-1\n"), "2.2.45-1", True),
        (result("rc |2.2.45-1\n"), "", False),
        (result("iF |2.2.45-1\n"), "", False),
        (result("un |\n"), "", False),
        (result("", 1, "dpkg-query: no packages found matching walinuxagent\n"), "", False),
    ],
)
def test_what_counts_as_installed(said: CommandResult, version: str, held: bool) -> None:
    """Removed with its configuration left, half configured: not installed."""
    state = debian(said, result()).observe(PACKAGE.observe(arguments()))
    assert (state.version, state.held) == (version, held)


def test_lists_that_were_never_fetched() -> None:
    """apt-get exits with 100 and cannot find the package: that is no hindrance, its lists will be fetched."""
    unknown = result("Reading package lists...\n", 100, "E: Unable to locate package walinuxagent\n")
    state = debian(result("", 1), unknown, age="").observe(PACKAGE.observe(arguments()))

    assert state == replace(MISSING, candidate="", lists_age=None)
    assert PACKAGE.decide(arguments(), state).outcome is Outcome.WOULD_CHANGE


def test_what_apt_would_refuse_is_a_hindrance() -> None:
    """With its last words."""
    said = result("", 100, "E: Packages need to be removed but remove is disabled.\n")
    state = debian(result("ii |1\n"), said).observe(PACKAGE.observe(arguments()))
    decision = PACKAGE.decide(arguments(), state)

    assert decision.outcome is Outcome.REFUSED
    assert "Packages need to be removed" in decision.evidence


@pytest.mark.parametrize(("path", "manager"), [("/usr/bin/dnf", "dnf"), ("/usr/bin/yum", "yum")])
def test_rpm_says_what_is_installed(path: str, manager: str) -> None:
    """What the repositories have is not asked, for that would fetch their lists."""
    target = machine(manager=result(f"{path}\n"), rpm=result("2.7.0.6-8.el8\n"))
    assert target.observe(PACKAGE.observe(arguments())) == replace(ON_RPM, manager=manager)


def test_rpm_knows_no_such_package() -> None:
    """Exit 1, and words on standard output."""
    target = machine(
        manager=result("/usr/bin/zypper\n"), rpm=result("package python-azure-agent is not installed\n", 1)
    )
    state = target.observe(PACKAGE.observe(arguments()))
    assert (state.manager, state.name, state.version) == ("zypper", "python-azure-agent", "")


@pytest.mark.parametrize("answers", [{"rpm": result("", 2, "error: rpmdb damaged\n")}, {"rpm": result("")}])
def test_a_database_that_does_not_answer_is_an_error(answers: dict[str, CommandResult]) -> None:
    """Never "not installed"."""
    with pytest.raises(ParseError, match="rpm did not say"):
        machine(manager=result("/usr/bin/dnf\n"), **answers).observe(PACKAGE.observe(arguments()))
    with pytest.raises(ParseError, match="dpkg-query did not say"):
        debian(result("", 2, "dpkg-query: error: status database\n"), result()).observe(PACKAGE.observe(arguments()))


def test_a_machine_without_a_package_manager_is_refused() -> None:
    """And so is one whose family the playbook does not name."""
    bare = machine(manager=result("")).observe(PACKAGE.observe(arguments()))
    assert PACKAGE.decide(arguments(), bare).outcome is Outcome.REFUSED
    assert PACKAGE.bound(arguments(), bare) == ()

    only_apt = arguments(apt="walinuxagent")
    red_hat = machine(manager=result("/usr/bin/dnf\n")).observe(PACKAGE.observe(only_apt))
    assert "called for dnf" in PACKAGE.decide(only_apt, red_hat).evidence


# --- decide ----------------------------------------------------------------------------------------------------------


def lines(commands: tuple[Command, ...]) -> list[str]:
    """The commands as lines; each is a change that is never broken off."""
    assert all(c.effect is Effect.CHANGE and c.at_deadline is AtDeadline.LEAVE for c in commands)
    return [" ".join(command.argv) for command in commands]


def test_an_update_by_apt() -> None:
    """Lists first; no questions, no configuration replaced, nothing removed; the way back names the old version."""
    decision = PACKAGE.decide(arguments(), replace(OLD, others=("python3-distro",)))

    assert decision.outcome is Outcome.WOULD_CHANGE
    assert decision.evidence == (
        "walinuxagent is 2.2.45-1; would be 2.9.1.1-1, with python3-distro; its lists of packages are fresh."
    )
    update, install = lines(decision.commands)
    assert update.endswith("apt-get -q -y -o DPkg::Lock::Timeout=120 update")
    assert install.startswith("env LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y")
    assert install.endswith("--force-confold --no-remove install walinuxagent")
    (undo,) = lines(decision.undo)
    assert undo.endswith("--allow-downgrades install walinuxagent=2.2.45-1")
    assert decision.prior["version"] == "2.2.45-1"


@pytest.mark.parametrize(
    ("state", "seen", "outcome"),
    [
        ("present", OLD, Outcome.NO_CHANGE),
        ("present", MISSING, Outcome.WOULD_CHANGE),
        ("present", ON_RPM, Outcome.NO_CHANGE),
        ("present", replace(OLD, held=True), Outcome.NO_CHANGE),
        ("latest", NEWEST, Outcome.NO_CHANGE),
        ("latest", replace(NEWEST, lists_age=FRESH + 1), Outcome.CANNOT_KNOW),
        ("latest", replace(NEWEST, lists_age=None), Outcome.CANNOT_KNOW),
        ("latest", replace(OLD, lists_age=None), Outcome.WOULD_CHANGE),
        ("latest", replace(OLD, held=True), Outcome.REFUSED),
        ("latest", MISSING, Outcome.WOULD_CHANGE),
        ("latest", ON_RPM, Outcome.CANNOT_KNOW),
        ("latest", replace(ON_RPM, version=""), Outcome.WOULD_CHANGE),
    ],
)
def test_what_follows(state: str, seen: PackageSeen, outcome: Outcome) -> None:
    """Old lists prove nothing; what is on hold is left alone; commands stand within the bound."""
    args = arguments(state)
    decision = PACKAGE.decide(args, seen)

    assert decision.outcome is outcome
    assert set(decision.commands) <= set(PACKAGE.bound(args, seen))
    assert bool(decision.commands) == (outcome in (Outcome.WOULD_CHANGE, Outcome.CANNOT_KNOW))


@pytest.mark.parametrize(
    ("seen", "sent", "undo"),
    [
        (ON_RPM, "dnf -y --setopt=exit_on_lock=True upgrade WALinuxAgent", "downgrade WALinuxAgent-2.7.0.6-8.el8"),
        (replace(ON_RPM, manager="yum"), "yum -y --setopt=exit_on_lock=True update WALinuxAgent", "downgrade"),
        (replace(ON_RPM, version=""), "dnf -y --setopt=exit_on_lock=True install WALinuxAgent", "remove WALinuxAgent"),
        (
            replace(ON_RPM, manager="zypper", name="python-azure-agent"),
            "zypper --non-interactive update python-azure-agent",
            "install --oldpackage python-azure-agent=2.7.0.6-8.el8",
        ),
    ],
)
def test_other_package_managers(seen: PackageSeen, sent: str, undo: str) -> None:
    """One call each; they fetch their lists themselves."""
    decision = PACKAGE.decide(arguments(), seen)
    assert lines(decision.commands) == [f"env LC_ALL=C {sent}"]
    assert undo in lines(decision.undo)[0]


def test_offline_every_family_is_shown() -> None:
    """For nobody knows yet which it is."""
    shown = "\n".join(lines(PACKAGE.bound(arguments(), None)))
    for word in ("apt-get -q -y", "dnf -y", "zypper --non-interactive"):
        assert word in shown


def test_how_old_the_lists_are_is_said_in_days() -> None:
    """A plan of the same state is the same plan a minute later."""
    assert "fresh" in PACKAGE.decide(arguments(), replace(OLD, lists_age=80_000)).evidence
    assert "9 days old" in PACKAGE.decide(arguments(), replace(OLD, lists_age=9 * 86_400 + 5)).evidence
    assert "never fetched" in PACKAGE.decide(arguments(), replace(OLD, lists_age=None)).evidence


# --- judge, verify ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "ended", "judged", "word"),
    [
        (OLD, result(code=0), Judged.OK, "exit 0"),
        (OLD, result("", 100, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt)\n"),
         Judged.FAILED, "another program"),
        (OLD, result("", 100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct\n"),
         Judged.FAILED, "broken off"),
        (OLD, result("", 100, "E: Unable to locate package walinuxagent\n"), Judged.FAILED, "Unable to locate"),
        (ON_RPM, result("", 200), Judged.FAILED, "another program"),
        (ON_RPM, result("", 1, "Error: Unable to find a match: WALinuxAgent\n"), Judged.FAILED, "Unable to find"),
        (replace(ON_RPM, manager="zypper"), result("", 7), Judged.FAILED, "another program"),
        (replace(ON_RPM, manager="zypper"), result("", 102), Judged.OK, "restart of the machine"),
        (replace(ON_RPM, manager="zypper"), result("", 106), Judged.OK, "could not be refreshed"),
        (replace(ON_RPM, manager="zypper"), result("", 104, "No provider of 'x'.\n"), Judged.FAILED, "No provider"),
    ],
)  # fmt: skip
def test_exit_codes(seen: PackageSeen, ended: CommandResult, judged: Judged, word: str) -> None:
    """A lock that another program holds is said in words, with what to do."""
    command = PACKAGE.decide(arguments(), seen).commands[-1]
    judgement = PACKAGE.judge(arguments(), command, ended)

    assert judgement.judged is judged
    assert word in judgement.text
    words = ("another program", "broken off", "restart of the machine")
    assert bool(judgement.advice) == any(each in judgement.text for each in words)


@pytest.mark.parametrize(
    ("before", "after", "judged", "text"),
    [
        (OLD, NEWEST, Judged.OK, "walinuxagent: 2.2.45-1 -> 2.9.1.1-1"),
        (MISSING, NEWEST, Judged.OK, "walinuxagent: not installed -> 2.9.1.1-1"),
        (replace(NEWEST, lists_age=None), NEWEST, Judged.OK, "walinuxagent stays 2.9.1.1-1"),
        (OLD, OLD, Judged.FAILED, "2.9.1.1-1 is there"),
        (MISSING, MISSING, Judged.FAILED, "is not installed"),
        (ON_RPM, ON_RPM, Judged.OK, "have none newer"),
    ],
)
def test_only_the_database_is_proof(before: PackageSeen, after: PackageSeen, judged: Judged, text: str) -> None:
    """From which version to which."""
    judgement = PACKAGE.verify(arguments(), before, after)
    assert judgement.judged is judged
    assert text in judgement.text


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-y", "a b", "https://github.com/x.deb", "./a.deb", "a=1", "wa*", ""])
def test_only_plain_names(name: str) -> None:
    """No option, no file, no URL: the article forbids to take the agent from GitHub."""
    with pytest.raises(ExpressionError):
        arguments(apt=name)


def test_a_name_is_needed() -> None:
    """For some family."""
    with pytest.raises(ExpressionError, match="no name is given"):
        render_args(PACKAGE, {"state": "latest"}, {})
