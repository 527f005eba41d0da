"""vmfix approve: sign, withdraw, show; what can never count is refused before anything is written."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner import approvals, codec, planfile
from runner.execute.clock import SystemClock
from runner.journal.directory import DATABASE
from runner.model.approval import Signed
from runner.model.plan import Plan
from tests.cli.desk import Desk, Done, Terminals
from tests.keys import NEEDED, Keys, ssh_keygen

pytestmark = pytest.mark.real
POLICY = """\
vmfix: 1
policy: site
approvals:
  allowed_signers: allowed_signers
  revoked_keys: revoked
  people: {kim@x: [kk@x]}
  quorum: [{approvals: 2}]
  emergency: {approvals: 1, signers: ["boss@*"]}
"""
RAISE = "flag-missing/raise"
MANUAL = """\
      - id: ring
        manual: {text: Ring the bell.}
      - id: write
"""
NAMES = ("ann", "bob", "boss", "kim", "kk")


class Office:
    """A saved plan by kim, a policy of two signatures, and the keys of ann, bob, boss, kim and kk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.plan = desk.folder / "plan.json"
        self.folder = desk.folder / "plan.json.approvals"
        self.keys = Keys(desk.folder)
        self.policy = desk.write("policy.yml", POLICY)
        desk.write("revoked", "")
        self.allow(*((f"{name}@x", name) for name in NAMES))
        desk.book.write_text(desk.book.read_text().replace("      - id: write\n", MANUAL))
        self.save()

    def allow(self, *lines: tuple[str, str]) -> None:
        """The policy's allowed_signers."""
        self.keys.allow(*((who, self.key(name)) for who, name in lines))

    def key(self, name: str) -> Path:
        return self.desk.folder / name

    def save(self, *more: object) -> None:
        assert self.desk.work("plan", "-o", self.plan, *more).code == 0

    def approve(self, name: str, *more: object) -> Done:
        """With that person's key, under the policy."""
        return self.desk.vmfix("approve", self.plan, "--key", self.key(name), "--policy", self.policy, *more)

    def show(self, *more: object) -> Done:
        return self.desk.vmfix("approve", self.plan, "--show", "--policy", self.policy, *more)

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.exists() else []


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, require_real: Callable[[Sequence[str]], None]) -> Path:
    """A folder with everybody's key pair; RSA ones take their time."""
    require_real(NEEDED)
    folder = tmp_path_factory.mktemp("keys")
    for name in NAMES:
        Keys(folder).make(name, "rsa" if name == "bob" else "ed25519")
    return folder


