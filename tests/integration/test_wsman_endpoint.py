"""Clients that are not ours take the lab's WS-Man endpoint for a WinRM service: pypsrp, pywinrm and Ansible."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import winrm
import winrm.exceptions
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan
from spnego.exceptions import SpnegoError

from examples.lab.windows.executor import Process as LabProcess
from examples.lab.windows.wsman import Act, Authority, Endpoint, PosixExecutor
from tests.integration.wsman_desk import ACCOUNT, PASSWORD, Start, endpoints

LINE = "echo out; cat; echo err >&2; exit 7"
ANSIBLE_TAKES_S = 60


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts endpoints that end with the test."""
    with endpoints() as begin:
        yield begin


def pypsrp(endpoint: Endpoint, **how: object) -> WSMan:
    """A client of pypsrp, over NTLM unless `how` says otherwise."""
    settings: dict[str, Any] = {"username": ACCOUNT.name, "password": PASSWORD, "auth": "ntlm", **how}
    secure = endpoint.context is not None
    return WSMan("127.0.0.1", port=endpoint.port, ssl=secure, no_proxy=True, **settings)


def pywinrm(endpoint: Endpoint, **how: object) -> winrm.Session:
    """A session of pywinrm, over NTLM unless `how` says otherwise."""
    settings: dict[str, Any] = {"auth": (ACCOUNT.name, PASSWORD), "transport": "ntlm", "proxy": None, **how}
    settings.setdefault("ca_trust_path", None)
    return winrm.Session(endpoint.url, **settings)


def run(client: WSMan) -> tuple[bytes, bytes, int | None]:
    """Run `LINE` with input in a shell of its own."""
    with client, WinRS(client) as shell:
        process = Process(shell, LINE)
        process.begin_invoke()
        process.send(b"in\n", end=True)
        process.end_invoke()
        process.signal(SignalCode.CTRL_C)
    return process.stdout, process.stderr, process.rc


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
@pytest.mark.parametrize("secure", [False, True])
def test_pypsrp_runs_commands_with_input(start: Start, tmp_path: Path, auth: str, secure: bool) -> None:
    """Raw NTLM and SPNEGO, over http with encrypted messages and over https."""
    authority = Authority(tmp_path)
    endpoint = start(tls=authority.server() if secure else None)
    client = pypsrp(endpoint, auth=auth, cert_validation=str(authority.pem))

    assert run(client) == (b"out\nin\n", b"err\n", 7)
    (sent,) = endpoint.commands()
    assert (sent.line, sent.account, sent.stdin) == (LINE, ACCOUNT.name, 3)
    assert endpoint.requests()["Unencrypted"] == 0
    assert endpoint.open_shells() == ()


def test_pypsrp_encrypts_over_https_too_if_asked(start: Start, tmp_path: Path) -> None:
    """Encryption of messages is a matter of the login, not of the port."""
    authority = Authority(tmp_path)
    endpoint = start(tls=authority.server())

    result = run(pypsrp(endpoint, cert_validation=str(authority.pem), encryption="always"))

    assert result == (b"out\nin\n", b"err\n", 7)


def test_pypsrp_sets_environment_and_directory(start: Start, tmp_path: Path) -> None:
    """What a shell is created with holds for its commands."""
    endpoint = start()
    client = pypsrp(endpoint)
    shell = WinRS(client, environment={"COLOUR": "grün & <blue>"}, working_directory=str(tmp_path), no_profile=True)

    with client, shell:
        process = Process(shell, 'printf %s "$COLOUR"; pwd')
        process.invoke()

    assert process.stdout.decode() == f"grün & <blue>{tmp_path}\n"
    assert shell.owner == ACCOUNT.name


@pytest.mark.parametrize("login", ["azureuser", r".\azureuser", r"LAB-WIN\azureuser", r"CONTOSO\svc-fix"])
def test_names_of_accounts(start: Start, login: str) -> None:
    """A name is known alone, with the machine, and with its domain."""
    endpoint = start()

    assert pywinrm(endpoint, auth=(login, PASSWORD)).run_cmd("echo", ["hi"]).std_out == b"hi\n"
    assert endpoint.commands()[0].account == login.rpartition("\\")[2]


def test_pywinrm_runs_commands(start: Start) -> None:
    """Arguments come after the command with blanks between, and nothing is quoted."""
    endpoint = start()

    answer = pywinrm(endpoint).run_cmd("printf", ["'%s.'", '"a', 'b"', "c;", "exit", "3"])

    assert (answer.std_out, answer.status_code) == (b"a b.c.", 3)
    assert endpoint.commands()[0].line == """printf '%s.' "a b" c; exit 3"""


def test_large_output_and_input_arrive_whole(start: Start) -> None:
    """More than fits into one answer or one pipe."""
    endpoint = start()
    data = os.urandom(400_000)
    protocol = pywinrm(endpoint).protocol
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "cat; head -c 300000 /dev/zero >&2")

    for at in range(0, len(data), 100_000):
        protocol.send_command_input(shell, command, data[at : at + 100_000], end=at == 300_000)
    out, err, code = protocol.get_command_output(shell, command)
    protocol.close_shell(shell)

    assert (out == data, len(err), code) == (True, 300_000, 0)


@pytest.mark.parametrize("user", [ACCOUNT.name, "nobody"])
def test_wrong_password_or_name(start: Start, user: str) -> None:
    """Is refused with 401, and nothing runs."""
    endpoint = start()

    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        pywinrm(endpoint, auth=(user, "wrong")).run_cmd("echo")
    with pytest.raises(AuthenticationError):
        run(pypsrp(endpoint, username=user, password="wrong"))
    assert set(endpoint.requests()) == {"Login"}


