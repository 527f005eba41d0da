"""The lab's Windows machine: its tools print and exit as Windows' do, and what it lacks does not pretend."""

from __future__ import annotations

import hashlib
import re
import select
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from examples.lab import missing_windows, namespace
from examples.lab.windows.wine import machine
from examples.lab.windows.wine.prefix import MACHINERY, PROVEN
from tests.integration.wine_box import ADMINISTRATOR, FILTERED, Box, BoxOf, Ended, boxes, code_of, read_both, until

pytestmark = pytest.mark.real

NOT_PART = 9009
# Ours that do what Windows' do, and those that only the lab has.
TOOLS = {
    *("chcp.com", "hostname.exe", "msdtc.exe", "net.exe", "reg.exe", "sc.exe", "shutdown.exe", "vssadmin.exe"),
    *(
        "certutil.exe",
        "where.exe",
        "wevtutil.exe",
        "whoami.exe",
        "echoargs.exe",
        "echocrt.exe",
        "labboot.exe",
        "labproc.exe",
        "labsvc.exe",
    ),
    *("winrshost.exe", *PROVEN, *MACHINERY),
}
HOLDS_FOR_NOW = 0.3


@pytest.fixture(scope="module")
def box(require_real: Callable[[Sequence[str]], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A machine for tests that leave it as it is."""
    require_real(missing_windows())
    with boxes(tmp_path_factory.mktemp("boxes")) as start:
        yield start("win-com-stopped")


@pytest.fixture
def box_of(require_real: Callable[[Sequence[str]], None], tmp_path: Path) -> Iterator[BoxOf]:
    """Machines of a test's own."""
    require_real(missing_windows())
    with boxes(tmp_path) as start:
        yield start


class TestExecutor:
    @pytest.mark.parametrize("skip_cmd", [False, True])
    def test_arguments_arrive_as_they_were_quoted(self, box: Box, skip_cmd: bool) -> None:
        line = 'echoargs a "b c" "x&y|z" c:\\dir\\ "tail\\\\" "" é漢😀'
        expected = ["a", "b c", "x&y|z", "c:\\dir\\", "tail\\", "", "é漢😀"]
        assert box.run(line, skip_cmd=skip_cmd).out.split("\n") == [*expected, ""]
        assert box.run(line.replace("echoargs", "echocrt"), skip_cmd=skip_cmd).out.split("\n") == [*expected, ""]

    def test_cmd_expands_what_createprocess_leaves(self, box: Box) -> None:
        assert box.run("echoargs %OS%").out == "Windows_NT\n"
        assert box.run("echoargs %OS%", skip_cmd=True).out == "%OS%\n"

    @pytest.mark.parametrize("code", [0, 1, 255, 256, 9009, 0x80092004, 0xFFFFFFFF])
    def test_exit_codes_have_32_bits(self, box: Box, code: int) -> None:
        assert box.run(f"labproc exit {code}").code == code

    def test_streams_are_kept_apart_and_bytes_are_kept(self, box: Box) -> None:
        assert box.raw("labproc bytes out 00ff0d0a1a bytes err fe80") == (0, b"\x00\xff\x0d\x0a\x1a", b"\xfe\x80")

    def test_much_input_comes_back_while_it_is_written(self, box: Box) -> None:
        data = bytes(range(256)) * 2000
        assert box.raw("labproc copy out", data[:60000], skip_cmd=True) == (0, data[:60000], b"")
        code, out, _ = box.raw("labproc fill out 3000000")
        assert (code, len(out)) == (0, 3000000)

    def test_a_program_that_is_not_there(self, box: Box) -> None:
        with pytest.raises(FileNotFoundError, match="2"):
            box.start("nosuchprogram", skip_cmd=True)
        assert box.run("nosuchprogram").code == NOT_PART

    def test_environment_and_folder(self, box: Box) -> None:
        process = box.view.executor.start(
            "echoargs %CD% %GREETING%",
            skip_cmd=False,
            environment={**ADMINISTRATOR, "GREETING": "grüß"},
            directory="C:\\windows",
            codepage=65001,
        )
        assert read_both(process)[0].decode() == "C:\\windows\ngrüß\n"
        process.close()

    def test_ending_the_command_leaves_its_children_and_ending_the_tree_does_not(self, box: Box) -> None:
        process = box.start("labproc spawn 600000 sleep 600000", skip_cmd=True)
        until(lambda: len(box.processes("labproc")) == 2)
        process.terminate(tree=False)
        assert code_of(process) == 1
        time.sleep(HOLDS_FOR_NOW)
        assert len(box.processes("labproc")) == 1
        assert not select.select([process.fileno_out()], [], [], 0)[0]  # the child holds it
        process.terminate(tree=True)
        assert read_both(process) == (b"", b"")
        until(lambda: box.processes("labproc") == [])
        process.close()

    def test_closing_ends_all(self, box: Box) -> None:
        process = box.start("labproc spawn 600000 sleep 600000")
        until(lambda: len(box.processes("labproc")) == 2)
        process.close()
        until(lambda: box.processes("labproc") == [])

    def test_programs_run_without_privileges_and_see_nothing_of_this_machine(self, box: Box) -> None:
        init = machine.find(box.folder)
        owners = {
            Path(f"/proc/{pid}").stat().st_uid for pid, line in namespace.processes(init).items() if ".exe" in line
        }
        assert owners
        assert 0 not in owners
        assert box.run("dir Z:\\").code != 0


class TestCodePages:
    @pytest.mark.parametrize(("page", "expected"), [(65001, b"\xc3\xa9\r\n"), (850, b"\x82\r\n"), (1252, b"\xe9\r\n")])
    def test_tools_print_in_the_one_that_was_asked_for(self, box: Box, page: int, expected: bytes) -> None:
        assert box.raw("labproc print out é", codepage=page)[1] == expected
        assert box.run("chcp", codepage=page).out == f"Active code page: {page}\n"

    def test_old_tools_print_in_the_oem_code_page(self, box_of: BoxOf) -> None:
        german = box_of("win-writer-failed-de")
        assert german.raw("labproc print out é")[1] == b"\x82\r\n"
        page = german.run(r"reg query HKLM\SYSTEM\CurrentControlSet\Control\Nls\CodePage /v OEMCP")
        assert page.out.split()[-1] == "850"
        _, out, _ = german.raw("net helpmsg 2185")
        assert out.decode("cp850").strip() == "Der Dienstname ist ungültig."
        assert 'Verfassername: "SqlServerWriter"' in german.run("vssadmin list writers").out


class TestWhoItIs:
    def test_hostname(self, box: Box) -> None:
        assert box.run("hostname").out == "win-com-stopped\n"
        assert box.run("whoami").out == "win-com-stopped\\azureuser\n"

    def test_the_integrity_level_is_the_accounts(self, box: Box) -> None:
        labels = {
            account["USERNAME"]: re.findall(r"S-1-16-\d+", box.run("whoami /groups /fo csv /nh", account=account).out)
            for account in (ADMINISTRATOR, FILTERED)
        }
        assert labels == {"azureuser": ["S-1-16-12288"], "filtered": ["S-1-16-8192"]}

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("vssadmin list writers", 2),
            ("net start COMSysApp", 2),
            ("net stop BITS", 2),
            ("sc config BITS start= auto", 5),
            ("sc stop BITS", 5),
            ("reg add HKLM\\Software\\X /f", 1),
            ("shutdown /r /t 0", 5),
        ],
    )
    def test_a_filtered_token_changes_nothing(self, box: Box, line: str, code: int) -> None:
        assert box.run(line, account=FILTERED).code == code
        assert box.view.look().services["bits"].state == 4