@pytest.fixture
def office(desk: Desk, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Everything that is needed to sign."""
    for path in pairs.iterdir():
        shutil.copy(path, desk.folder)
    monkeypatch.setenv("GITHUB_ACTOR", "kim")
    return Office(desk)


def refused(office: Office, done: Done, said: str, code: int = 4) -> None:
    """With this exit code and reason, and nothing was written."""
    assert done.code == code, done.out + done.err
    assert said in " ".join(done.err.split())
    assert "internal error" not in done.err
    assert not office.files


def test_two_people_sign_and_the_plan_is_approved(office: Office) -> None:
    """Each sees the plan first; --show tells what is missing until nothing is."""
    missing = office.show()
    assert missing.code == 4
    assert f"{RAISE}: not approved" in missing.out
    assert "counted: nobody; 2 missing" in missing.out
    assert "four eyes" in missing.out

    first = office.approve("ann", "--note", "INC-1", "--acknowledge", f"{RAISE}/ring")
    assert first.code == 0, first.err
    assert "printf %s up" in first.out
    assert "Approving as ann@x" in first.out
    assert "1 missing" in first.out
    assert office.show().code == 4

    assert office.approve("bob", "--expires", "2h").code == 0
    shown = office.show("--json")
    assert shown.code == 0
    (remedy,) = shown.data["remedies"]
    assert remedy["approved"]
    assert remedy["needs"][0]["counted"] == ["ann@x", "bob@x"]
    assert len(remedy["by"]) == 2
    by = {said["identity"]: said for said in shown.data["statements"]}
    assert by["ann@x"]["acknowledged"] == [f"{RAISE}/ring"]
    assert by["ann@x"]["note"] == "INC-1"
    assert remedy["holds_until"] == by["bob@x"]["expires_at"]
    assert [path.name.rpartition("-")[0] for path in office.files] == ["ann-x", "bob-x"]
    assert not office.desk.flag.exists()


def test_who_signs_is_known_by_the_key(office: Office) -> None:
    """--as chooses where there is a choice, and where an authority tells."""
    authority = office.keys.make("authority")
    ssh_keygen("-q", "-s", authority, "-I", "id", "-n", "bob@y", f"{office.key('bob')}.pub")
    office.allow(("ann@x,zoe@x", "ann"), ("*@y cert-authority", "authority"))
    refused(office, office.approve("ann"), "is the key of `ann@x`, `zoe@x` Say which with --as", 2)
    refused(office, office.approve("bob"), "is not the key of anybody")
    refused(office, office.approve("ann", "--as", " "), "is no name", 2)
    refused(office, office.approve("ann", "--as", "*@x"), "is no name", 2)
    assert office.approve("ann", "--as", "zoe@x", "--json").data["statement"]["identity"] == "zoe@x"
    assert office.approve("bob-cert.pub", "--as", "bob@y").code == 0
    assert office.show().code == 0


def test_without_its_public_half_a_locked_key_needs_a_name(office: Office) -> None:
    """Nobody is asked for a passphrase only to learn who it is."""
    office.keys.make("hidden", passphrase="made-up")
    (office.desk.folder / "hidden.pub").unlink()
    refused(office, office.approve("hidden"), "cannot be told without its public half", 2)


@pytest.mark.parametrize(
    ("who", "words", "said"),
    [
        ("kim", [], "would not count: four eyes: the plan was made by kim (GitHub Actions)"),
        ("kk", [], "would not count: four eyes"),
        ("ann", ["--as", "bob@x"], "its key is that of ann@x, not of bob@x"),
        ("new", [], "is not the key of anybody in"),
        ("new", ["--as", "ann@x"], "would not count: its key is not in"),
    ],
)
def test_what_could_never_count_is_refused_at_once(office: Office, who: str, words: list[str], said: str) -> None:
    """By the creator, by their alias, under another name, by an unknown key."""
    office.keys.make("new")
    refused(office, office.approve(who, *words), said)


def test_a_revoked_key_signs_nothing(office: Office) -> None:
    """By a list of keys or a KRL; and what it had signed counts no longer."""
    assert office.approve("ann").code == 0
    ssh_keygen("-k", "-f", office.desk.folder / "revoked", f"{office.key('ann')}.pub")
    assert "its key is revoked by" in " ".join(office.approve("ann").err.split())
    assert len(office.files) == 1
    shown = office.show()
    assert shown.code == 4
    assert "does not count: its key is revoked by" in " ".join(shown.out.split())


def test_a_key_that_is_no_longer_valid_signs_nothing(office: Office) -> None:
    """By the time of now."""
    office.allow(('ann@x valid-before="20200101"', "ann"))
    refused(office, office.approve("ann"), "or is not valid now")
    refused(office, office.approve("ann", "--as", "ann@x"), "its key is not valid any more")


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--remedy", "nonsense"], "remedy `nonsense` is not in this plan, or not needed", 2),
        (["--remedy", "by-hand"], "not in this plan, or not needed", 2),
        (["--acknowledge", "x/y/z"], "there is no manual step `x/y/z`", 2),
        (["--revoke", "--expires", "1h"], "--expires has no meaning with --revoke", 2),
        (["--revoke", "--show"], "do not go together", 2),
        (["--show"], "--key has no meaning with --show", 2),
        (["--expires", "x"], "--expires", 2),
    ],
)
def test_words_that_make_no_sense_are_refused(office: Office, words: list[str], said: str, code: int) -> None:
    """Before anything is signed."""
    refused(office, office.approve("ann", *words), said, code)


def test_a_key_must_be_named_and_there(office: Office) -> None:
    """Else there is nothing to sign with."""
    refused(office, office.desk.vmfix("approve", office.plan), "no key is named", 2)
    refused(office, office.approve("nobody", "--as", "ann@x"), "there is no key file", 2)


def _expired(office: Office) -> None:
    data = json.loads(office.plan.read_text())["plan"] | {"expires_at": "2020-01-01T00:00:00.000000Z"}
    office.plan.write_text(planfile.dump(codec.from_json(Plan, data)))


def _altered(office: Office) -> None:
    office.plan.write_text(office.plan.read_text().replace("printf", "printg", 1))


def _foreign(office: Office) -> None:
    document = json.loads(office.plan.read_text())
    document["plan"]["tool_version"] = "0.0.1"
    office.plan.write_text(json.dumps(document))


def _offline(office: Office) -> None:
    office.save("--offline")


def _empty(office: Office) -> None:
    office.desk.flag.write_text("up")
    office.save()


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (_expired, "this plan expired on 2020"),
        (_altered, "was altered"),
        (_foreign, "was made by vmfix 0.0.1"),
        (_offline, "this plan was made offline"),
        (_empty, "nothing to approve"),
    ],
)
def test_a_plan_that_cannot_be_run_cannot_be_approved(
    office: Office, bend: Callable[[Office], None], said: str
) -> None:
    """With the reason."""
    bend(office)
    refused(office, office.approve("ann"), said)


def test_an_approval_is_for_one_plan(office: Office) -> None:
    """Made anew, it has to be approved anew."""
    assert office.approve("ann").code == 0
    assert office.approve("bob").code == 0
    assert office.show().code == 0
    office.save("--note", "another")
    shown = office.show()
    assert shown.code == 4
    assert shown.out.count("it is for another plan") == 2


def test_a_withdrawal_counts_until_it_is_approved_again(office: Office) -> None:
    """Signed by the same person, and told."""
    assert office.approve("ann").code == 0
    assert office.approve("bob").code == 0
    done = office.approve("ann", "--revoke", "--remedy", "raise", "--note", "wait")
    assert done.code == 0, done.err
    assert "Withdrawing as ann@x" in done.out
    shown = office.show()
    assert shown.code == 4
    assert "ann@x withdrew it on" in " ".join(shown.out.split())
    assert "Withdrawn:" in shown.out
    assert office.approve("ann").code == 0
    assert office.show().code == 0


def ahead(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """The clock of this machine, from now on."""
    by = dt.timedelta(minutes=minutes)
    monkeypatch.setattr(SystemClock, "now", lambda _: dt.datetime.now(dt.UTC) + by)


@pytest.mark.parametrize("minutes", [4, 30])
def test_a_withdrawal_ends_what_a_clock_ahead_had_signed(
    office: Office, monkeypatch: pytest.MonkeyPatch, minutes: float
) -> None:
    """Also once the time has come that it bears; and it is approved again at once, by whatever clock."""
    assert office.approve("bob").code == 0
    ahead(monkeypatch, minutes)
    assert office.approve("ann").code == 0
    ahead(monkeypatch, 0)
    assert office.approve("ann", "--revoke").code == 0
    ahead(monkeypatch, minutes + 1)
    assert office.show().code == 4
    assert office.approve("ann").code == 0
    assert office.show().code == 0


def test_a_withdrawal_by_a_clock_ahead_is_overridden_when_its_time_has_come(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nothing is signed, and it is said why."""
    assert office.approve("ann").code == 0
    ahead(monkeypatch, 4)
    assert office.approve("ann", "--revoke").code == 0
    ahead(monkeypatch, 0)
    done = office.approve("ann")
    assert done.code == 4
    assert "withdrew it by a clock that is ahead of this one" in " ".join(done.err.split())
    ahead(monkeypatch, 4.1)
    assert office.approve("bob").code == 0
    assert office.approve("ann").code == 0
    assert office.show().code == 0


def _lost(_: Office, path: Path) -> None:
    path.unlink()


def _overtaken(office: Office, _: Path) -> None:
    assert office.approve("ann").code == 0


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(_lost, "is not among the approvals any more"), (_overtaken, "a later approval by ann@x counts")],
)
def test_a_withdrawal_after_which_something_still_counts_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Office, Path], None], said: str
) -> None:
    """Loudly, for whoever withdraws relies on it."""
    assert office.approve("ann").code == 0
    write = approvals.write

    def written(folder: Path, signed: Signed) -> Path:
        monkeypatch.setattr(approvals, "write", write)
        path = write(folder, signed)
        meanwhile(office, path)
        return path

    monkeypatch.setattr(approvals, "write", written)
    done = office.approve("ann", "--revoke")
    assert done.code not in {0, 4}
    assert said in " ".join(done.err.split())
    assert "withdraw again" in done.err
    assert "internal error" not in done.err


