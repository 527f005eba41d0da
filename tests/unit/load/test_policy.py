"""Policy documents: what they become, and what is said where something is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
import yaml

from runner.diagnostics import Diagnostics
from runner.load.policy import read_policy
from runner.load.schema import policy_schema
from runner.model.playbook import Risk
from runner.model.policy import Amount, Emergency, Limit, Policy, Quorum, Waves

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"
ALLOWED = b"kim@example.com ssh-ed25519 AAAA\n"
DAY = b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261205\r\nSUMMARY:Quarter end\r\nEND:VEVENT\r\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\n" + DAY + b"END:VCALENDAR\r\n"
FILES = {"allowed_signers": ALLOWED, "revoked.krl": b"\x00krl", "freeze.ics": CALENDAR}
SIGNED = "vmfix: 1\npolicy: site\napprovals: {allowed_signers: allowed_signers}\n"


def fetcher(files: Mapping[str, bytes]) -> object:
    """Files of /p; no others exist."""

    def fetch(path: Path) -> bytes:
        if path.parent != Path("/p") or path.name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path.name]

    return fetch


def read(text: str, files: Mapping[str, bytes] = FILES) -> tuple[Policy | None, list[str]]:
    """The policy at /p/p.yml and the complaints, each in one line without its folder."""
    diagnostics = Diagnostics()
    fetch = fetcher(files)
    assert callable(fetch)
    policy = read_policy(text.encode(), "/p/p.yml", diagnostics, fetch)
    assert (policy is None) == bool(diagnostics.errors)
    return policy, [str(item).replace("\n    ", " | ").replace("/p/", "") for item in diagnostics]


def load(text: str, files: Mapping[str, bytes] = FILES) -> Policy:
    """A policy without complaints."""
    policy, complaints = read(text, files)
    assert policy is not None, complaints
    assert complaints == []
    return policy


def example() -> str:
    """The policy that the documentation shows."""
    return PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]


def test_the_documented_policy_says_what_it_seems_to_say() -> None:
    """Every part of the example arrives, with paths beside the policy."""
    policy = load(example())

    assert (policy.name, policy.source) == ("production", "/p/p.yml")
    assert policy.allowed_signers == Path("/p/allowed_signers")
    assert policy.revoked_keys == Path("/p/revoked.krl")
    assert (policy.unsigned, policy.four_eyes, policy.max_age) == (False, True, 86400)
    assert policy.people == {"kim@example.com": ("kim", "kim-gh")}
    assert policy.quorums == (
        Quorum(approvals=1),
        Quorum(
            approvals=2, risks=frozenset({Risk.REBOOT, Risk.DATA}), groups=("prod",), signers=("*@ops.example.com",)
        ),
    )
    assert policy.emergency == Emergency(approvals=2, signers=("duty-*",))
    (window,) = policy.windows
    assert (window.groups, window.zone.key, window.duration) == (("prod",), "Europe/Berlin", 4 * 3600)
    assert (window.begins.isoformat(), window.rule) == ("2026-01-03T22:00:00", "FREQ=WEEKLY;BYDAY=SA")
    (freeze,) = policy.freezes
    assert (freeze.groups, freeze.calendar, freeze.zone.key) == (("all",), Path("/p/freeze.ics"), "Europe/Berlin")
    assert policy.limits == (
        Limit(label="availability_set", at_once=Amount(1)),
        Limit(group="prod", at_once=Amount(share=0.1)),
    )
    assert policy.waves == Waves(sizes=(Amount(1), Amount(share=0.1), Amount(share=1.0)), pause=600)
    assert (policy.budget, policy.most_targets) == (Amount(2), Amount(50))
    assert policy.files[Path("/p/freeze.ics")] == CALENDAR
    assert policy.groups == {"prod"}


def test_a_policy_needs_little() -> None:
    """Everything but its name and who approves may be left out."""
    policy = load("vmfix: 1\npolicy: site\napprovals: {unsigned: true, four_eyes: false}\n", {})

    assert policy.quorums == (Quorum(approvals=1),)
    assert (policy.windows, policy.freezes, policy.limits) == ((), (), ())
    assert (policy.waves, policy.budget, policy.most_targets, policy.emergency) == (None, None, None, None)


def test_a_limit_of_its_own_risks() -> None:
    """The risks that are named replace those that count by default."""
    policy = load(SIGNED + "limits: [{group: db, at_once: 2, risk: [data]}]")

    assert policy.limits == (Limit(group="db", at_once=Amount(2), risks=frozenset({Risk.DATA})),)


@pytest.mark.parametrize("changed", ["allowed_signers", "revoked.krl", "freeze.ics"])
def test_the_digest_covers_the_files_that_are_named(changed: str) -> None:
    """Another key or another freeze is another policy."""
    other = {
        "freeze.ics": CALENDAR.replace(b"20261205", b"20261206"),
        "allowed_signers": b"# lee\n" + ALLOWED,
        "revoked.krl": b"",
    }

    before = load(example()).digest
    assert before == load(example()).digest
    assert len(before) == 64
    assert load(example(), {**FILES, changed: other[changed]}).digest != before


def test_the_digest_covers_the_text() -> None:
    """Also a comment: what was read is what counts."""
    assert load(SIGNED).digest != load(f"{SIGNED}# x\n").digest


def window(**changes: str) -> str:
    """A policy with one window, of which every value stands on a line of its own."""
    parts = {
        "groups": "[all]",
        "zone": "Europe/Berlin",
        "begins": "2026-01-03T22:00",
        "rule": "FREQ=WEEKLY;BYDAY=SA",
        "duration": "4h",
    }
    return f"{SIGNED}windows:\n  - " + "\n    ".join(f"{key}: {value}" for key, value in (parts | changes).items())


def approvals(text: str) -> str:
    """A policy with these approvals."""
    return f"vmfix: 1\npolicy: site\napprovals: {text}\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        # The document.
        ("vmfix: 2\npolicy: site\napprovals: {unsigned: true}", "p.yml:1:8: error: `vmfix` must be one of `1`"),
        ("vmfix: 1\napprovals: {unsigned: true}", "p.yml:1:1: error: the key `policy` is missing"),
        ("vmfix: 1\npolicy: site", "p.yml:1:1: error: the key `approvals` is missing"),
        ("vmfix: 1\npolicy: A b\napprovals: {unsigned: true}", "p.yml:2:9: error: `policy` cannot be `A b`"),
        (f"{SIGNED}window: []", "p.yml:4:1: error: unknown key `window`; did you mean `windows`?"),
        ("vmfix: 1\npolicy: [", "p.yml:2:"),
        *(
            (f"{SIGNED}{key}: []", f"p.yml:4:{len(key) + 3}: error: `{key}`")
            for key in ("windows", "freezes", "limits")
        ),
        # Approvals.
        (approvals("{}"), "p.yml:3:1: error: nobody could approve anything: there are no `allowed_signers`"),
        (approvals("{unsigned: false}"), "p.yml:3:1: error: nobody could approve anything"),
        (approvals("{allowed_signers: none}"), "p.yml:3:30: error: none cannot be read: No such file or directory"),
        (approvals("{allowed_signers: allowed_signers, revoked_keys: x}"), "p.yml:3:61: error: x cannot be read"),
        (approvals('{allowed_signers: "a\\0b"}'), "p.yml:3:30: error: a"),
        (
            approvals("{unsigned: true, revoked_keys: revoked.krl}"),
            "p.yml:3:29: error: `revoked_keys` without `allowed_signers`",
        ),
        (
            approvals("{unsigned: true, quorum: [{approvals: 1, signers: [x]}]}"),
            "p.yml:3:53: error: `signers` without `allowed_signers`",
        ),
        (
            approvals("{unsigned: true, quorum: [{approvals: 2}]}"),
            "p.yml:3:50: error: 2 approvals cannot be had: without `allowed_signers` one person consents",
        ),
        (approvals("{unsigned: true, emergency: {approvals: 1}}"), "p.yml:3:29: error: an emergency needs signatures"),
        (approvals("{unsigned: true, quorum: []}"), "p.yml:3:37: error: `quorum`: it needs at least 1 entry"),
        (approvals("{unsigned: true, quorum: [{approvals: 0}]}"), "p.yml:3:50: error: `approvals` cannot be `0`"),
        (approvals("{unsigned: true, quorum: [{approvals: 1, risk: []}]}"), "p.yml:3:59: error: `risk`: it needs"),
        (approvals("{unsigned: true, quorum: [{approvals: 1, risk: [boot]}]}"), "p.yml:3:60: error: entry 1 of `risk`"),
        (approvals("{unsigned: true, quorum: [{approvals: 1, groups: []}]}"), "p.yml:3:61: error: `groups`: it needs"),
        (
            approvals("{unsigned: true, quorum: [{approvals: 1, groups: ['prod:!x']}]}"),
            "p.yml:3:62: error: `prod:!x` cannot be the name of a group",
        ),
        (approvals("{unsigned: true, max_age: 0s}"), "p.yml:3:38: error: this lasts no time at all"),
        (approvals("{unsigned: true, people: {kim: []}}"), "p.yml:3:43: error: `kim`: it needs at least 1 entry"),
        (
            approvals("{unsigned: true, people: {kim: [k], lee: [k]}}"),
            "p.yml:3:54: error: `k` stands for `kim` and for `lee`",
        ),
        (
            approvals("{unsigned: true, people: {kim: [lee], lee: [l]}}"),
            "p.yml:3:50: error: `lee` stands for `kim` and for `lee`",
        ),
        # Windows.
        (window(groups="[]"), "p.yml:5:13: error: `groups`: it needs at least 1 entry"),
        (window(zone="Europe/Berlim"), "p.yml:6:11: error: there is no time zone `Europe/Berlim`; did you mean `Eur"),
        (window(zone="Europe"), "p.yml:6:11: error: there is no time zone `Europe`"),
        (window(zone="../../etc/passwd"), "p.yml:6:11: error: there is no time zone `../../etc/passwd`"),
        (window(zone="localtime"), "p.yml:6:11: error: there is no time zone `localtime`"),
        (window(zone="''"), "p.yml:6:11: error: there is no time zone ``"),
        (
            window(begins="2026-01-03"),
            "p.yml:7:13: error: `2026-01-03` is no local time | Write it as 2026-01-03T22:00",
        ),
        (window(begins="2026-02-30T22:00"), "p.yml:7:13: error: `2026-02-30T22:00` is no local time"),
        (window(begins="2026-01-03T22:00Z"), "p.yml:7:13: error: `2026-01-03T22:00Z` is no local time"),
        (window(rule="every saturday"), "p.yml:8:11: error: this is not a recurrence rule | Write it as in RFC 5545"),
        (window(rule="RRULE:FREQ=DAILY"), "p.yml:8:11: error: this is not a recurrence rule"),
        (window(rule="FREQ=SOMETIMES"), "p.yml:8:11: error: this is not a recurrence rule"),
        (window(rule="FREQ=DAILY;BYHOUR=25"), "p.yml:8:11: error: this is not a recurrence rule"),
        (window(rule="FREQ=DAILY;BYDAY=XX"), "p.yml:8:11: error: this is not a recurrence rule"),
        (window(rule="FREQ=DAILY;BYEASTER=0"), "p.yml:8:11: error: the rule has an unknown part: BYEASTER"),
        (window(rule="FREQ=DAILY;FREQ=WEEKLY"), "p.yml:8:11: error: the rule has a part twice"),
        (window(rule="BYDAY=SA"), "p.yml:8:11: error: the rule does not say how often: FREQ is missing"),
        (window(rule="FREQ=SECONDLY"), "p.yml:8:11: error: a window cannot open secondly"),
        (window(rule="FREQ=MINUTELY"), "p.yml:8:11: error: a window cannot open minutely"),
        (window(rule="FREQ=HOURLY;BYMINUTE=0,30"), "p.yml:8:11: error: by this rule the window opens more often than"),
        (window(rule="FREQ=DAILY;INTERVAL=0"), "p.yml:8:11: error: INTERVAL must be a whole number from 1 on"),
        (window(rule="FREQ=DAILY;COUNT=0"), "p.yml:8:11: error: COUNT must be a whole number from 1 on"),
        (
            window(rule="FREQ=DAILY;DTSTART=20260101T000000"),
            "p.yml:8:11: error: a rule has no start or zone of its own here | Write the start under `begins`",
        ),
        (window(rule="FREQ=DAILY;UNTIL=20261231"), "p.yml:8:11: error: UNTIL needs a date and a time of day"),
        (window(rule="FREQ=DAILY;UNTIL=20261331T000000"), "p.yml:8:11: error: this is not a recurrence rule"),
        (window(rule="FREQ=DAILY;UNTIL=20251231T235959Z"), "p.yml:8:11: error: by this rule the window never opens"),
        (window(rule="FREQ=DAILY;COUNT=2;UNTIL=20261231T235959Z"), "p.yml:8:11: error: a rule has COUNT or UNTIL"),
        (window(rule="FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), "p.yml:8:11: error: by this rule the window never opens"),
        (window(duration="0s"), "p.yml:9:15: error: this lasts no time at all"),
        (window(duration="-1h"), "p.yml:9:15: error: `-1h` is not a duration"),
        (window(duration="4"), "p.yml:9:15: error: a duration needs a unit"),
        # Freezes.
        (
            f"{SIGNED}freezes: [{{calendar: none.ics, groups: [all], zone: UTC}}]",
            "p.yml:4:22: error: none.ics cannot be read: No such file or directory | `calendar` is a path, relative to",
        ),
        (
            f"{SIGNED}freezes: [{{calendar: allowed_signers, groups: [all], zone: UTC}}]",
            "allowed_signers: error: this is not an iCalendar file: ",
        ),
        (f"{SIGNED}freezes: [{{calendar: freeze.ics, groups: [], zone: UTC}}]", "p.yml:4:42: error: `groups`"),
        (f"{SIGNED}freezes: [{{calendar: freeze.ics, groups: [all], zone: CEST}}]", "p.yml:4:55: error: there is no"),
        # Limits, waves, budget.
        (f"{SIGNED}limits: [{{at_once: 1}}]", "p.yml:4:10: error: a limit has neither `label` nor `group`"),
        (f"{SIGNED}limits: [{{at_once: 1, label: x, group: y}}]", "p.yml:4:10: error: a limit has both"),
        (f"{SIGNED}limits: [{{label: x, at_once: 0}}]", "p.yml:4:30: error: 0 would never let anything start"),
        (f"{SIGNED}limits: [{{label: x, at_once: 0%}}]", "p.yml:4:30: error: 0% would never let anything start"),
        (f"{SIGNED}limits: [{{label: x, at_once: 101%}}]", "p.yml:4:30: error: `101%` is neither a count nor a share"),
        (f"{SIGNED}limits: [{{label: x, at_once: -1}}]", "p.yml:4:30: error: `-1` is neither a count nor a share"),
        (f"{SIGNED}limits: [{{label: x, at_once: 0.1}}]", "p.yml:4:30: error: `0.1` is neither a count nor a share"),
        (f"{SIGNED}limits: [{{label: x, at_once: true}}]", "p.yml:4:30: error: `True` is neither"),
        (f"{SIGNED}waves: {{sizes: []}}", "p.yml:4:16: error: `sizes`: it needs at least 1 entry"),
        (
            f"{SIGNED}waves: {{sizes: [1, 1]}}",
            "p.yml:4:20: error: the sizes of waves must rise, and 1 is not more than 1",
        ),
        (f"{SIGNED}waves: {{sizes: [1, 50%, 10%]}}", "p.yml:4:25: error: the sizes of waves must rise, and 10% is not"),
        (f"{SIGNED}waves: {{sizes: [5, 10%, 3]}}", "p.yml:4:25: error: the sizes of waves must rise, and 3 is not"),
        (f"{SIGNED}waves: {{sizes: [1], in_order: 200%}}", "p.yml:4:31: error: `200%` is neither a count nor a share"),
        (f"{SIGNED}waves: {{sizes: [1], pause: 10}}", "p.yml:4:28: error: a duration needs a unit"),
        (f"{SIGNED}budget: lots", "p.yml:4:9: error: `lots` is neither a count nor a share"),
        (f"{SIGNED}most_targets: 0", "p.yml:4:15: error: 0 would never let anything start"),
    ],
)
def test_each_fault_has_its_place(text: str, complaint: str) -> None:
    """What is wrong, where, and what to do."""
    _, complaints = read(text)
    assert any(line.startswith(complaint) for line in complaints), complaints


def signers(*lines: str, policy: str = SIGNED) -> list[str]:
    """What is said of a policy whose allowed_signers has these lines."""
    return read(policy, {**FILES, "allowed_signers": "".join(f"{line}\n" for line in lines).encode()})[1]


KEY = "ssh-ed25519 AAAA"


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        (f"* {KEY}", "*"),
        (f"\t*\t{KEY} kim@home", "*"),
        (f"kim@x,*@x {KEY}", "*@x"),
        (f"ki?@x {KEY}", "ki?@x"),
        (f"!lee@x,kim@x {KEY}", "!lee@x"),
        (f'"kim k,*" {KEY}', "*"),
        (f'kim,"*" {KEY}', "*"),
        (f'* namespaces="file,cert-authority" {KEY}', "*"),
        (f'* namespaces="a\\",cert-authority,\\"" {KEY}', "*"),
        (f"* {KEY} cert-authority", "*"),
        (f"* sk-ssh-ed25519@openssh.com {KEY} cert-authority", "*"),
        (f"* no-cert-authority {KEY}", "*"),
    ],
)
def test_one_key_is_not_many_people(line: str, pattern: str) -> None:
    """A pattern would let whoever has the key sign by every name that fits."""
    (said,) = signers("# *", "", ALLOWED.decode().strip(), line)
    assert said.startswith(f"allowed_signers:4:1: error: `{pattern}` is a pattern: whoever has this key could approve")
    assert "| Write each principal in full" in said


@pytest.mark.parametrize(
    "line",
    [
        f"kim@x {KEY}",
        f"kim@x {KEY} a * comment\r",
        f'"kim k" {KEY}',
        f"kim!@x {KEY}",
        f"*@x cert-authority {KEY}",
        f'*@x namespaces="a b",CERT-AUTHORITY {KEY}',
        f'kim@x valid-before="20300101",namespaces="*" {KEY}',
        "kim@x ssh-new AAAAB3NzaC1uZXc=",  # its blob says so, too
        "kim@x ecdsa-sha2-nistp256 AAAA",
        "kim@x sk-ssh-ed25519@openssh.com AAAA",
        "\t# * x",
    ],
)
def test_lines_of_signers_that_are_right(line: str) -> None:
    """Also what a newer ssh-keygen would know."""
    assert signers(ALLOWED.decode().strip(), line) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("kim@x", "this line has no principal, or no key with its type"),
        ("kim@x ssh-ed25519", "this line has no principal, or no key with its type"),
        (KEY, "this line has no principal, or no key with its type"),
        ("kim@x cert-authority AAAA", "this line has no principal, or no key with its type"),
        (f'"kim@x {KEY}', "this line has no principal, or no key with its type"),
        (f'kim@x namespaces="a {KEY}', "this line has no principal, or no key with its type"),
        ("kim@x " + '\\"' * 5000 + '" x', "this line has no principal, or no key with its type"),
        (f"kim@x\0 {KEY}", "this line has no principal, or no key with its type"),
        (
            "kim@x ssh-ed2519 AAAA comment",
            "no known type of key stands where it must on this line, such as ssh-ed25519",
        ),
        (
            "kim@x cert-authority ssh-ed2519 AAAA",
            "no known type of key stands where it must on this line, such as ssh-ed25519",
        ),
    ],
)
def test_lines_of_signers_that_are_wrong(line: str, message: str) -> None:
    """Nobody's signature could be verified by them, nor by what stands below."""
    (said,) = signers(ALLOWED.decode().strip(), line)
    assert said.startswith(f"allowed_signers:2:1: error: {message} | Write `PRINCIPALS [OPTIONS] KEYTYPE KEY`")


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ("", True),
        (", unsigned: true, four_eyes: false", False),
        (", unsigned: true, four_eyes: false, emergency: {approvals: 1}", True),
        (", unsigned: true, four_eyes: false, quorum: [{approvals: 2}]", True),
        (", unsigned: true, four_eyes: false, quorum: [{approvals: 1, signers: [x]}]", True),
    ],
)
@pytest.mark.parametrize("lines", [(), ("# nobody yet", "")])
def test_without_any_key_nobody_can_sign(more: str, needed: bool, lines: tuple[str, ...]) -> None:
    """Where a signature is needed, an empty file is a slip."""
    said = signers(*lines, policy=approvals(f"{{allowed_signers: allowed_signers{more}}}"))

    assert [it.partition(",")[0] for it in said] == ["allowed_signers: error: no key stands in this file"] * needed


