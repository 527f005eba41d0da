"""list, show, check: documents in, all problems out."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk


def test_list_shows_code_id_title_platform_and_kind(desk: Desk) -> None:
    """One line per error code."""
    desk.write("books/book.yml", desk.book.read_text())
    done = desk.vmfix("list", "--playbooks", desk.folder / "books", "flag")
    assert (done.code, done.err) == (0, "")
    line = next(line for line in done.out.splitlines() if line.startswith("UserErrorFlagMissing"))
    assert line.split() == [
        "UserErrorFlagMissing",
        "flag-missing",
        "linux",
        "playable",
        "The",
        "flag",
        "is",
        "not",
        "up",
    ]
    assert "also: 4242" in done.out


def test_list_of_an_unknown_word_names_the_nearest(desk: Desk) -> None:
    """A slip of the pen is a usage error with a hint."""
    desk.write("books/book.yml", desk.book.read_text())
    done = desk.vmfix("list", "UserErrorFlagMising", "--playbooks", desk.folder / "books")
    assert done.code == 2
    assert "Did you mean `UserErrorFlagMissing`?" in done.err


def test_list_as_json(desk: Desk) -> None:
    """Versioned."""
    desk.write("books/book.yml", desk.book.read_text())
    done = desk.vmfix("list", "4242", "--playbooks", desk.folder / "books", "--json")
    (row,) = done.data["playbooks"]
    assert done.data["vmfix_list"] == 1
    assert (row["id"], row["codes"], row["playable"]) == ("flag-missing", ["UserErrorFlagMissing"], True)


@pytest.mark.parametrize("word", ["flag-missing", "usererrorflagmissing", "4242", "PATH"])
def test_show_finds_a_playbook_by_everything_it_goes_by(desk: Desk, word: str) -> None:
    """Id, code in any case, alias, path; and all that matters is shown, in the order of the ladder."""
    desk.write("books/book.yml", desk.book.read_text())
    done = desk.vmfix("show", desk.book if word == "PATH" else word, "--playbooks", desk.folder / "books")
    assert (done.code, done.err) == (0, "")
    for text in (
        "flag-missing: The flag is not up",
        "source: https://example.com/flag",
        f"dir (str, default '{desk.flags}'): Where the flag stands.",
        """$ sh -c 'cat "$0/flag" 2>/dev/null; exit 0' '{{ dir }}\'""",
        'healthy when: flag == "up"',
        "risk: config",
        "approval: The flag can be seen from afar.",
        "takes at most: 1m",
        'script: printf %s up >"$1/flag"',
        "a person does this: Raise it by hand.",
    ):
        assert text in " ".join(done.out.split())
    assert done.out.index("raise: Raise the flag") < done.out.index("by-hand")


def test_show_writes_checks_as_they_are_to_be_read(desk: Desk) -> None:
    """Each with its command as it would be sent, and none as a value of Python."""
    shown = " ".join(desk.vmfix("show", "visual-cpp-runtime").out.split())

    assert "checks 1: command: reg query HKLM\\SOFTWARE\\Microsoft\\VisualStudio\\12.0\\VC\\Runtimes\\x64 /v" in shown
    assert "checks 2: command: reg query HKLM\\SOFTWARE\\Wow6432Node\\Microsoft\\" in shown
    assert "{'" not in shown


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["Extension installation/operation failed due to a COM+ error"], "com-plus-msdtc: "),
        (["https://learn.microsoft.com/azure/backup/backup-azure-vms-troubleshoot#jobs"], "job-not-cancelled: "),
        (["Extension instalation/operation failed due to a COM error"], "Did you mean `Extension installation/"),
        (["Extension installation/" + "y" * 300], "no playbook solves"),
        (["./networking"], "the playbook ./networking does not exist"),
        (["no/" + "y" * 300], "does not exist"),
    ],
)
def test_a_stroke_makes_no_path_of_a_message_or_an_address(desk: Desk, words: list[str], found: str) -> None:
    """Unless it begins as paths do, or such a file is there."""
    done = desk.vmfix("show", *words)
    assert found in done.out + done.err


def test_check_says_where_every_problem_of_every_document_is(desk: Desk) -> None:
    """All at once, each with file:line:column; right documents are not mentioned."""
    bad_book = desk.write("bad/book.yml", "vmfix: 1\nplaybook: Bad Name\nplatfrom: linux\n")
    bad_inventory = desk.write("bad/inventory.yml", "vmfix: 1\ntargets:\n  one: {adress: x}\n  one: {}\n")
    broken = desk.write("bad/broken.yml", "vmfix: [1\n")
    done = desk.vmfix("check", desk.folder / "bad", desk.book, desk.folder / "missing.yml")
    assert done.code == 3
    for place in (
        f"{bad_book}:2:11: error:",
        f"{bad_book}:3:1: error: unknown key `platfrom`; did you mean `platform`?",
        f"{bad_inventory}:3:9: error:",
        f"{bad_inventory}:4:3: error:",
        f"{broken}:2:1: error:",
        f"{desk.folder}/missing.yml: error:",
    ):
        assert place in done.out
    assert f"{desk.book}:" not in done.out