def test_what_was_replaced_is_not_shown(office: Office) -> None:
    """Neither as counting nor as a warning."""
    assert office.approve("ann", "--expires", "1h").code == 0
    assert office.approve("ann").code == 0
    assert office.approve("bob").code == 0
    shown = office.show("--json")
    assert shown.code == 0
    assert not shown.data["discounted"]
    assert len(shown.data["remedies"][0]["by"]) == len(shown.data["statements"]) == 2


def test_a_spent_plan_is_told(office: Office) -> None:
    """Approving it once more helps nobody; another plan is not concerned."""
    assert "is spent" not in office.approve("ann", "--acknowledge", f"{RAISE}/ring").err
    assert office.approve("bob").code == 0
    ran = office.desk.work("run", "--plan", office.plan, "--policy", office.policy)
    assert "is spent" in office.show().err, ran.err
    assert "warning: this plan is spent" in office.approve("boss").err
    office.desk.flag.unlink()
    office.save()
    assert "is spent" not in office.show().err


def test_a_broken_journal_keeps_nobody_from_approving(office: Office) -> None:
    """It is told."""
    (state := Path(os.environ["VMFIX_STATE"])).mkdir(parents=True, exist_ok=True)
    (state / DATABASE).write_text("this is no journal\n" * 100)
    done = office.approve("ann")
    assert done.code == 0
    assert "whether this plan is spent cannot be told" in " ".join(done.err.split())


