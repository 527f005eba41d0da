"""vmfix test: cases beside a playbook, without a machine."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET

import pytest

from tests.cli.desk import Desk

BOOK = """\
vmfix: 1
playbook: lamp
title: The lamp is off
platform: windows
solves: [LampOff]
params:
  patience: {type: duration, default: 2m, help: How long it may take.}
observe:
  lamp: {command: [sc, queryex, Lamp], parse: sc_query, ok_exit: [0, 1060]}
  colours:
    for_each: '["red", "blue"]'
    command: [reg, query, 'HKLM\\SOFTWARE\\Lamp\\{{ item }}', /v, Lit, /reg:64]
    parse: reg_query
    ok_exit: [0, 1]
requires:
  - {that: lamp.exists, else: There is no lamp.}
remarks:
  - {when: lamp.state == 3, say: The lamp goes out.}
healthy: lamp.state == 4
remedies:
  - id: light
    risk: [service-restart]
    steps:
      - {id: light, service: {name: Lamp, state: started}}
    verify: {within: "{{ patience }}", every: 10s}
  - id: by-hand
    manual: Light it by hand.
"""
CASES = """\
vmfix: 1
cases_of: lamp
usual:
  registry: {}
  services: {Lamp: stopped}
cases:
  - name: it is on
    services: {Lamp: running}
    expect: {status: healthy}
  - name: it is lit
    expect: {status: fixed, sent: [net start Lamp]}
  - name: it stays dark
    when:
      - sent: net start Lamp
        answer: {exit: 2, stderr: "System error 1069 has occurred.\\n\\nThe log-on failed.\\n"}
        then: {}
    expect: {status: failed, sent: [net start Lamp], says: [number 1069]}
  - name: there is none
    services: {Lamp: null}
    expect: {status: refused, says: [There is no lamp.]}
"""


@pytest.fixture
def lamp(desk: Desk) -> str:
    """The playbook's path; its cases lie beside it."""
    desk.write("lamps/lamp.cases.yml", CASES)
    return str(desk.write("lamps/lamp.yml", BOOK))


def replaced(desk: Desk, old: str, new: str) -> None:
    """Other cases beside the playbook."""
    assert old in CASES
    desk.write("lamps/lamp.cases.yml", CASES.replace(old, new, 1))


def test_all_pass(desk: Desk, lamp: str) -> None:
    """One line for each case, what no case reaches, and how many there were; no journal is written."""
    done = desk.vmfix("test", lamp)

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "lamp\n  ok    it is on\n  ok    it is lit\n  ok    it stays dark\n  ok    there is none\n\n"
        "Not reached by any case:\n  lamp: remark 1, remedy by-hand\n4 cases: 4 passed, 0 failed\n"
    )
    assert not (desk.folder / "state").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: healthy}", "status: fixed}", ["status:", "expected fixed", "got healthy: the guest shows no fault"]),
        ("fixed, sent: [net start Lamp]", "fixed", ["sent:", "+ net start Lamp"]),
        ("fixed, sent: [net start Lamp]", "fixed, sent: [net start Lamp, net stop Lamp]", ["- net stop Lamp"]),
        ("says: [number 1069]", "says: [number 1058]", ["expected number 1058", "number 1069"]),
        ("status: healthy}", "status: healthy, remarks: [dark]}", ["remarks:", "- dark"]),
        ("status: healthy}", "status: healthy, services: {Lamp: stopped}}", ["expected stopped", "got running"]),
        ("fixed, sent", "fixed, remedies: [by-hand], sent", ["- by-hand", "+ light"]),
        ("fixed, sent", "fixed, plan: {light/light: no change}, sent", ["expected no change", "got would change"]),
        ("fixed, sent", "fixed, registry: {HKLM\\X: {}}, sent", ["HKLM\\X:", "expected there", "got not there"]),
        ("fixed, sent", "fixed, registry: {HKLM\\X: {A: {type: REG_DWORD, data: 1}}}, sent", ["got absent"]),
        (
            "  registry: {}\n",
            "",
            ["nothing answers: reg query HKLM\\SOFTWARE\\Lamp\\red", '"colours[red]": {std', "give `registry:`"],
        ),
        (
            "  services: {Lamp: stopped}\n",
            "",
            ["nothing answers: sc queryex Lamp", '"lamp": {stdout', "give `services:`"],
        ),
        (
            "    expect: {status: fixed",
            "    answers: {'colours[green]': ''}\n    expect: {status: fixed",
            ["the answer to `colours[green]` was never asked for"],
        ),
        (
            "    expect: {status: fixed",
            "    when: [{sent: net stop Lamp}]\n    expect: {status: fixed",
            ["`net stop Lamp` was never sent"],
        ),
        (
            "    expect: {status: fixed",
            "    answers: {lamp: '', sc queryex Lamp: ''}\n    expect: {status: fixed",
            ["observation `lamp`"],
        ),
    ],
)
def test_what_differs_is_said(desk: Desk, lamp: str, old: str, new: str, words: list[str]) -> None:
    """The case, its place, what was expected and what came; the exit code is 5."""
    replaced(desk, old, new)
    done = desk.vmfix("test", lamp)

    assert done.code == 5
    assert "  FAIL  " in done.out
    assert "lamp.cases.yml:" in done.out
    for word in words:
        assert word in done.out


