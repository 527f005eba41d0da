"""Playbooks: every mistake of an author is reported at its place, all at once, with what to do."""

from __future__ import annotations

import pytest

from runner.diagnostics import Diagnostics
from runner.load.params import resolve_params
from runner.load.playbook import load_playbook
from runner.model.playbook import Playbook
from runner.shelf import load_library

GOOD = """\
vmfix: 1
playbook: demo
title: A demonstration
platform: linux
solves: [Demo]
params:
  wait: {type: duration, default: 2m, help: How long to wait}
observe:
  state: {command: [cat, /state], parse: text}
define:
  bad: state == "bad"
healthy: not bad
remedies:
  - id: mend
    risk: [config]
    steps:
      - id: write
        file: {path: /state, content: good}
    verify: {within: "{{ wait }}"}
"""


def problems(text: str) -> list[str]:
    """The errors in a playbook, one text each."""
    diagnostics = Diagnostics()
    playbook = load_playbook(text, "p.yml", diagnostics)
    assert (playbook is None) == bool(diagnostics.errors)
    return [str(item) for item in diagnostics.errors]


def changed(old: str, new: str) -> list[str]:
    """The errors of the good playbook with one text in it replaced."""
    assert old in GOOD
    return problems(GOOD.replace(old, new))


def load(text: str) -> Playbook:
    """A playbook that must be right."""
    diagnostics = Diagnostics()
    playbook = load_playbook(text, "p.yml", diagnostics)
    assert playbook is not None, [str(item) for item in diagnostics]
    return playbook


def test_a_good_playbook_has_no_problems() -> None:
    """And its nodes know where they stand."""
    playbook = load(GOOD)

    assert playbook.healthy is not None
    assert str(playbook.healthy.span) == "p.yml:12:10"
    assert str(playbook.remedies[0].steps[0].span) == "p.yml:17:13"


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("risk: [config]", "rsik: [config]", "p.yml:15:5", "did you mean `risk`"),
        ("risk: [config]", "risk: [confg]", "p.yml:15:12", "`config`"),
        ("parse: text", "parse: txt", "p.yml:9:42", "did you mean `text`"),
        ("healthy: not bad", "healthy: not bda", "p.yml:12:10", "Did you mean `bad`"),
        ("healthy: not bad", "healthy: not (bad", "p.yml:12:10", "unexpected end"),
        ("healthy: not bad", 'healthy: "{{ bad }}"', "p.yml:12:10", "not a template"),
        ("file: {path: /state, content: good}", "fil: {path: /state}", "p.yml:18:9", "`file`"),
        ("content: good", 'content: "{{ nothing }}"', "p.yml:18:39", "nothing is called `nothing`"),
        ("content: good", "contents: good", "p.yml:18:30", "`content`"),
        ("risk: [config]", "risk: []", "p.yml:14:9", "Add `config`"),
        ("[cat, /state]", "[rm, /state]", "p.yml:9:3", "may change something"),
        ("command: [cat, /state]", 'shell: "cat {{ wait }}"', "p.yml:9:18", "cannot hold a template"),
        ("default: 2m", "default: 120", "p.yml:7:3", "is not a duration, such as 90s"),
        ("default: 2m", "default: 2 minutes", "p.yml:7:3", "not a duration"),
        ("default: 2m", "default: 2m, at_least: 3m", "p.yml:7:3", "is less than 3m"),
        ("default: 2m", "default: 2m, at_most: 3", "p.yml:7:3", "of a duration are durations"),
        ("default: 2m", "default: 2m, at_least: soon", "p.yml:7:3", "not a duration"),
        ("default: 2m", "default: 2m, at_least: 2m, at_most: 60s", "p.yml:7:3", "`at_least` is more than `at_most`"),
        ("default: 2m", "default: 2m, matches: '[0-9]'", "p.yml:7:3", "only str and list can have `matches`"),
        (
            "type: duration, default: 2m",
            "type: str, default: 2m, at_most: 3",
            "p.yml:7:3",
            "only int, duration and list",
        ),
        (
            "type: duration, default: 2m",
            "type: str, default: 2m, matches: '['",
            "p.yml:7:3",
            "no regular expression",
        ),
        ('within: "{{ wait }}"', "within: 20", "p.yml:19:22", "Write 20s for seconds"),
        ('within: "{{ wait }}"', "within: 20 seconds", "p.yml:19:22", "Write 90s, 5m"),
        ("solves: [Demo]", "solves: []", "p.yml:5:9", "solves"),
        ("platform: linux", "platform: Linux", "p.yml:4:11", "`linux`"),
        ("vmfix: 1", "vmfix: 2", "p.yml:1:8", "1"),
        ("define:\n  bad", "define:\n  state", "p.yml:11:10", "already taken"),
        ("    verify:", "    on_failure: undo\n    verify:", "p.yml:19:17", "not available in this version"),
        ("      - id: write", "      - id: write\n        when: steps.early.ok", "p.yml:18:15", "no step `early`"),
        ("    steps:", "    manual: do it\n    steps:", "p.yml:14:9", "either `steps` or `manual`"),
    ],
)
def test_a_mistake_is_named_at_its_place(old: str, new: str, where: str, what: str) -> None:
    """Line and column, and the nearest right thing."""
    found = changed(old, new)

    assert any(text.startswith(f"{where}: error") and what.lower() in text.lower() for text in found), found


