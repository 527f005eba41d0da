"""Cases played: answers, their order, units and mounts of a Linux machine, and what is held against an author."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from runner.diagnostics import Diagnostics
from runner.load.cases import load_cases
from runner.load.cases_form import STATUSES
from runner.load.playbook import load_playbook
from runner.report.words import status_word
from runner.trial.suite import BookResult, run_cases

BOOK = """
vmfix: 1
playbook: agent
title: The agent does not run
platform: linux
solves: [Agent]
observe:
  state: {command: [systemctl, is-active, waagent], parse: systemctl_is_active, ok_exit: [0, 3]}
  sizes:
    for_each: '["/a", "/b"]'
    command: [du, -s, "{{ item }}"]
  probe: {shell: 'cat "$1"', args: [/x], parse: exit_code, ok_exit: [0, 1], why_read_only: It reads.}
  kernel: {command: [uname, -r]}
  kernel_again: {command: [uname, -r]}
define:
  full: sizes | selectattr("value", "matching", "^9") | map(attribute="item") | list
requires:
  - {that: kernel_again, else: There is no kernel.}
remarks:
  - {when: full, say: "Full: {{ full | join(' ') }}"}
healthy: state.active and probe == 0
remedies:
  - id: restart
    risk: [service-restart]
    steps:
      - {id: restart, service: {name: [walinuxagent, waagent], state: restarted, enabled: true}}
    verify: {within: 1m, every: 5s}
    on_failure: next
  - id: command
    risk: [config]
    steps:
      - {id: mend, command: {argv: [mend, --now]}}
    verify: {within: 10m, every: 30s}
  - id: by-hand
    manual: Mend it by hand.
"""
USUAL = """
vmfix: 1
cases_of: agent
usual:
  answers: {sizes: "1\t/", probe: "", kernel: "6.1.0"}
  units: {waagent: inactive}
