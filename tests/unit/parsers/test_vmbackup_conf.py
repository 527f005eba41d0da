"""vmbackup.conf: what the extension makes of it."""

from __future__ import annotations

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.vmbackup_conf import VMBACKUP_CONF

GOOD = "[SnapshotThread]\nMountsToSkip = /a,/b\nSafeFreezeWaitInSeconds=600\n"


def parse(text: str | bytes, exit_code: int = 0) -> dict[str, object]:
    """The facts of a file."""
    raw = text.encode() if isinstance(text, str) else text
    facts = VMBACKUP_CONF.parse(CommandResult(exit_code=exit_code, stdout=raw))
    assert isinstance(facts, dict)
    assert set(facts) == set(VMBACKUP_CONF.fields)
    return facts


def test_good() -> None:
    """Options by their names in small letters, whatever the file has."""
    facts = parse(GOOD)

    assert facts["readable_by_extension"] is True
    assert facts["settings"] == {"mountstoskip": "/a,/b", "safefreezewaitinseconds": "600"}
    assert facts["mounts_to_skip"] == ["/a", "/b"]
    assert facts["traps"] == []


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """Python's text files know three."""
    assert parse(GOOD.replace("\n", end))["settings"] == parse(GOOD)["settings"]


def test_absent() -> None:
    """There is no such file by default."""
    facts = parse("", 1)
    assert (facts["exists"], facts["readable_by_extension"], facts["problem"]) == (False, False, "")


def test_not_readable_by_us() -> None:
    """Other failures are no absence."""
    with pytest.raises(ParseError):
        parse("", 126)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("MountsToSkip = /a\n", "before the first"),
        (GOOD + "mountstoskip = /c\n", "stands twice"),
        (GOOD + "[SnapshotThread]\n", "stands twice"),
        ("\ufeff" + GOOD, "byte order mark"),
        (GOOD + "garbage\n", "line 4"),
        (GOOD + "# ours\rMountsToSkip = /c\n", "stands twice"),
        (b"[SnapshotThread]\nx = \xff\n", "not UTF-8"),
    ],
)
def test_whole_file_ignored(text: str | bytes, problem: str) -> None:
    """One wrong line, and every setting is ignored without a word."""
    facts = parse(text)

    assert facts["readable_by_extension"] is False
    assert problem in str(facts["problem"])
    assert facts["settings"] == {}


@pytest.mark.parametrize(
    ("text", "trap"),
    [
        ("[snapshotthread]\nMountsToSkip=/a\n", "letter by letter"),
        ("[SnapshotThread]\nMountsToSkip = /a, /b\n", "' /b' has a blank"),
        ("[SnapshotThread]\nMountsToSkip = /a/\n", "ends with a slash"),
        ("[SnapshotThread]\nMountsToSkip = /\n", "cannot be skipped"),
        ("[SnapshotThread]\nMountsToSkip = /a ; the old disk\n", "part of the value"),
        ("[SnapshotThread]\nisanysnapshotfailed = True\n", "dead key"),
        ("[SnapshotThread]\nfsfreeze: True\n", "dead key"),
        ("[SnapshotThread]\nSafeFreezeWaitInSeconds = 1\n", "does not wait at all"),
        ("[SnapshotThread]\nSafeFreezeWaitInSeconds = 10m\n", "no number"),
        ("[SnapshotThread]\nMountsToSkip = /100%\n", "cannot read that key"),
        ("[SnapshotThread]\nMountsToSkip = /dätä\n", "beyond ASCII"),
    ],
)
def test_traps(text: str, trap: str) -> None:
    """What is written and has another effect than it seems, or none."""
    assert any(trap in sentence for sentence in parse(text)["traps"])  # type: ignore[attr-defined]


def test_percent_hides_only_its_own_key() -> None:
    """The extension reads key by key: others in the same file are read."""
    facts = parse("[SnapshotThread]\ntimeout = 100%\nMountsToSkip = /a\n")
    assert facts["mounts_to_skip"] == ["/a"]
    assert "timeout" not in facts["settings"]  # type: ignore[operator]


def test_blank_matches_nothing() -> None:
    """Items are given exactly as the extension splits them."""
    assert parse("[SnapshotThread]\nMountsToSkip = /a, /b\n")["mounts_to_skip"] == ["/a", " /b"]