def test_all_mistakes_are_reported_at_once() -> None:
    """Also those of different kinds, in the order of the document."""
    text = GOOD.replace("parse: text", "parse: txt").replace("not bad", "not bda").replace("risk: [config]", "risk: []")

    lines = [int(item.split(":")[1]) for item in problems(text)]

    assert lines == sorted(lines)
    assert {9, 12, 14} <= set(lines)


def test_a_remedy_that_nothing_proves_is_refused() -> None:
    """Without ``healthy`` it must say that the next backup proves it."""
    text = GOOD.replace("healthy: not bad\n", "")

    assert any("nothing would prove" in item for item in problems(text))
    assert problems(text.replace("    risk:", "    proves: next-backup\n    risk:")) == []


def test_a_definition_may_feed_a_later_observation() -> None:
    """It becomes known as soon as the facts that it needs are."""
    text = GOOD.replace(
        "define:",
        '  more: {for_each: paths, command: [cat, "{{ item }}"], parse: text}\ndefine:\n  paths: state.split()',
    )

    assert problems(text) == []


def test_a_definition_cannot_feed_what_it_depends_on() -> None:
    """A circle is an unknown name, at the place where it would be needed."""
    text = GOOD.replace("define:", "  more: {for_each: paths, command: [cat, x], parse: text}\ndefine:\n  paths: more")

    assert any("nothing is called `paths`" in item for item in problems(text))


def test_an_observation_asks_what_a_step_would_do() -> None:
    """``would`` takes exactly one step type, and its templates are checked."""
    good = GOOD.replace("define:", "  w: {would: {file: {path: /state, content: x}}}\ndefine:")

    assert problems(good) == []
    assert any("nothing is called `q`" in text for text in problems(good.replace("content: x", 'content: "{{ q }}"')))
    assert any("exactly one" in text for text in problems(good.replace("{would:", "{command: [cat, x], would:")))


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "2m"), ({"wait": "90s"}, "90s")],
)
def test_a_parameter_is_its_default_or_what_was_given(given: dict[str, str], expected: str) -> None:
    """As text: durations stay as they were written."""
    diagnostics = Diagnostics()

    assert resolve_params([load(GOOD)], given, diagnostics) == {"demo": {"wait": expected}}
    assert not diagnostics.errors


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("int", "-3", -3), ("bool", "true", True), ("list", "a,b", ["a", "b"]), ("str", "no", "no")],
)
def test_given_parameters_have_their_type(kind: str, text: str, value: object) -> None:
    """What stands on the command line is read as the author declared it."""
    source = GOOD.replace("wait: {type: duration, default: 2m,", f"wait: {{type: {kind},").replace(
        '    verify: {within: "{{ wait }}"}\n', ""
    )
    diagnostics = Diagnostics()

    assert resolve_params([load(source)], {"wait": text}, diagnostics)["demo"]["wait"] == value
    assert not diagnostics.errors