cases:
"""


def played(
    case: str, book: str = BOOK, usual: str = USUAL, files: Mapping[str, bytes] = MappingProxyType({})
) -> BookResult:
    """One case that must be well-formed. ``files`` lie in the folder beside it."""
    diagnostics = Diagnostics()
    playbook = load_playbook(book, "agent.yml", diagnostics)
    assert playbook is not None, [str(problem) for problem in diagnostics]
    text = usual + textwrap.indent(textwrap.dedent(case).strip().replace("\n", "\n  "), "  ").replace("  ", "  - ", 1)
    cases = load_cases(text, "agent.cases.yml", playbook, diagnostics, files.get)
    assert cases, [str(problem) for problem in diagnostics]
    return run_cases(playbook, cases, whole=True)


def differences(
    case: str, book: str = BOOK, usual: str = USUAL, files: Mapping[str, bytes] = MappingProxyType({})
) -> Sequence[str]:
    """What is not as the case has it."""
    (outcome,) = played(case, book, usual, files).outcomes
    return [f"{one.what}: {line}" for one in outcome.differences for line in one.lines]


def test_status_words_are_those_of_reports() -> None:
    """What an author reads is what is written."""
    assert {word: status_word(status) for word, status in STATUSES.items()} == {word: word for word in STATUSES}


@pytest.mark.parametrize(
    "case",
    [
        """
        name: an active unit
        units: {waagent: active}
        expect: {status: healthy}
        """,
        """
        name: an inactive unit is enabled and started
        units: {waagent: {state: failed, enabled: disabled, result: exit-code}}
        expect:
          status: fixed
          sent: [systemctl enable waagent, systemctl restart waagent]
          units: {waagent: {state: active, enabled: enabled, result: success}}
        """,
        """
        name: what goes down with it runs again
        units:
          waagent: {state: active, required_by: [helper.service]}
          helper: active
        answers: {probe: {exit: 1}}
        when: [{sent: systemctl start helper.service, then: {answers: {probe: ""}}}]
        expect:
          status: fixed
          sent: [systemctl restart waagent, systemctl start helper.service]
          units: {helper: active}
        """,
        """
        name: the other name of it goes first
        units: {walinuxagent: inactive}
        when: [{sent: systemctl restart walinuxagent, then: {units: {waagent: active}}}]
        expect: {status: fixed, sent: [systemctl restart walinuxagent]}
        """,
        """
        name: a masked unit is not touched
        units: {waagent: {enabled: masked}}
        approve: [restart]
        expect: {status: not fixed, says: ["`command`, is not approved"]}
        """,
        """
        name: no unit at all
        units: {waagent: null}
        approve: [restart]
        expect: {status: not fixed}
        """,
        """
        name: a command line, an observation with a value, an observation
        units: {waagent: active}
        answers: {"sizes[/b]": "9\\t/b", sizes: "1\\t/a", uname -r: "6.2"}
        expect: {status: healthy, remarks: ["Full: /b"]}
        """,
        """
        name: a script by its words
        units: {waagent: active}
        answers: {script with cat: {exit: 1}}
        approve: [restart]
        expect: {status: not fixed, sent: [systemctl restart waagent]}
        """,
        """
        name: a script by its words and values
        units: {waagent: active}
        answers: {"script with cat, values: /x": {exit: 1}}
        approve: [restart]
        expect: {status: not fixed, sent: [systemctl restart waagent]}
        """,
        """
        name: ten minutes are waited for
        when:
          - {sent: systemctl restart waagent, answer: {exit: 1, stderr: no}}
          - {sent: mend --now, after: 9m, then: {units: {waagent: active}}}
        expect: {status: fixed, sent: [systemctl restart waagent, mend --now], remedies: [restart, command]}
        """,
        """
        name: ten minutes are not eleven
        when:
          - {sent: systemctl restart waagent, answer: {exit: 1, stderr: no}}
          - {sent: mend --now, after: 11m, then: {units: {waagent: active}}}
        expect: {status: needs a person, sent: [systemctl restart waagent, mend --now], says: [Mend it by hand.]}
        """,
        """
        name: the connection breaks, and nobody knows
        units: {waagent: active}
        answers: {probe: {exit: 1}}
        when:
          - {sent: mend --now, answer: {fails: lost}}
        expect: {status: indeterminate, sent: [systemctl restart waagent, mend --now]}
        """,
        """
        name: it is left running at its deadline
        units: {waagent: active}
        answers: {probe: {exit: 1}}
        when:
          - {sent: mend --now, answer: {fails: deadline}}
        expect: {status: indeterminate, sent: [systemctl restart waagent, mend --now]}
        """,
        """
        name: looking fails for good
        answers: {kernel: {fails: lost}}
        expect: {status: unreachable}
        """,
        """
        name: nothing is approved
        approve: []
        expect: {status: refused, says: [nothing of this plan is approved]}
        """,
        """
        name: a later rung is needed than was approved
        since_plan: {units: {waagent: active}, answers: {probe: {exit: 1}}}
        approve: [command]
        expect: {status: refused}
        """,
    ],
    ids=lambda text: text.strip().splitlines()[0],
)
def test_comes_as_it_says(case: str) -> None:
    """Each of these passes."""
    assert differences(case) == []


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("answers: {kernel: a, kernel_again: b}", "`kernel` and `kernel_again` are the same command"),
        ("units: {waagent: active}\nanswers: {'sizes[/c]': x}", "the answer to `sizes[/c]` was never asked for"),
        ("units: {waagent: active}\nwhen: [{sent: mend}]", "`mend` was never sent"),
        ("when: [{sent: systemctl restart waagent, answer: {exit: 1}}]", "what this changing command does: mend --now"),
    ],
)
def test_what_is_held_against_the_author(case: str, words: str) -> None:
    """What is left open, contradicts itself, or is not needed."""
    expected = "name: x\nexpect: {status: healthy}\n"
    assert any(words in line for line in differences(expected + case))


def test_files_at_the_end_are_held_against_what_is_said_of_them() -> None:
    """Mode, owner and group too, if the case names them; else only the content."""
    case = "name: x\nunits: {waagent: active}\nfiles: {/k: {content: a, mode: '0600', owner: kim}}\n"
    said = "{content: a, mode: '0644', owner: root}"
    assert differences(f"{case}expect: {{status: healthy, files: {{/k: {said}}}}}") == [
        "mode of /k: expected 0644",
        "mode of /k: got 0600",
        "owner of /k: expected root",
        "owner of /k: got kim",
    ]
    for right in ("a", "{content: a}", "{content: a, mode: '0600', owner: kim, group: root}"):
        assert differences(f"{case}expect: {{status: healthy, files: {{/k: {right}}}}}") == []


def test_a_script_that_nothing_answers_is_shown_in_full() -> None:
    """With what to paste."""
    usual = USUAL.replace(', probe: ""', "")
    lines = differences("name: x\nexpect: {status: healthy}", usual=usual)
    assert 'the case:   | cat "$1"' in lines
    assert 'the case:   "probe": {stdout: "", exit: 0}' in lines


def test_what_is_not_reached() -> None:
    """Parts of the playbook, in its order."""
    tested = played("name: x\nunits: {waagent: active}\nexpect: {status: healthy}")
    assert tested.unreached == (
        "requirement 1",
        "remark 1",
        "remedy restart",
        "step restart/restart",
        "remedy command",
        "step command/mend",
        "remedy by-hand",
    )
    tested = played("name: x\nanswers: {uname -r: ''}\nexpect: {status: refused}")
    assert "requirement 1" not in tested.unreached


MOUNTING = """
vmfix: 1
playbook: agent
title: It is mounted
platform: linux
solves: [Agent]
observe:
  up: {command: [findmnt, --json, -o, "SOURCE,TARGET"], parse: findmnt}