def test_plain_text_is_refused_over_http(start: Start) -> None:
    """NTLM without encryption gets an empty 500, and Basic is not offered."""
    endpoint = start()

    with pytest.raises(WinRMTransportError, match="500"):
        run(pypsrp(endpoint, encryption="never"))
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        pywinrm(endpoint, transport="basic").run_cmd("echo")
    assert endpoint.requests()["Unencrypted"] == 1
    assert endpoint.commands() == ()


def test_plain_text_where_it_is_allowed(start: Start) -> None:
    """AllowUnencrypted=true."""
    endpoint = start(encryption=False)

    assert pywinrm(endpoint, transport="basic").run_cmd("echo hi").std_out == b"hi\n"
    assert run(pypsrp(endpoint, encryption="never"))[2] == 7


def test_basic_over_https(start: Start, tmp_path: Path) -> None:
    """Is taken, and judges the password."""
    authority = Authority(tmp_path)
    endpoint = start(tls=authority.server())
    trust: dict[str, object] = {"transport": "basic", "ca_trust_path": str(authority.pem)}

    assert pywinrm(endpoint, **trust).run_cmd("echo hi").std_out == b"hi\n"
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        pywinrm(endpoint, auth=(ACCOUNT.name, "wrong"), **trust).run_cmd("echo hi")


def test_client_certificates(start: Start, tmp_path: Path) -> None:
    """Are mapped by their UPN; one that is mapped to nobody is refused."""
    authority = Authority(tmp_path)
    endpoint = start(tls=authority.server(client_authority=authority.pem))

    def session(upn: str) -> winrm.Session:
        mine = authority.client(upn)
        files = {"cert_pem": str(mine.certificate), "cert_key_pem": str(mine.key)}
        return pywinrm(endpoint, transport="certificate", ca_trust_path=str(authority.pem), **files)

    assert session("azureuser@localhost").run_cmd("echo hi").std_out == b"hi\n"
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        session("somebody@localhost").run_cmd("echo hi")


@pytest.mark.parametrize(
    "kind", ["expired", "hostname mismatch|doesn't match|not valid for", "self-signed|self signed"]
)
def test_bad_server_certificates(start: Start, tmp_path: Path, kind: str) -> None:
    """Expired, for another host, of an authority that the client does not know: TLS fails for the right reason."""
    authority, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs", "Stranger")
    certificates = {"e": authority.expired_server(), "h": authority.server(["other.example"]), "s": stranger.server()}
    endpoint = start(tls=certificates[kind[0]])
    reason = kind if kind[0] != "s" else "unable to get local issuer|self.signed"

    with pytest.raises(requests.exceptions.SSLError, match=re.compile(f"{reason}|IP address mismatch", re.IGNORECASE)):
        pywinrm(endpoint, ca_trust_path=str(authority.pem)).run_cmd("echo")
    assert endpoint.requests().total() == 0


def test_a_login_without_keys_fails(start: Start) -> None:
    """A challenge that somebody has weakened ends the login: its integrity code does not fit, and nothing is sent."""
    endpoint = start()
    endpoint.misbehave(Act.DOWNGRADE_LOGIN, times=0)

    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        pywinrm(endpoint).protocol.open_shell()
    with pytest.raises(SpnegoError):
        run(pypsrp(endpoint, auth="negotiate"))
    assert set(endpoint.requests()) == {"Login"}


def test_an_answer_in_plain_text_reaches_the_client(start: Start) -> None:
    """Handled, and answered without encryption: pywinrm takes it, which our own transport must not."""
    endpoint = start()
    endpoint.misbehave(Act.PLAIN_ANSWER, operation="Create")

    assert pywinrm(endpoint).protocol.open_shell() == endpoint.open_shells()[0]


def test_a_receive_that_brings_nothing_times_out(start: Start) -> None:
    """With the fault that clients take for "ask again"; the output comes with a later one."""
    endpoint = start()
    client = pypsrp(endpoint, operation_timeout=1)

    with client, WinRS(client) as shell:
        process = Process(shell, "sleep 2; echo late")
        process.begin_invoke()
        with pytest.raises(WSManFaultError) as raised:
            shell.receive("stdout stderr", process.id)
        process.end_invoke()

    assert raised.value.code == 2150858793
    assert process.stdout == b"late\n"


class PowerShellIsSh:
    """Takes encoded PowerShell for sh, since Ansible sends everything as PowerShell."""

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> LabProcess:
        """Start the script that the line holds."""
        found = re.search(r"-EncodedCommand (\S+)", line)
        script = base64.b64decode(found.group(1)).decode("utf-16-le") if found else line
        return PosixExecutor().start(
            script, skip_cmd=skip_cmd, environment=environment, directory=directory, codepage=codepage
        )


def test_ansible_runs_raw_commands(start: Start, tmp_path: Path) -> None:
    """Its winrm connection logs in, runs, and tells output and exit code."""
    endpoint = start(PowerShellIsSh())
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(
        f"lab ansible_host=127.0.0.1 ansible_port={endpoint.port} ansible_connection=winrm ansible_winrm_scheme=http "
        f"ansible_winrm_transport=ntlm ansible_user={ACCOUNT.name} ansible_password={PASSWORD}\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", "-i", inventory, "lab", "-m", "raw", "-a", "echo hello; exit 3"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSIBLE_TAKES_S,
        check=False,
    )

    assert "rc=3" in done.stdout, done.stderr
    assert "hello" in done.stdout.splitlines()
    assert [sent.account for sent in endpoint.commands()] == [ACCOUNT.name]