def test_a_withdrawal_by_somebody_unknown_is_refused(office: Office) -> None:
    """It would not count."""
    office.keys.make("new")
    refused(office, office.approve("new", "--as", "ann@x", "--revoke"), "this withdrawal by ann@x would not count")


def test_an_emergency_is_signed_as_such(office: Office) -> None:
    """By whom the policy names for it."""
    refused_one = office.approve("ann", "--emergency", "--yes")
    assert refused_one.code == 0, refused_one.err  # it still counts as usual
    assert "EMERGENCY" in refused_one.out
    assert office.approve("bob").code == 0
    assert office.show().code == 0
    assert office.show("--emergency").code == 4
    assert office.approve("boss", "--emergency").code == 0
    loud = office.show("--emergency")
    assert loud.code == 0
    assert "1 emergency approval by boss@*; counted: boss@x" in loud.out
    assert "for an emergency" in loud.out


def test_a_policy_without_an_emergency_rule_refuses_one(office: Office) -> None:
    """Before anything is signed."""
    office.policy.write_text(POLICY.partition("  emergency")[0])
    refused(office, office.approve("ann", "--emergency"), "has no emergency rule")


def test_strays_and_altered_files_are_shown(office: Office) -> None:
    """Never passed over in silence."""
    assert office.approve("ann").code == 0
    (office.folder / "notes.txt").write_text("x")
    path = office.files[0]
    path.write_text(path.read_text().replace('"note": ""', '"note": "x"'))
    shown = office.show("--json")
    assert shown.code == 4
    assert {(each["source"], each["reason"]) for each in shown.data["discounted"]} == {
        ("notes.txt", "this is no file of approvals; remove it from this folder"),
        (path.name, "its text is not what was signed"),
    }


