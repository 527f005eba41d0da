"""What a real cmd.exe and real parsers of arguments make of our lines: below Wine, which is not Windows."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from examples.lab.windows.wine.process import WineExecutor
from runner.shells.windows import command_line
from tests.contract.speech import until
from tests.contract.windows import ENVIRONMENT
from tests.properties.test_windows_quoting import NASTY, arguments
from tests.properties.windows_readers import CmdActs, cmd_reads, crt_reads, shell32_reads

pytestmark = pytest.mark.real

READERS = {"echoargs": shell32_reads, "echocrt": crt_reads}


def printed(folder: Path, line: str, *, skip_cmd: bool) -> str:
    """Standard output of a line that ends well, with or without cmd.exe in between."""
    process = WineExecutor(folder).start(line, skip_cmd=skip_cmd, environment={}, directory=None, codepage=65001)
    try:
        process.close_input()
        text = _read(process.fileno_out()).decode()
        said = _read(process.fileno_err()).decode()
        assert until(lambda: process.exit_code() is not None)
        assert (process.exit_code(), said) == (0, "")
        return text
    finally:
        process.terminate(tree=True)
        process.close()


def _read(descriptor: int) -> bytes:
    pieces = []
    while select.select([descriptor], [], [], 60)[0] and (piece := os.read(descriptor, 65_536)):
        pieces.append(piece)
    return b"".join(pieces)


def as_printed(given: Sequence[str]) -> str:
    """How the lab's programs show their arguments."""
    return "".join(f"{argument}\n" for argument in given)


@pytest.mark.parametrize("program", READERS)
@pytest.mark.parametrize("skip_cmd", [False, True])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(arguments=arguments)
@example(arguments=NASTY)
@example(arguments=NASTY[::-1])
def test_arguments_arrive_unchanged(wine_folder: Path, program: str, skip_cmd: bool, arguments: list[str]) -> None:
    """Through cmd.exe and past it, by CommandLineToArgvW and by the C runtime."""
    line = command_line([program, *arguments])

    assert printed(wine_folder, line, skip_cmd=skip_cmd) == as_printed(arguments)


@pytest.mark.parametrize("program", READERS)
@pytest.mark.parametrize(
    "rest",
    ['"a b" c', r"\"a\" \\", r'"a\\" b', '""', 'a"b c"d', '"5% of %NOSUCH%"', '"a&b|c"', 'x^"y', '"^"', 'a"b""c"d'],
)
def test_the_models_read_as_the_programs_do(wine_folder: Path, program: str, rest: str) -> None:
    """The models that our own quoting is tested against, on lines that we would not write."""
    line = f"{program} {rest}"
    try:
        seen = cmd_reads(line, ENVIRONMENT)
    except CmdActs:
        seen = ""
    if seen:
        assert printed(wine_folder, line, skip_cmd=False) == as_printed(READERS[program](seen))
    assert printed(wine_folder, line, skip_cmd=True) == as_printed(READERS[program](line))