def test_verification_costs_no_time(desk: Desk, lamp: str) -> None:
    """A lamp that is lit after a minute and a half is waited for, on a clock that is not real."""
    replaced(
        desk,
        "    expect: {status: fixed",
        "    when: [{sent: net start Lamp, answer: '', after: 90s, then: {services: {Lamp: running}}}]\n"
        "    expect: {status: not fixed",
    )
    # The step itself gives up after a minute.
    assert "got failed: light: the commands ran, but: `Lamp` is stopped" in desk.vmfix("test", lamp).out
    replaced(
        desk,
        "    expect: {status: fixed",
        "    when: [{sent: net start Lamp, answer: '', after: 50s, then: {services: {Lamp: running}}}]\n"
        "    expect: {status: fixed",
    )
    assert desk.vmfix("test", lamp).code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cases_of: lamp", "cases_of: light", ":2:11: error: these are cases of `light`, not of `lamp`"),
        ("name: it is lit", "name: it is on", ":10:11: error: another case has this name already"),
        ("status: healthy", "status: happy", ":9:22: error: `happy` is not how a target can end"),
        ("{Lamp: running}", "{Lamp: burning}", "`burning` is no state of a service"),
        ("  registry: {}", "  answers: {lam: ''}", ":4:13: error: no observation is called `lam`"),
        ("  registry: {}", "  params: {patience: soon}", "`soon` is not a duration"),
        ("  registry: {}", "  registry: {HKCU\\X: {}}", "`HKCU\\X` is no key below HKLM"),
        ("status: healthy}", "status: healthy, services: {}}", "`services`: it needs at least 1 entry"),
        ("  registry: {}", "  files: {}", ":4:3: error: `files` are not simulated on a machine with windows"),
        ("  registry: {}", "  target: {platform: linux}", "the playbook is for windows, not for linux"),
        ("status: healthy}", "status: healthy, plan: {light/lite: no change}}", "remedy `light` has no step `lite`"),
        ("status: healthy}", "status: healthy}\n    approve: [lihgt]", "Did you mean `light`?"),
        ("  registry: {}", "  answers: {colours: {file: red.txt}}", "the file red.txt cannot be read"),
        ("  registry: {}", '  answers: {colours: {file: "red\\0.txt"}}', "cannot be read"),
        ("  registry: {}", "  answers: {colours: {file: ../red.txt}}", "is no file in the folder of the cases"),
        ("  registry: {}", "  answers: {colours: {fails: lost, exit: 1}}", "gives no output and no exit code"),
    ],
)
def test_wrong_documents(desk: Desk, lamp: str, old: str, new: str, words: str) -> None:
    """Each problem at its place, with exit code 3, and `vmfix check` says the same; nothing is played."""
    replaced(desk, old, new)
    done = desk.vmfix("test", lamp)

    assert done.code == 3
    assert words in done.err
    assert "  ok  " not in done.out
    checked = desk.vmfix("check", desk.folder / "lamps")
    assert checked.code == 3
    assert words in checked.out
    assert "2 documents" in checked.out


