"""Output that is broken, or made to be slow to read, takes no more time than its length warrants.

One target could stop the work on all others otherwise: a regular expression is not interrupted by other threads.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from runner.credentials.redaction import Redactor
from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.text import CUT
from runner.parsers import PARSERS
from runner.parsers.ini import Unreadable
from runner.report.layout import Page
from runner.report.markdown import fenced, inline
from runner.shells.windows_text import oem_codec, to_utf8
from runner.steps.ini_text import set_option

SIZES = (800, 3_200, 12_800, 51_200)  # characters; small ones first, so that a cubic reader fails before it hangs
MOST_GROWTH = 8  # when the text is four times as long: linear is 4, quadratic is 16
MEASURABLE = 0.1  # seconds of processor time, below which nothing is concluded from a growth
MOST_TIME = 10.0  # seconds for the longest text, on a busy machine


@dataclass(frozen=True, slots=True)
class Shape:
    """``unit`` again and again, between a beginning and an end that lead a reader into it."""

    unit: str
    head: str = ""
    tail: str = ""
    numbered: bool = False  # "#" in the unit is another number each time

    def text(self, size: int) -> str:
        """About ``size`` characters of it."""
        count = size // len(self.unit)
        units = (self.unit.replace("#", str(number)) for number in range(count)) if self.numbered else ()
        return self.head + ("".join(units) or self.unit * count) + self.tail


_ID = "{11111111-1111-1111-1111-111111111111}"
_WRITER = f"Writer name: 'W'\n   Id: {_ID}\n   Instance: {_ID}\n"
_SERVICE = "SERVICE_NAME: s\n   TYPE : 10  W\n   STATE : "

SHAPES = {
    "one letter": Shape("a"),
    "digits": Shape("1", tail="x"),
    "octal zeros": Shape("0", head="&#x", tail="x"),
    "newlines": Shape("\n", tail="x"),
    "carriage returns": Shape("\r", head="x", tail="x"),
    "blanks": Shape(" ", tail="x"),
    "blanks in a line": Shape(" ", head="a", tail="b"),
    "blanks in a value": Shape(" ", head="a=b", tail="c"),
    "words": Shape("a "),
    "short lines": Shape("a\n"),
    "indented lines": Shape(" a:b:\n", head="a: 'b'\n"),
    "sections": Shape("[s#]\n", head="[DEFAULT]\na=%(b)s\n", numbered=True),
    "defaults": Shape("k#=1\n", head="[DEFAULT]\n", tail="[s]\n", numbered=True),
    "keys": Shape("k#=1\n", numbered=True),
    "a repeated key": Shape('"#":1,', head="{", tail='"z":1,"z":1}', numbered=True),
    "nested lists": Shape("["),
    "nested children": Shape('{"children":[', head='{"filesystems":['),
    "mounts": Shape('{"source":"a","options":"\\"b,c"},', head='{"filesystems":[', tail="{}]}"),
    "unclosed quotes": Shape('"a,', head="a b c ", tail='"'),
    "empty quotes": Shape('""', head="a b c "),
    "backslashes": Shape("\\", head="a b c '"),
    "octal escapes": Shape("\\040", tail=" b c"),
    "percent signs": Shape("%%", head="[SnapshotThread]\na="),
    "blanks in an option": Shape(" ", head="[SnapshotThread]\nb", tail="c=1\na=1\n"),
    "an option in many lines": Shape(" a\n", head="[SnapshotThread]\na=1\n"),
    "references": Shape("%(a)s", head="[SnapshotThread]\na=", tail="\n"),
    "equal signs": Shape("= ", head="x", tail="y"),
    "colons": Shape(": a", head="x", tail="\n"),
    "colons and blanks": Shape(" : ", head=" "),
    "brackets": Shape("("),
    "closing brackets": Shape(")", head="  (", tail="x"),
    "arguments": Shape("'a', ", head="arg : ["),
    "argument in argument": Shape("[", head="arg : ["),
    "sums as arguments": Shape("1+", head="arg : ['a', ", tail="1]"),
    "failed freezes": Shape("Failed to open: "),
    "errors of freezes": Shape(" with error: 1", head="Failed to open: "),
    "events": Shape("<Event "),
    "closed events": Shape("<Event></Event>"),
    "ends of events": Shape("</Event>"),
    "elements in an event": Shape("<a>", head="<Event>", tail="</Event>"),
    "attributes of an event": Shape("a#='' ", head="<Event ", tail="></Event>", numbered=True),
    "documents": Shape("<Objs ", head="#< CLIXML\n"),
    "closed documents": Shape("<Objs></Objs>", head="#< CLIXML\n"),
    "elements in a document": Shape("<S>", head="#< CLIXML\n<Objs>", tail="</Objs>"),
    "escapes in a document": Shape("_x000", head='#< CLIXML\n<Objs><S S="Error">', tail="</S></Objs>"),
    "marks of documents": Shape("#< CLIXML "),
    "errors of sc": Shape("1", head="[SC]", tail=" x"),
    "numbers for sc": Shape("1 : ", head="[SC] a ", tail="x"),
    "a state and blanks": Shape(" ", head=f"{_SERVICE}4", tail="(\n   A : 0\n   B : 0\n   C : 0\n   D : 0\n"),
    "a state and brackets": Shape("()", head=f"{_SERVICE}4", tail="x\n   A : 0\n   B : 0\n   C : 0\n   D : 0\n"),
    "a count of services": Shape("= 1", head="entriesRead", tail=" x"),
    "no label for sc": Shape(" ", head="SERVICE_NAME: s\n", tail="x"),
    "no label of a writer": Shape(" ", head="Writer name: 'W'\n", tail="x"),
    "no options": Shape("a\n", head="[SnapshotThread]\n"),
    "a writer's name": Shape(" ", head="Writer name: '", tail="x"),
    "quotes of writers": Shape("' ", head="Writer name: '", tail="x"),
    "a writer's state": Shape(" ", head=f"{_WRITER}   State: [1] a", tail="b\n   Error: c\n"),
    "writers": Shape(f"{_WRITER}   State: [1] Stable\n   Last error: none\n"),
    "registry values": Shape("    a    REG_A", head="HKEY_A\n", tail="."),
    "registry types": Shape("A", head="HKEY_A\n    a    REG_", tail="."),
    "numbers of the registry": Shape("f", head="HKEY_A\n    a    REG_DWORD    0x"),
    "users of mounts": Shape(" a: ", head="/data:"),
    "access of mounts": Shape(" ", head="/data:", tail="root 12 "),
    "words of net": Shape("HELPMSG "),
    "proposals of e2fsck": Shape("? ", tail="yes"),
    "code pages": Shape("OEMCP REG_SZ "),
    "cuts": Shape(f"{CUT}secr"),
    "letters of Latin-1": Shape("\udcff\n"),
    "list items": Shape("- a\n b\n"),
    "backticks": Shape("`"),
}


def _read_by_parser(name: str) -> Callable[[bytes], object]:
    """Both streams, for ``net`` and ``fuser`` read the other one; and both of the usual exit codes."""

    def read(data: bytes) -> None:
        for code in (0, 1):
            with contextlib.suppress(ParseError):
                PARSERS[name].parse(CommandResult(exit_code=code, stdout=data, stderr=data))

    return read


def _shown(data: bytes) -> None:
    page = Page(colour=False)
    text = data.decode("utf-8", "replace")
    page.prose(2, text, label="a")
    page.item(2, "a", text)
    page.flow(2, text)
    page.output(2, "a", text, last=20)
    fenced([inline(text)])


def _redacted(data: bytes) -> None:
    redactor = Redactor()
    redactor.add("secret, quite long and not told to anybody")
    redactor.redact(data.decode("utf-8", "replace"))


def _edited(data: bytes) -> None:
    for value in ("1", None):
        with contextlib.suppress(ParseError, Unreadable):
            set_option(data.decode("utf-8", "replace"), "SnapshotThread", "a", value)


READERS: dict[str, Callable[[bytes], object]] = {
    **{name: _read_by_parser(name) for name in PARSERS},
    "CLIXML and code pages": lambda data: to_utf8(data, lambda: "cp850"),
    "name of the code page": oem_codec,
    "editing of INI files": _edited,
    "reports": _shown,
    "redaction": _redacted,
}


def _seconds(read: Callable[[bytes], object], data: bytes) -> float:
    """Processor time of this thread: other work on the machine hardly counts, nor what else lies in memory."""
    gc.disable()
    try:
        start = time.thread_time()
        read(data)
        return time.thread_time() - start
    finally:
        gc.enable()


def _data(shape: Shape, size: int) -> bytes:
    return shape.text(size).encode("utf-8", "surrogateescape")


def slow(read: Callable[[bytes], object], shape: Shape) -> str:
    """What is wrong; empty if nothing is. What looks wrong is measured again, so that one disturbance is no failure."""
    before = 0.0
    for size in SIZES:
        took = _seconds(read, _data(shape, size))
        for _ in range(3):
            if took <= max(MEASURABLE, MOST_GROWTH * before) and took <= MOST_TIME:
                break
            before = max(before, _seconds(read, _data(shape, size // 4)))
            took = min(took, _seconds(read, _data(shape, size)))
        else:
            return f"{size} characters took {took:.2f} s, and a quarter of them {before:.3f} s"
        before = took
    return ""


@pytest.mark.parametrize("reader", READERS)
def test_time_grows_with_the_length(reader: str) -> None:
    """Not with its square."""
    found = {name: slow(READERS[reader], shape) for name, shape in SHAPES.items()}

    assert {name: why for name, why in found.items() if why} == {}


def test_the_measure_tells() -> None:
    """A reader that is quadratic, as the search for ``a*b`` is, is found out."""

    def quadratic(data: bytes) -> None:
        for at in range(len(data)):
            data[at:].count(b"b")

    assert slow(quadratic, SHAPES["one letter"])