def test_check_of_right_documents_is_content(desk: Desk) -> None:
    """A folder may hold playbooks and inventories."""
    done = desk.vmfix("check", desk.folder)
    assert (done.code, done.out) == (0, "2 documents: 0 errors, 0 warnings\n")


def test_check_finds_two_playbooks_of_one_id(desk: Desk) -> None:
    """Which one is meant, nobody could tell."""
    desk.write("again.yml", desk.book.read_text())
    done = desk.vmfix("check", desk.folder)
    assert done.code == 3
    assert "the id `flag-missing` is taken" in done.out


def test_check_as_json(desk: Desk) -> None:
    """Versioned."""
    bad = desk.write("bad.yml", "vmfix: 1\ntargets: {x: {port: http}}\n")
    done = desk.vmfix("check", bad, "--json")
    assert done.code == 3
    (problem,) = done.data["problems"]
    assert done.data["vmfix_check"] == 1
    assert (problem["file"], problem["line"], problem["severity"]) == (str(bad), 2, "error")


UNCHECKED = """\
vmfix: 1
playbook: unchecked
title: Nobody sees whether it helps
platform: linux
solves: [Unchecked]
source: a test
observe:
  state: {command: [cat, /etc/demo]}
healthy: state == "good"
remedies:
  - id: mend
    title: Mend it
    risk: [config]
    takes: 1m
    steps:
      - id: mend
        command: {argv: [demo], undo: [demo, --back]}
"""


def test_check_warns_of_what_the_language_allows(desk: Desk) -> None:
    """Warnings forbid nothing, but with --strict they do."""
    book = desk.write("unchecked.yml", UNCHECKED)
    done = desk.vmfix("check", book)
    assert done.code == 0
    assert f"{book}:17:9: warning: " in done.out
    assert "[change-without-check at remedies.mend.steps.mend]" in done.out
    assert "1 document: 0 errors, 1 warning\n" in done.out

    assert desk.vmfix("check", book, "--strict").code == 3
    assert desk.vmfix("check", desk.book, "--strict").code == 0


def test_check_names_rule_and_place_for_programs(desk: Desk) -> None:
    """So that another program can count them."""
    done = desk.vmfix("check", desk.write("unchecked.yml", UNCHECKED), "--json", "--strict")
    (problem,) = done.data["problems"]
    assert done.code == 3
    assert (problem["rule"], problem["at"]) == ("change-without-check", "remedies.mend.steps.mend")


def test_an_error_of_the_linter_forbids(desk: Desk) -> None:
    """It is sure to go wrong, whoever asks for it strictly or not."""
    book = desk.write("wrong.yml", UNCHECKED.replace("argv: [demo]", "argv: [reboot]"))
    done = desk.vmfix("check", book)
    assert done.code == 3
    assert "error: `reboot` is a risk that remedy `mend` does not name: reboot [risk-too-low at" in done.out


def test_check_lists_its_rules(desk: Desk) -> None:
    """One line each; without a document that is what it is asked for, else a document is missing."""
    done = desk.vmfix("check", "--rules")
    assert (done.code, done.err) == (0, "")
    assert "no-undo " in done.out
    rules = desk.vmfix("check", "--rules", "--json").data["rules"]
    assert len(rules) == len(done.out.splitlines())
    assert {"id": "no-undo", "severity": "warning"}.items() <= next(r for r in rules if r["id"] == "no-undo").items()
    assert desk.vmfix("check").code == 2


def test_check_of_an_empty_folder_is_an_error(desk: Desk) -> None:
    """A wrong path must not look like success."""
    (desk.folder / "empty").mkdir()
    done = desk.vmfix("check", desk.folder / "empty")
    assert done.code == 3
    assert "no document" in done.out


def test_problems_of_playbook_and_inventory_and_parameters_come_together(desk: Desk) -> None:
    """Nobody wants to find them one by one."""
    bad_inventory = desk.write("bad.yml", "vmfix: 1\ntargets: {x: {port: http}}\n")
    done = desk.vmfix("plan", desk.book, "-i", bad_inventory, "-e", "dri=/x")
    assert done.code == 3
    assert f"{bad_inventory}:2:" in done.err
    assert "no playbook here has a parameter `dri`" in done.err
    assert "Did you mean `dir`?" in done.err
    assert "2 problems; nothing was executed." in done.err

    bad_book = desk.write("bad/book.yml", "vmfix: 1\nplaybook: x\n")
    done = desk.vmfix("plan", bad_book, "-i", bad_inventory, "--json")
    assert done.code == 3
    assert {problem["file"] for problem in done.data["problems"]} == {str(bad_book), str(bad_inventory)}


@pytest.mark.parametrize("word", ["mine", "mine.yaml"])
def test_a_file_that_is_named_without_its_ending_or_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """By its whole name it is read; by half of it nothing is, and what to write is said."""
    desk.write("mine.yaml", desk.book.read_text())
    monkeypatch.chdir(desk.folder)
    done = desk.vmfix("plan", word, "-i", desk.inventory)

    if word == "mine":
        assert done.code == 2
        assert "no playbook solves `mine`" in done.err
        assert "Is the file ./mine.yaml meant? Write it so; nothing was executed." in done.err
    else:
        assert done.code == 0