healthy: not (up | selectattr("target", "equalto", "/data") | list)
remedies:
  - id: unmount
    risk: [service-restart]
    steps:
      - {id: down, mount: {path: /data, state: unmounted}}
  - id: remount
    risk: [service-restart]
    steps:
      - {id: up, mount: {path: /data, state: mounted}}
"""
MOUNTED = """
vmfix: 1
cases_of: agent
usual:
  mounts:
    /: {source: /dev/sda1, fstype: ext4}
    /data: {source: /dev/sdb1, fstype: xfs, uuid: 0c4d}
  files: {/etc/fstab: "UUID=0c4d /data xfs defaults 0 0\\n"}
cases:
"""


@pytest.mark.parametrize(
    "case",
    [
        "name: gone\nexpect: {status: fixed, sent: [umount -- /data], mounts: {/data: null}}",
        """
        name: busy by then
        when: [{sent: umount -- /data, answer: {exit: 32, stderr: "umount: /data: target is busy."}}]
        expect:
          status: failed
          sent: [umount -- /data]
          says: [It was not forced]
          mounts: {/data: {source: /dev/sdb1, fstype: xfs}}
        """,
        """
        name: busy
        mounts: {/data: {source: /dev/sdb1, fstype: xfs, users: {"7": root cron}}}
        approve: [unmount]
        expect: {status: needs a person, says: ["process 7 (root: cron)"]}
        """,
        """
        name: mounts below it
        mounts: {/data/x: {source: /dev/sdc1, fstype: xfs}}
        approve: [unmount]
        expect: {status: needs a person, says: ["Other file systems are mounted below /data: /data/x."]}
        """,
    ],
    ids=lambda text: text.strip().splitlines()[0],
)
def test_mounts(case: str) -> None:
    """As the step sees them."""
    assert differences(case, MOUNTING, MOUNTED) == []


_FILE = """
vmfix: 1
playbook: agent
title: The greeting is wrong
platform: linux
solves: [Greeting]
observe:
  greeting: {command: [cat, /etc/greeting], parse: text}
healthy: greeting == "hello"
remedies:
  - id: write
    risk: [config]
    steps:
      - {id: write, file: {path: /etc/greeting, content: hello}}
"""
_BARE = "vmfix: 1\ncases_of: agent\nusual:\n  answers: {greeting: bye}\ncases:\n"


def test_a_script_that_a_part_would_answer_is_said_with_that_part_first() -> None:
    """And nothing that only follows from it, such as how the target ended."""
    found = differences("name: x\nexpect: {status: fixed}", _FILE, _BARE)

    said = found.index(
        "the case: give `files:`, and the simulated machine answers this and the like by itself; or else"
    )
    assert found[0].startswith("the case: nothing answers: sh script")
    assert found[said + 1] == "the case: answers:"
    assert all(line.startswith("the case: ") for line in found)


def test_what_no_part_would_answer_is_only_to_be_answered() -> None:
    """There is no better way to name."""
    found = differences("name: x\nexpect: {status: fixed}", usual=USUAL.replace('sizes: "1\t/", ', ""))

    assert found[0] == "the case: nothing answers: du -s /a"
    assert found[1] == "the case: answers:"


def test_a_case_without_a_plan_says_why_and_not_what_came_of_it() -> None:
    """The run of a plan that holds nothing is stale, and that is no cause."""
    answers = """
    name: x
    answers: {'script with realpath': ''}
    expect: {status: fixed, sent: [], says: [hello]}
    """

    no_plan = "/etc/greeting could not be looked up: realpath on the target printed nothing and ended with exit 0"

    assert differences(answers, _FILE, _BARE) == [
        "the plan: expected fixed",
        f"the plan: got no plan: {no_plan}",
    ]


def test_a_run_says_why_the_plan_has_nothing_for_a_remedy() -> None:
    """What stood in the way when the plan was made, not that something is new."""
    answers = """
    name: x
    answers: {'script with realpath': ''}
    expect: {status: stale, says: ["it could not be planned then: /etc/greeting could not be looked up"]}
    """

    assert differences(answers, _FILE, _BARE) == []


def test_a_changing_script_is_said_with_its_part_too() -> None:
    """`files` would also obey it."""
    looks = """
    name: x
    answers:
      'script with realpath': {file: path}
      'script with %F|%a': {exit: 1}
      'script with exec cat': {exit: 3}
    expect: {status: fixed}
    """
    found = differences(looks, _FILE, _BARE, files={"path": b"/etc/greeting\0"})

    assert found[0].startswith("the case: nothing says what this changing command does: script of write")
    assert found[1].startswith("the case: give `files:`")
    assert found[2] == "the case: when:"
