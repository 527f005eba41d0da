"""The ini_value step, and the editing of INI text."""

from __future__ import annotations

import configparser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runner.model.command import CommandResult
from runner.model.plan import Outcome
from runner.parsers.ini import Unreadable, read
from runner.steps._atomic_write import FileSeen
from runner.steps.base import Decision, Judged
from runner.steps.ini_text import set_option
from runner.steps.ini_value import INI_VALUE, IniArgs

PATH = "/etc/azure/vmbackup.conf"


def args(**fields: Any) -> IniArgs:  # noqa: ANN401 - any argument
    """MountsToSkip, unless told otherwise."""
    return IniArgs(**{"path": PATH, "section": "SnapshotThread", "option": "MountsToSkip", **fields})


def seen(content: str | bytes | None, path: str = PATH) -> FileSeen:
    """A file with a content."""
    raw = content.encode() if isinstance(content, str) else content
    return FileSeen(path=path, content=raw, mode="0640", owner="root", group="adm", kind="regular file")


def decide(wish: IniArgs, *files: str | bytes | None) -> Decision:
    """What follows from files with these contents."""
    state = tuple(seen(content, f"{PATH}{index or ''}") for index, content in enumerate(files))
    decision = INI_VALUE.decide(wish, state)
    assert decision.commands == (INI_VALUE.bound(wish, state) if decision.commands else ())
    return decision


def text_of(decision: Decision) -> str:
    """What would be written."""
    (command,) = decision.commands
    return command.stdin


class TestEditing:
    """Only the option changes."""

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("[S]\no = 1\n", "[S]\no = 2\n"),
            ("[S]\nO=1\n", "[S]\nO=2\n"),
            ("[S]\r\n# c\r\no: 1\r\nx = 1\r\n", "[S]\r\n# c\r\no: 2\r\nx = 1\r\n"),
            ("[S]\no = 1", "[S]\no = 2"),
            ("[S]\no =\n", "[S]\no = 2\n"),
            ("[S]\no = 1\n  more\n  lines\nx=1\n", "[S]\no = 2\nx=1\n"),
            ("[S]\nx=1\n\n# of T\n[T]\no=9\n", "[S]\nx=1\no=2\n\n# of T\n[T]\no=9\n"),
            ("[S]\n", "[S]\no = 2\n"),
            ("[S]", "[S]\no = 2"),
            ("[T]\nx = 1", "[T]\nx = 1\n\n[S]\no = 2\n"),
            ("", "[S]\no = 2\n"),
            ("# only a comment\n", "# only a comment\n\n[S]\no = 2\n"),
            ("[S]\nx = 1\n; o = 5\n", "[S]\nx = 1\no = 2\n; o = 5\n"),
        ],
    )
    def test_set(self, before: str, after: str) -> None:
        """Comments, order, line ends, the way of writing and a missing last line end stay."""
        assert set_option(before, "S", "o", "2") == after

    def test_remove(self) -> None:
        """With all lines of its value."""
        assert set_option("[S]\na=1\no = 1\n 2\nb=1\n", "S", "o", None) == "[S]\na=1\nb=1\n"

    @given(
        st.dictionaries(
            st.sampled_from(["S", "T", "u v"]),
            st.dictionaries(
                st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.from_regex(r"[a-z0-9/,=:]{0,6}", fullmatch=True)
            ),
        ),
        st.from_regex(r"[a-z]{1,2}", fullmatch=True),
        st.from_regex(r"[a-z0-9/,;#]{1,6}", fullmatch=True),
        st.sampled_from(["\n", "\r\n"]),
        st.sampled_from([" = ", "=", ": "]),
    )
    def test_nothing_else_changes(
        self, sections: dict[str, dict[str, str]], key: str, value: str, end: str, sign: str
    ) -> None:
        """Whatever stands there, exactly this one value differs afterwards, by the parser's own reading."""
        lines = [
            part
            for name, options in sections.items()
            for part in (f"[{name}]", *(f"{k}{sign}{v}" for k, v in options.items()))
        ]
        text = "".join(line + end for line in lines)

        after = read(set_option(text, "S", key, value))

        expected = {name: dict(options) for name, options in sections.items()}
        expected.setdefault("S", {})[key] = value
        assert {name: dict(options) for name, options in after.items()} == expected