@pytest.mark.parametrize("link", ["inside", "outside", "folder", "fifo"])
def test_outputs_lie_in_their_folder(desk: Desk, lamp: str, link: str) -> None:
    """A link within the folder is followed; one that leads out of it is not, nor is what is no file."""
    replaced(desk, "  registry: {}\n", "  registry: {}\n  answers: {lamp: {file: it.txt}}\n")
    folder = desk.folder / "lamps/lamp.cases"
    secret = desk.write("elsewhere/it.txt", "SERVICE_NAME: Lamp, and a secret")
    if link == "folder":
        folder.symlink_to(secret.parent)
    else:
        desk.write("lamps/lamp.cases/real.txt", "SERVICE_NAME: Lamp")
        made = {"inside": folder / "real.txt", "outside": secret}.get(link)
        os.mkfifo(folder / "it.txt") if made is None else (folder / "it.txt").symlink_to(made)
    done = desk.vmfix("test", lamp)

    assert done.code == (5 if link == "inside" else 3)
    assert "a secret" not in done.out + done.err
    if link != "inside":
        assert "lamp.cases.yml:5:26: error: the file it.txt cannot be read" in done.err
        assert "in the folder lamp.cases/ beside the cases; links that lead out of it are refused" in done.err


def test_a_part_of_the_cases(desk: Desk, lamp: str) -> None:
    """-k; then nothing is said of what no case reaches."""
    done = desk.vmfix("test", lamp, "-k", "DARK")
    assert done.out == "lamp\n  ok    it stays dark\n\n1 case: 1 passed, 0 failed\n"
    none = desk.vmfix("test", lamp, "-k", "purple")
    assert (none.code, none.out) == (2, "")
    assert "no case has `purple` in its name" in none.err


@pytest.mark.usefixtures("lamp")
def test_a_whole_folder(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is named, or the one where vmfix is called; playbooks without cases are passed over."""
    desk.write("lamps/other.yml", BOOK.replace("playbook: lamp", "playbook: other"))
    assert "4 cases: 4 passed" in desk.vmfix("test", "--playbooks", desk.folder / "lamps").out
    monkeypatch.chdir(desk.folder / "lamps")
    assert "4 cases: 4 passed" in desk.vmfix("test").out
    none = desk.vmfix("test", "./other.yml")
    assert none.code == 2
    assert "there is no file other.cases.yml" in none.err


@pytest.mark.usefixtures("lamp")
def test_cases_are_no_playbooks(desk: Desk) -> None:
    """A folder of playbooks is loaded as before."""
    done = desk.vmfix("list", "lamp", "--playbooks", desk.folder / "lamps")
    assert (done.code, done.err) == (0, "")
    assert "LampOff" in done.out


def test_shipped_by_id(desk: Desk) -> None:
    """Shipped playbooks have cases, which every installation can play."""
    done = desk.vmfix("test", "vss-writers-bad-state", "-k", "restarted")
    assert done.code == 0


def test_json(desk: Desk, lamp: str) -> None:
    """Everything as data."""
    replaced(desk, "status: healthy}", "status: fixed}")
    done = desk.vmfix("test", lamp, "--json")

    (book,) = done.data["playbooks"]
    assert (done.code, book["playbook"], len(book["cases"])) == (5, "lamp", 4)
    assert book["unreached"] == ["remark 1", "remedy by-hand"]
    first, second = book["cases"][:2]
    assert (first["passed"], first["status"], first["differences"][0]["what"]) == (False, "healthy", "status")
    assert (second["passed"], second["sent"], second["differences"]) == (True, ["net start Lamp"], [])


def test_junit(desk: Desk, lamp: str) -> None:
    """For CI servers: a failure has its difference."""
    replaced(desk, "status: healthy}", "status: fixed}")
    assert desk.vmfix("test", lamp, "--junit", desk.folder / "tests.xml").code == 5

    tree = ET.parse(desk.folder / "tests.xml")  # noqa: S314 - we wrote it
    cases = tree.findall(".//testcase")
    assert [case.get("name") for case in cases] == ["it is on", "it is lit", "it stays dark", "there is none"]
    (failure,) = tree.findall(".//failure")
    assert "expected fixed" in (failure.text or "")