@pytest.mark.parametrize("more", ["", ", four_eyes: true", ", allowed_signers: allowed_signers"])
def test_a_consent_that_hardly_ever_counts_is_warned_of(more: str) -> None:
    """Who runs vmfix mostly made the plan."""
    policy, (said,) = read(approvals(f"{{unsigned: true{more}}}"))

    assert policy is not None
    assert said.startswith("p.yml:3:13: warning: who runs vmfix mostly made the plan")
    assert "| Set `four_eyes: false`" in said


def test_all_faults_come_at_once() -> None:
    """Those of the document's shape together, and then those of its sense together."""
    _, shape = read(window(zone="Nowhere", begins="soon", duration="0s"))
    _, sense = read(window(rule="FREQ=SOMETIMES").replace("{allowed_signers: allowed_signers}", "{}"))

    assert len(shape) == 3
    assert len(sense) == 2


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "freq=weekly;byday=sa", "FREQ=DAILY;UNTIL=20261231T235959Z"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_rules_and_zones_that_are_right(rule: str, zone: str) -> None:
    """Letters may be small, and UNTIL may be UTC in any zone."""
    assert load(window(rule=rule, zone=zone)).windows[0].rule == rule


@pytest.mark.parametrize(
    ("amount", "whole", "count"),
    [("2", 50, 2), ("10%", 50, 5), ("10%", 3, 1), ("0%", 50, 0), ("0", 50, 0), ("100%", 7, 7), ("12.5%", 80, 10)],
)
def test_counts_and_shares(amount: str, whole: int, count: int) -> None:
    """A share is of all targets, and never nothing unless it says so."""
    budget = load(f"{SIGNED}budget: {amount}").budget

    assert budget is not None
    assert budget.of(whole) == count
    assert str(budget) == amount


def test_the_json_schema_accepts_the_example_and_refuses_a_fault() -> None:
    """What editors check agrees with what we check."""
    good = json.loads(json.dumps(yaml.safe_load(example().replace("2026-01-03T22:00", '"2026-01-03T22:00"'))))
    schema = policy_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(good, schema)
    for key, wrong in (("budget", "200%"), ("windows", []), ("surprise", 1), ("waves", {"sizes": []})):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, key: wrong}, schema)