class TestRefusals:
    """Files that a strict reader ignores as a whole are not touched."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("x = 1\n", "before the first [section]"),
            ("[SnapshotThread]\na=1\nA=2\n", "stands twice"),
            ("[SnapshotThread]\n[SnapshotThread]\n", "stands twice"),
            ("\ufeff[SnapshotThread]\n", "byte order mark"),
            ("[SnapshotThread]\ngarbage\n", "line 2"),
            ("[SnapshotThread]\ntimeout = 5%\n", "holds a %"),
            ("[snapshotthread]\n", "letter by letter"),
            ("[SnapshotThread]\n# ours\rtimeout = 5\n", "line 2 holds a carriage return by itself"),
            ("[SnapshotThread]\nMountsToSkip = /a\rMountsToSkip = /b\n", "stands twice"),
            (b"[SnapshotThread]\nx = \xff\n", "not UTF-8"),
            ("[SnapshotThread]\nMountsToSkip = /b ; ours\n", "part of it"),
        ],
    )
    def test_unreadable(self, content: str | bytes, words: str) -> None:
        """Refused with the place and the reason."""
        decision = decide(args(items=["/a"]), content)
        assert decision.outcome is Outcome.REFUSED
        assert words in decision.evidence
        assert decision.remedy

    def test_percent_in_the_new_value(self) -> None:
        """It could not be read back; doubled, it can."""
        assert decide(args(value="100%"), "[SnapshotThread]\n").outcome is Outcome.REFUSED
        assert decide(args(value="100%%"), "[SnapshotThread]\n").outcome is Outcome.WOULD_CHANGE

    def test_percent_that_is_replaced(self) -> None:
        """The broken value is the one that is set anew."""
        assert decide(args(value="/a"), "[SnapshotThread]\nMountsToSkip = 5%\n").outcome is Outcome.WOULD_CHANGE

    def test_default_section(self) -> None:
        """What [DEFAULT] sets cannot be removed from one section."""
        content = "[DEFAULT]\nMountsToSkip=/a\n[SnapshotThread]\n"
        assert decide(args(absent=True), content).outcome is Outcome.REFUSED
        assert decide(args(value="/b"), content).outcome is Outcome.WOULD_CHANGE

    def test_missing_file(self) -> None:
        """Made only if allowed; nothing has to be removed from it."""
        assert decide(args(value="/a"), None).outcome is Outcome.REFUSED
        assert decide(args(absent=True), None).outcome is Outcome.NO_CHANGE
        assert INI_VALUE.decide(args(path="/x/*/a", value="1"), ()).outcome is Outcome.REFUSED

    def test_one_of_several(self) -> None:
        """If one file cannot be handled, none is written."""
        assert decide(args(value="/a"), "[SnapshotThread]\n", "garbage\n").commands == ()


class TestValues:
    """Value, items, absent."""

    def test_items(self) -> None:
        """Added without a blank; blanks that made an item match nothing go; others stay."""
        decision = decide(args(items=["/b", "/c"]), "[SnapshotThread]\nMountsToSkip = /a, /b\n")
        assert text_of(decision) == "[SnapshotThread]\nMountsToSkip = /a,/b,/c\n"

    def test_items_present(self) -> None:
        """Idempotent, by the strict parser's reading, in any letters."""
        assert decide(args(items=["/a"]), "[SnapshotThread]\nmountstoskip=/b,/a\n").outcome is Outcome.NO_CHANGE

    def test_inline_comment_is_value(self) -> None:
        """The comment was part of the value: the whole line is written anew."""
        decision = decide(args(option="timeout", value="60"), "[SnapshotThread]\ntimeout = 60 ; default\n")
        assert text_of(decision) == "[SnapshotThread]\ntimeout = 60\n"

    def test_created(self) -> None:
        """Mode and owner are given only to a file that is made; its undo removes it."""
        decision = decide(args(value="/a", create=True), None)
        (command,) = decision.commands

        assert command.stdin == "[SnapshotThread]\nMountsToSkip = /a\n"
        assert command.argv[1] == "absent"
        assert command.argv[-2:] == ("0644", "root:root")
        assert decision.prior["files"][0]["existed"] is False  # type: ignore[index]

    def test_existing(self) -> None:
        """Mode and owner stay; the digest of what was read goes along; the content is not in the undo."""
        before = "[SnapshotThread]\nMountsToSkip = /a\npassword = secret\n"
        decision = decide(args(value="/b"), before)
        (command,) = decision.commands

        assert command.argv[1] == seen(before).digest
        assert command.argv[-2:] == ("", "")
        assert "-MountsToSkip = /a\n+MountsToSkip = /b\n" in decision.diff
        assert all("secret" not in repr((c.argv, c.stdin)) for c in decision.undo)
        assert "secret" not in repr(decision.prior)

    def test_verified_by_reading_back(self) -> None:
        """Only the parser's reading counts."""
        wish = args(value="/a")
        good = (seen("[SnapshotThread]\nMountsToSkip = /a\n"),)
        bad = (seen("[SnapshotThread]\nMountsToSkip = /a\nmountstoskip = /a\n"),)
        assert INI_VALUE.verify(wish, (), good).judged is Judged.OK
        assert INI_VALUE.verify(wish, (), bad).judged is Judged.FAILED

    def test_changed_meanwhile(self) -> None:
        """Exit 9 of the script."""
        command = decide(args(value="/a", create=True), None).commands[0]
        judged = INI_VALUE.judge(args(value="/a"), command, CommandResult(exit_code=9))
        assert judged.judged is Judged.FAILED
        assert "meanwhile" in judged.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"value": "a", "absent": True},
        {"value": "a\nb"},
        {"value": " a"},
        {"items": ["/a, /b"]},
        {"items": "/a, /b"},
        {"items": [""]},
        {"absent": True, "create": True},
        {"value": "a", "create": True, "path": "/x/*/y"},
        {"value": "a", "option": "a=b"},
        {"value": "a", "section": "a]b"},
    ],
)
def test_arguments_that_do_not_fit(fields: dict[str, object]) -> None:
    """Said when the playbook is checked."""
    with pytest.raises(ValidationError):
        args(**fields)


def test_the_strict_parser_is_pythons_own() -> None:
    """What is refused here, is what Python refuses."""
    with pytest.raises(Unreadable):
        read("[a]\nx=1\nx=2\n")
    with pytest.raises(configparser.DuplicateOptionError):
        configparser.ConfigParser().read_string("[a]\nx=1\nx=2\n")


@given(
    st.sampled_from([None, "", "[SnapshotThread]\n", "[SnapshotThread]\nMountsToSkip=/a\n", "bad"]),
    st.sampled_from([args(value="/a"), args(items=["/a", "/b"]), args(absent=True), args(value="1", create=True)]),
)
def test_decisions_lie_within_the_bound(content: str | None, wish: IniArgs) -> None:
    """For every file, and offline nothing is promised."""
    state = (seen(content),)
    assert set(INI_VALUE.decide(wish, state).commands) <= set(INI_VALUE.bound(wish, state))
    assert INI_VALUE.bound(wish, None) == ()