@pytest.mark.parametrize(
    ("declared", "fits", "misfits"),
    [
        ("int, at_least: 1, at_most: 100", ["1", "100"], ["0", "-5", "101", "--5", "1.0", "1" * 5000]),
        ("duration, at_least: 30s, at_most: 1h", ["30s", "60m"], ["29s", "61m"]),
        ("list, at_least: 1, at_most: 2, matches: '[a-z]+'", ["a", "a,b"], ["", "a,b,c", "a,B", "a,b1"]),
        ("str, matches: '[0-9]+([.][0-9]+)*'", ["2", "2.9.1"], ["", "newest", "2.9 ", "2.9\n", "v2.9"]),
        ("str, choices: [up, down]", ["up"], ["left", ""]),
    ],
)
def test_a_parameter_keeps_to_its_limits(declared: str, fits: list[str], misfits: list[str]) -> None:
    """The bounds belong to what is allowed; a form is that of the whole text, or of each item."""
    book = load(
        GOOD.replace("wait: {type: duration, default: 2m,", f"wait: {{type: {declared},").replace(
            '    verify: {within: "{{ wait }}"}\n', ""
        )
    )
    complaints = {}
    for text in (*fits, *misfits):
        diagnostics = Diagnostics()
        resolve_params([book], {"wait": text}, diagnostics)
        complaints[text] = len(diagnostics.errors)

    assert complaints == {**dict.fromkeys(fits, 0), **dict.fromkeys(misfits, 1)}


@pytest.mark.parametrize(
    ("playbook", "given"),
    [
        ("fs-freeze-failed", {"log_lines": "0"}),
        ("guest-agent-linux", {"at_least": "newest"}),
        ("guest-agent-version", {"at_least": "2.7"}),
        ("high-cpu-or-memory-linux", {"limit": "0"}),
        ("internet-connectivity-linux", {"endpoints": "168.63.129.16"}),
        ("internet-connectivity-windows", {"storage_account": "https://acct"}),
        ("other-backup-product-linux", {"log_lines": "-1"}),
        ("selinux-agent-path", {"hours": "0"}),
    ],
)
def test_a_senseless_value_is_refused_before_anything_is_looked_at(playbook: str, given: dict[str, str]) -> None:
    """Of the shipped playbooks: a healthy target would not have been asked by ``requires``."""
    diagnostics = Diagnostics()
    (book,) = (one for one in load_library((), diagnostics).playbooks if one.id == playbook)
    resolve_params([book], given, diagnostics)

    assert [str(error.span) for error in diagnostics.errors] == [f"-e {next(iter(given))}"]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"wait": "20"}, "error: `20` is not a duration (write 90s, 5m, 2h, 1d or 1h30m)\n"),
        ({"wait": "400d"}, "error: `400d` is longer than a year (write a shorter duration)\n"),
        ({"wiat": "5m"}, "Did you mean `wait`"),
    ],
)
def test_wrong_parameters_are_named(given: dict[str, str], what: str) -> None:
    """A value of the wrong type, and a name that no playbook has."""
    diagnostics = Diagnostics()
    resolve_params([load(GOOD)], given, diagnostics)

    assert what in str(diagnostics.errors[0])


@pytest.mark.parametrize(
    ("kind", "text", "what"),
    [("int", "many", "`many` is not a whole number"), ("bool", "yes", "`yes` is neither true nor false")],
)
def test_a_value_of_another_kind_is_told_so_in_plain_words(kind: str, text: str, what: str) -> None:
    """Without the names that the language has for its types."""
    diagnostics = Diagnostics()
    resolve_params(
        [load(GOOD.replace("type: duration, default: 2m, ", f"type: {kind}, "))], {"wait": text}, diagnostics
    )

    assert f"-e wait: error: {what}\n" in str(diagnostics.errors[0])


def test_a_required_parameter_must_be_given() -> None:
    """The complaint shows its help and how to give it."""
    diagnostics = Diagnostics()
    resolve_params([load(GOOD.replace("default: 2m, ", ""))], {}, diagnostics)

    assert "is not set" in str(diagnostics.errors[0])
    assert "-e wait=VALUE" in str(diagnostics.errors[0])