class TestNothingPretends:
    def test_every_program_that_is_not_ours_fails_loudly(self, box: Box) -> None:
        system32 = box.folder / "prefix/drive_c/windows/system32"
        programs = [path.name for path in system32.iterdir() if path.suffix in {".exe", ".com"}]
        foreign = sorted(set(programs) - set(TOOLS))
        assert {"powershell.exe", "icacls.exe", "sfc.exe", "tasklist.exe", "wmic.exe", "msiexec.exe"} <= set(foreign)
        wrong = {}
        for name in foreign:
            code, text = box.view.run(name)
            if code != NOT_PART % 256 or "not part of the lab" not in text:
                wrong[name] = (code, text)
        assert wrong == {}

    @pytest.mark.parametrize(
        "line",
        [
            *("net view", "sc delete BITS", "reg export HKLM x", "wevtutil el", "vssadmin list shadows"),
            *("where reg.exe", r"where /r C:\ *.exe", "certutil -store My", r"certutil -hashfile C:\x MD5"),
        ],
    )
    def test_verbs_that_are_not_there_fail_loudly(self, box: Box, line: str) -> None:
        ended = box.run(line)
        assert ended.code == NOT_PART
        assert "not part of the lab" in ended.err


class TestSc:
    def test_query(self, box: Box) -> None:
        running, stopped = box.run("sc query RpcSs"), box.run("sc queryex COMSysApp")
        assert re.search(r"^        STATE              : 4  RUNNING \n +\(NOT_STOPPABLE,", running.out, re.MULTILINE)
        assert re.search(r"^        STATE              : 1  STOPPED \n", stopped.out, re.MULTILINE)
        assert re.search(r"^        PID                : 0$", stopped.out, re.MULTILINE)
        assert (running.code, running.err) == (0, "")

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("sc query nosuch", 1060),
            ("sc qc nosuch", 1060),
            ("sc start RpcSs", 1056),
            ("sc stop COMSysApp", 1062),
            ("sc stop Schedule", 1052),
            ("sc stop Winmgmt", 1051),
            ("sc config MSDTC obj= nobody", 1057),
            ("sc config MSDTC start=auto", 1639),
            ("sc config MSDTC", 1639),
        ],
    )
    def test_failures_are_win32_errors_on_stdout(self, box: Box, line: str, code: int) -> None:
        ended = box.run(line)
        assert (ended.code, ended.err) == (code, "")
        assert code == 1639 or f" FAILED {code}:\n\n" in ended.out

    def test_config_keeps_what_it_does_not_change(self, box: Box) -> None:
        before = box.run("sc qc MSDTC").out
        assert "START_TYPE         : 2   AUTO_START  (DELAYED)" in before
        assert re.search(
            r"DEPENDENCIES       : RpcSs\n +: SamSs\n +SERVICE_START_NAME : NT AUTHORITY\\NetworkService", before
        )
        assert box.run("sc config MSDTC start= demand").out == "[SC] ChangeServiceConfig SUCCESS\n"
        assert box.run("sc qc MSDTC").out == before.replace("2   AUTO_START  (DELAYED)", "3   DEMAND_START")
        account = box.run('sc config MSDTC start= delayed-auto obj= "NT AUTHORITY\\NetworkService" password= ""')
        assert account.code == 0
        assert box.run("sc qc MSDTC").out == before

    def test_dependents_are_listed_with_theirs(self, box: Box) -> None:
        found = re.findall(r"^SERVICE_NAME: (.*)$", box.run("sc enumdepend EventSystem").out, re.MULTILINE)
        assert found == ["BITS", "COMSysApp", "SENS"]
        assert "entriesread = 0" in box.run("sc enumdepend SQLWriter").out


