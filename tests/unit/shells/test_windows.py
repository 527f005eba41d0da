"""What the lines for Windows look like, and what is refused before anything is sent."""

from __future__ import annotations

import base64
import json
import re

import pytest
from tree_sitter import Language, Parser
from tree_sitter_powershell import language

from runner.model.command import Command, Dialect
from runner.shells.windows import LONGEST_LINE, CannotBeSent, command_line, launch
from runner.shells.windows_kill import FIRST_LINE, KILL_ALL
from runner.shells.windows_powershell import read_from_stdin, with_values

SPITEFUL = ("'); Stop-Computer #", '"@\n$(calc)', "`", "", "ünïcödé €")


def decoded(line: str) -> str:
    """The script in a line that starts PowerShell."""
    program, *options, script = line.split(" ")
    assert program == "powershell.exe"
    assert options == ["-NoProfile", "-NonInteractive", "-EncodedCommand"]
    return base64.b64decode(script).decode("utf-16-le")


def is_powershell(script: str) -> bool:
    """Whether a parser of PowerShell finds no error in it."""
    return not Parser(Language(language())).parse(script.encode()).root_node.has_error


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("net", "stop", "VSS"), "net stop VSS"),
        (("sc", "qc", "SQLWriter", "8192"), "sc qc SQLWriter 8192"),
        (("reg", "query", r"HKLM\SOFTWARE\A B", "/v", "x"), r'reg query "HKLM\SOFTWARE\A B" /v x'),
        (("reg", "add", "HKLM\\A B\\", "/d", ""), 'reg add "HKLM\\A B\\\\" /d ""'),
        (("tool", "a&b"), 'tool "a&b"'),
        (("tool", "100%"), 'tool "100%"'),
        (("tool", 'say "hi"'), r'tool "say \"hi\""'),
        ((r"C:\Windows\System32\vssadmin.exe", "list", "writers"), r"C:\Windows\System32\vssadmin.exe list writers"),
    ],
)
def test_lines(argv: tuple[str, ...], line: str) -> None:
    """Readable where that can be: a plan shows them."""
    assert command_line(argv) == line


@pytest.mark.parametrize("program", ["echo", "DIR", "set", "start", "echo.exe", "cd\\", "copy:x", "if", "del."])
def test_commands_inside_of_cmd_are_refused(program: str) -> None:
    """cmd.exe would carry them out itself, by rules of its own for what follows."""
    with pytest.raises(CannotBeSent, match=r"a command inside cmd\.exe"):
        command_line((program, "x"))


@pytest.mark.parametrize("program", ["a.bat", r"C:\x\A.CMD", "a.cmd."])
def test_batch_files_are_refused(program: str) -> None:
    """Arguments would be read twice."""
    with pytest.raises(CannotBeSent, match="is a batch file"):
        command_line((program,))


@pytest.mark.parametrize(
    "program",
    [r"C:\Program Files\a.exe", '"a"', "%COMSPEC%", "a&b", "a^b", "net/stop", "@net", ":x", "a,b", "a;b", "a=b"],
)
def test_programs_that_cmd_reads_otherwise_are_refused(program: str) -> None:
    """The first word must be one word for everybody."""
    with pytest.raises(CannotBeSent, match="cannot be a program's name"):
        command_line((program,))


def test_a_posix_script_is_refused() -> None:
    """It is a mistake of the playbook, not of the target."""
    with pytest.raises(CannotBeSent, match="POSIX shell script is not for Windows"):
        launch(Command(dialect=Dialect.SH, script="true"))


def test_standard_input_is_utf8() -> None:
    """Whatever the program makes of it."""
    assert launch(Command(argv=("sort",), stdin="ü\n")).stdin == b"\xc3\xbc\n"


def test_a_script_without_values_is_sent_as_it_is() -> None:
    """So its first line is what the endpoint and an administrator see first."""
    assert decoded(launch(Command(dialect=Dialect.POWERSHELL, script="Get-Date\nexit 3")).line) == "Get-Date\nexit 3"


def test_values_are_data() -> None:
    """Nothing of a value is program text, and the script's own text is unchanged."""
    script = "param($a)\n$a; $args"
    sent = decoded(launch(Command(dialect=Dialect.POWERSHELL, script=script, argv=SPITEFUL)).line)
    data = re.findall(r"'([A-Za-z0-9+/=]+)'", sent)

    assert len(data) == 1
    assert json.loads(base64.b64decode(data[0])) == {"values": list(SPITEFUL)}
    assert f"& {{\n{script}\n}} @vmfixValues" in sent
    assert not any(value in sent.replace(data[0], "") for value in SPITEFUL if value)
    assert is_powershell(sent)


def test_long_scripts_go_by_standard_input() -> None:
    """The line stays short; the program there reads the script and runs it."""
    script = "Write-Output 'ä'\n" * 1000
    started = launch(Command(dialect=Dialect.POWERSHELL, script=script, argv=("x",)))

    assert len(started.line) <= LONGEST_LINE
    assert started.stdin.decode() == with_values(script, ("x",))
    assert is_powershell(decoded(started.line))
    assert " ".join(read_from_stdin(script)[0]) == started.line


def test_long_scripts_have_no_input_of_their_own() -> None:
    """Standard input cannot carry both."""
    with pytest.raises(CannotBeSent, match="cannot have an input of its own"):
        launch(Command(dialect=Dialect.POWERSHELL, script="#" * 9000, stdin="x"))


def test_the_killing_script() -> None:
    """It fits into a line, says first what it is, and is PowerShell."""
    started = launch(KILL_ALL)

    assert started.stdin == b""
    assert decoded(started.line).startswith(f"{FIRST_LINE}\n")
    assert is_powershell(KILL_ALL.script)


def test_the_syntax_check_is_not_blind() -> None:
    """It tells a script from what is none."""
    assert not is_powershell("if ($a { 'x' }")