def test_without_a_policy_the_runner_signs_and_nothing_is_judged(office: Office) -> None:
    """It is said that nobody can tell whose key it is."""
    done = office.desk.vmfix("approve", office.plan, "--key", office.key("kim"), "-o", office.desk.folder / "there")
    assert done.code == 0, done.err
    (path,) = (office.desk.folder / "there").iterdir()
    assert json.loads(path.read_text())["statement"]["identity"] == "kim (GitHub Actions)"
    assert not office.files
    shown = office.desk.vmfix("approve", office.plan, "--show", "-o", office.desk.folder / "there")
    assert shown.code == 0
    assert "No policy is known here" in shown.out
    assert "signed with key: SHA256:" in shown.out


def test_approvals_that_need_no_signature_are_not_made_with_one(office: Office) -> None:
    """A policy without allowed_signers has nobody who could sign."""
    office.policy.write_text("vmfix: 1\npolicy: lax\napprovals: {unsigned: true}\n")
    refused(office, office.approve("ann"), "names no allowed_signers")


def test_at_a_terminal_it_asks_before_it_signs(office: Office, terminal: Terminals) -> None:
    """Anything but yes signs nothing; --yes asks nothing."""
    call = ("approve", office.plan, "--key", office.key("ann"), "--policy", office.policy)
    asked = terminal(*call)
    asked.expect("Sign this? Type yes: ")
    asked.type("y\n")
    assert asked.end() == 4
    assert not office.files
    agreed = terminal(*call)
    agreed.expect("Sign this? Type yes: ")
    agreed.type("yes\n")
    assert agreed.end() == 0
    assert len(office.files) == 1
    silent = terminal(*call, "--yes")
    assert silent.end() == 0
    assert "Type yes" not in silent.seen


def test_the_passphrase_is_asked_for_by_ssh_keygen_itself(office: Office, terminal: Terminals) -> None:
    """At the terminal; without one, nothing is asked and nothing is signed."""
    office.keys.make("locked", passphrase="made-up")
    office.allow(("ann@x", "locked"))
    refused(office, office.approve("locked"), "could not sign", 2)
    asked = terminal("approve", office.plan, "--key", office.key("locked"), "--policy", office.policy, "--yes")
    asked.expect("Enter passphrase")
    asked.type("made-up\n")
    assert asked.end() == 0, asked.seen
    assert "made-up" not in asked.seen
    assert len(office.files) == 1


def test_a_plan_under_a_policy_says_how_it_is_signed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not `--approve`, which would not count; one that was not saved cannot be signed."""
    monkeypatch.setenv("VMFIX_POLICY", str(office.policy))
    done = office.desk.work("plan", "-o", office.plan)
    assert f"vmfix approve {office.plan} --key KEY" in done.out
    assert f"vmfix run --plan {office.plan}" in done.out
    assert "--approve" not in done.out
    assert "plan again with -o FILE, to sign that" in " ".join(office.desk.work("plan").out.split())

    monkeypatch.delenv("VMFIX_POLICY")
    words = ("--dry-run", "--policy", office.policy, "--plan", office.plan)
    named = office.desk.work("run", *words)
    assert f"vmfix approve {office.plan} --key KEY --policy {office.policy}" in named.out
    office.policy.write_text("not a policy")
    monkeypatch.setenv("VMFIX_POLICY", str(office.policy))
    assert "--approve flag-missing/raise" in office.desk.work("plan", "-o", office.plan).out
