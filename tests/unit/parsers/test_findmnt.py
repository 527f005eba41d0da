"""The mount table as util-linux prints it, old and new."""

from __future__ import annotations

import pytest

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.parsers.findmnt import FINDMNT

# util-linux 2.38.1, --json --list --nofsroot
NEW = b"""{
   "filesystems": [
      {
         "source": "/dev/loop6",
         "target": "/mnt/m nt",
         "fstype": "ext4",
         "options": "rw,relatime",
         "propagation": "private",
         "uuid": "54b8f103-31ce-40af-9f0c-5a508aebe9b9",
         "id": 73,
         "parent": 27,
         "maj:min": "7:6",
         "fsroot": "/"
      },{
         "source": "/dev/loop6",
         "target": "/mnt/bind",
         "fstype": "ext4",
         "options": "rw,relatime",
         "propagation": "private",
         "uuid": "54b8f103-31ce-40af-9f0c-5a508aebe9b9",
         "id": 74,
         "parent": 27,
         "maj:min": "7:6",
         "fsroot": "/sub"
      }
   ]
}
"""
# As util-linux 2.32 prints: a tree, numbers as strings, the root of a bind mount within the source.
OLD = b"""{"filesystems": [
  {"source": "/dev/sda1", "target": "/", "fstype": "xfs", "options": "rw,seclabel", "id": "1", "parent": "0",
   "children": [
     {"source": "/dev/sdb1[/sub dir]", "target": "/d\xc3\xa4ta", "fstype": "ext4",
      "options": "rw", "maj:min": "  8:17 "},
     {"source": "[none]", "target": "/x", "fstype": "tmpfs", "options": null}]}]}"""


def parse(stdout: bytes, exit_code: int = 0, stderr: bytes = b"") -> list[dict[str, object]]:
    """The rows, as a playbook gets them."""
    rows = FINDMNT.parse(CommandResult(exit_code=exit_code, stdout=stdout, stderr=stderr))
    assert isinstance(rows, list)
    return rows


def test_blanks_and_bind_mounts() -> None:
    """Paths come unescaped; a bind mount has the same device and another root."""
    whole, part = parse(NEW)

    assert whole["target"] == "/mnt/m nt"
    assert whole["options"] == ["rw", "relatime"]
    assert (whole["root"], part["root"]) == ("/", "/sub")
    assert whole["device_number"] == part["device_number"] == "7:6"


def test_old_tree() -> None:
    """Nested mounts are flattened, numbers are numbers, and [/sub] is no part of the device."""
    root, data, none = parse(OLD)

    assert root["id"] == 1
    assert (data["source"], data["root"], data["target"], data["device_number"]) == (
        "/dev/sdb1",
        "/sub dir",
        "/däta",
        "8:17",
    )
    assert (none["source"], none["options"]) == ("[none]", [])


def test_nothing_found() -> None:
    """Exit 1 without any output is an answer."""
    assert parse(b"", 1) == []


LONE = b'{"filesystems": [{"source": "/dev/sdb1", "target": "/\\ud800", "fstype": "ext4", "options": "rw"}]}'
DEEP = b'{"filesystems": [' + b'{"children": [' * 20000 + b"]}" * 20000 + b"]}"


@pytest.mark.parametrize("stdout", [b"", b"not json", b"[]", b"{}", b'{"filesystems": 1}', LONE, DEEP])
def test_unknown_output(stdout: bytes) -> None:
    """Anything else is an error, never an empty table."""
    with pytest.raises(ParseError):
        parse(stdout, 1 if stdout else 0, b"findmnt: unknown column")


def test_every_field_is_documented() -> None:
    """The fields are the contract with playbooks."""
    assert set(parse(NEW)[0]) == set(FINDMNT.fields)