class TestNet:
    def test_starting_twice_and_stopping_twice(self, box: Box) -> None:
        started = box.run("net start COMSysApp")
        assert (started.code, started.err) == (0, "")
        assert "The COM+ System Application service was started successfully." in started.out
        again = box.run('net start "COM+ System Application"')
        assert (again.code, again.out) == (2, "")
        assert "NET HELPMSG 2182" in again.err
        assert box.run("net stop COMSysApp").code == 0
        stopped = box.run("net stop COMSysApp")
        assert (stopped.code, "NET HELPMSG 3521" in stopped.err) == (2, True)

    @pytest.mark.parametrize(("line", "number"), [("net start nosuch", 2185), ("net stop Schedule", 2191)])
    def test_refusals_have_their_numbers(self, box: Box, line: str, number: int) -> None:
        ended = box.run(line)
        assert ended.code == 2
        assert f"NET HELPMSG {number}." in ended.err

    def test_dependents_are_asked_about_and_nobody_hangs(self, box_of: BoxOf) -> None:
        wmi = box_of("win-wmi-writer-failed")
        refused = wmi.run("net stop Winmgmt")
        assert (refused.code, "IP Helper" in refused.out) == (2, True)
        assert "No valid response was provided." in refused.err
        assert wmi.view.look().services["winmgmt"].state == 4
        assert wmi.run("net stop Winmgmt", b"y\r\n").code == 0
        assert wmi.view.look().services["iphlpsvc"].state == 1
        assert wmi.run("net start Winmgmt").code == 0
        assert wmi.view.look().services["iphlpsvc"].state == 1  # as on Windows: nobody starts it again
        assert wmi.run("net start iphlpsvc").code == 0
        assert wmi.run("net stop Winmgmt /y").code == 0

    def test_what_a_service_needs_is_started_with_it(self, box: Box) -> None:
        box.run("net stop SENS")
        assert box.run("net start COMSysApp").code == 0
        assert box.view.look().services["sens"].state == 4
        assert box.run("net stop COMSysApp").code == 0


class TestReg:
    KEY = r"HKLM\SOFTWARE\Tést key"

    @pytest.mark.parametrize(
        ("kind", "data", "shown"),
        [
            ("REG_SZ", "True", "True"),
            ("REG_SZ", '"say \\"hi\\" & %"PATH"% é漢"', 'say "hi" & %PATH% é漢'),
            ("REG_EXPAND_SZ", '%"SystemRoot"%\\x', "%SystemRoot%\\x"),
            ("REG_DWORD", "0x10", "0x10"),
            ("REG_DWORD", "16", "0x10"),
            ("REG_QWORD", "5000000000", "0x12a05f200"),
            ("REG_MULTI_SZ", "a\\0b c".replace(" ", '" "'), "a\\0b c"),
            ("REG_BINARY", "0aFF", "0AFF"),
        ],
    )
    def test_data_arrives_exactly(self, box: Box, kind: str, data: str, shown: str) -> None:
        assert box.run(f'reg add "{self.KEY}" /v "v w" /t {kind} /d {data} /f /reg:64').code == 0
        read = box.run(f'reg query "{self.KEY}" /v "v w" /reg:64')
        path = self.KEY.replace("HKLM", "HKEY_LOCAL_MACHINE")
        assert (read.code, read.out) == (0, f"\n{path}\n    v w    {kind}    {shown}\n\n")

    def test_what_is_not_there(self, box: Box) -> None:
        for line in (
            r"reg query HKLM\SOFTWARE\Nope",
            r"reg query HKLM\SOFTWARE\Microsoft /v Nope",
            r"reg delete HKLM\SOFTWARE\Nope /f",
        ):
            text = "ERROR: The system was unable to find the specified registry key or value.\n"
            assert box.run(line) == Ended(1, "", text)

    def test_questions_end_with_the_input(self, box: Box) -> None:
        assert box.run(r"reg add HKLM\SOFTWARE\Q /v a /d 1").code == 0
        assert box.run(r"reg add HKLM\SOFTWARE\Q /v a /d 2").code == 1
        assert box.run(r"reg delete HKLM\SOFTWARE\Q /v a").code == 1
        assert "    a    REG_SZ    1\n" in box.run(r"reg query HKLM\SOFTWARE\Q").out
        assert box.run(r"reg delete HKLM\SOFTWARE\Q /f").code == 0
        assert box.run(r"reg query HKLM\SOFTWARE\Q").code == 1

    def test_the_two_views_differ(self, box: Box) -> None:
        assert box.run(r"reg add HKLM\SOFTWARE\Two /v a /d 32 /f /reg:32").code == 0
        assert box.run(r"reg query HKLM\SOFTWARE\Two /v a /reg:64").code == 1
        assert box.run(r"reg query HKLM\SOFTWARE\Wow6432Node\Two /v a /reg:64").code == 0


class TestFiles:
    def test_where_finds_every_file_of_the_name_below(self, box: Box) -> None:
        found = box.run(r"where /r C:\ WHERE.exe")
        assert (found.code, found.out.lower(), found.err) == (0, "c:\\windows\\system32\\where.exe\n", "")
        nothing = Ended(1, "", "INFO: Could not find files for the given pattern(s).\n")
        assert box.run(r"where /r C:\windows nosuch.exe") == box.run(r"where /r C:\nosuch reg.exe") == nothing

    def test_certutil_tells_the_digest(self, box: Box) -> None:
        path = box.folder / "prefix/drive_c/windows/system32/reg.exe"
        told = box.run(r"certutil -hashfile C:\windows\system32\reg.exe SHA256")
        assert (told.code, told.out.split("\n")[1]) == (0, hashlib.sha256(path.read_bytes()).hexdigest())
        assert box.run(r"certutil -hashfile C:\nosuch SHA256").code == 0x80070002


class TestWevtutil:
    VSS = '"/q:*[System[(EventID=12298 or EventID=8229) and TimeCreated[timediff(@SystemTime) <= 86400000]]]"'
    VOLSNAP = (
        "\"/q:*[System[(EventID=8 or EventID=9) and Provider[@Name='volsnap' or @Name='Volsnap']"
        ' and TimeCreated[timediff(@SystemTime) <= 86400000]]]"'
    )

    def test_evidence_is_found_and_noise_is_not(self, box_of: BoxOf) -> None:
        slow = box_of("win-iops")
        vss = slow.run(f"wevtutil qe Application /rd:true /c:20 /f:xml {self.VSS}")
        assert (vss.code, vss.out.count("<EventID Qualifiers='0'>12298</EventID>"), vss.out.count("<Event ")) == (
            0,
            1,
            1,
        )
        assert "80042314" in vss.out
        volsnap = slow.run(f"wevtutil qe System /rd:true /c:20 /f:xml {self.VOLSNAP}")
        assert re.findall(r"Provider Name='(\w+)'", volsnap.out) == ["Volsnap", "volsnap"]  # newest first

    def test_no_evidence_is_no_output(self, box: Box) -> None:
        assert box.run(f"wevtutil qe Application /rd:true /c:20 /f:xml {self.VSS}") == Ended(0, "", "")

    def test_mistakes(self, box: Box) -> None:
        assert box.run("wevtutil qe Nope /f:xml").code == 15007
        assert box.run('wevtutil qe System /f:xml "/q:*[System[Foo=1]]"').code == 15001
