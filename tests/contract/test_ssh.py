"""What only SSH has to promise: who is on the other side, how we log in and become root, and what we say if not."""

from __future__ import annotations

import base64
import dataclasses
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import (
    AuthenticationFailed,
    ConnectionLost,
    CredentialError,
    DeadlineExceeded,
    ElevationFailed,
    HostIdentityError,
    NothingSent,
    Unreachable,
    VmfixError,
)
from runner.model.command import AtDeadline, Command, Dialect
from runner.model.secret import Secret, SecretRef
from runner.transports.ssh import SshConnection, connect
from tests.contract.sshd import PASSWORD, PASSWORD_REF, WRONG_REF, Secrets, Sshd, free_port, keygen, sshd

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("real_parts")]

WHO = Command(argv=("id", "-un"), elevated=False)
KNOWN_TO_RUN = "read -r _"  # input is written only when the command was heard to have started


def log_in(server: Sshd, user: str = "root", **options: Any) -> str:  # noqa: ANN401
    """Connect as the options say, and return who we are then."""
    connection = connect(server.target(user, **options), Secrets())
    try:
        return connection.run(WHO).out.strip()
    finally:
        connection.close()


def refusal(server: Sshd, user: str = "root", **options: Any) -> VmfixError:  # noqa: ANN401
    """What the connection, or its first elevated command, fails with."""
    connection = SshConnection(server.target(user, **options), Secrets())
    with pytest.raises(VmfixError) as caught:
        connection.run(Command(argv=("true",)))
    connection.close()
    assert PASSWORD not in str(caught.value)
    return caught.value


def known(tmp_path: Path, text: str) -> dict[str, Any]:
    """Options that make ``text`` the only known_hosts file."""
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return {"known_hosts": (str(path),)}


def public(server: Sshd, kind: str) -> str:
    """A host key of the server, as it stands in known_hosts."""
    return " ".join((server.folder / f"host_{kind}.pub").read_text().split()[:2])


# --- Host identity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_known_key_of_any_type_is_enough(server: Sshd, tmp_path: Path, kind: str) -> None:
    """The server is asked for a key of the type that we know, not for the one that it prefers."""
    assert log_in(server, **known(tmp_path, f"[127.0.0.1]:{server.port} {public(server, kind)}\n")) == "root"


def test_hashed_entries_are_understood(server: Sshd, tmp_path: Path) -> None:
    """ssh-keygen -H hides the names; we find ours all the same."""
    options = known(tmp_path, f"[127.0.0.1]:{server.port} {server.host_key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(tmp_path / "known_hosts")], check=True, capture_output=True)

    assert "127.0.0.1" not in (tmp_path / "known_hosts").read_text()
    assert log_in(server, **options) == "root"


def test_pinned_key_needs_no_file(server: Sshd, tmp_path: Path) -> None:
    """The inventory's own key counts, and nothing else."""
    assert log_in(server, host_key=server.host_key, **known(tmp_path, "")) == "root"


def test_unknown_host_is_refused_with_what_to_do(server: Sshd, tmp_path: Path) -> None:
    """The message shows the fingerprint that ssh-keygen shows, and the way to learn and check the key."""
    error = refusal(server, **known(tmp_path, f"127.0.0.1 {server.host_key}\n"))
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(server.folder / "host_ed25519.pub")], check=True, capture_output=True, text=True
    )

    assert isinstance(error, HostIdentityError)
    assert listed.stdout.split()[1] in error.message
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> {tmp_path}/known_hosts" in error.remedy


def test_changed_host_key_is_refused_with_both_fingerprints(server: Sshd, tmp_path: Path) -> None:
    """A machine with another key than before gets no command, and the message says how to forget the old key."""
    keygen(tmp_path / "other")
    other = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    error = refusal(server, **known(tmp_path, f"[127.0.0.1]:{server.port} {other}\n"))

    assert isinstance(error, HostIdentityError)
    assert error.message.count("SHA256:") == 2
    assert f"ssh-keygen -f {tmp_path}/known_hosts -R '[127.0.0.1]:{server.port}'" in error.remedy


def test_wrong_pinned_key_is_refused(server: Sshd, tmp_path: Path) -> None:
    """A pin is compared whatever known_hosts says."""
    keygen(tmp_path / "other")
    error = refusal(server, host_key=(tmp_path / "other.pub").read_text())

    assert isinstance(error, HostIdentityError)
    assert "pinned in the inventory" in error.message


def test_a_pin_that_is_no_key(server: Sshd) -> None:
    """A pin that cannot be read refuses the target."""
    assert isinstance(refusal(server, host_key="SHA256:abc"), HostIdentityError)


def test_revoked_key_is_refused(server: Sshd, tmp_path: Path) -> None:
    """A key marked @revoked is refused even if another line trusts it."""
    name = f"[127.0.0.1]:{server.port}"
    error = refusal(server, **known(tmp_path, f"{name} {server.host_key}\n@revoked * {server.host_key}\n"))

    assert isinstance(error, HostIdentityError)
    assert "@revoked" in error.message


def test_certificate_authority_alone_is_not_enough(server: Sshd, tmp_path: Path) -> None:
    """Host certificates are not checked, and that is said."""
    error = refusal(server, **known(tmp_path, f"@cert-authority * {server.host_key}\n"))

    assert isinstance(error, HostIdentityError)
    assert "does not check host certificates" in error.message


def test_a_type_that_the_server_lost_is_refused(tmp_path: Path) -> None:
    """Only an RSA key is known, and the server has none any more: that is not the machine we know."""
    keygen(tmp_path / "rsa", "rsa")
    with sshd() as ed25519_only:
        rsa = " ".join((tmp_path / "rsa.pub").read_text().split()[:2])
        error = refusal(ed25519_only, **known(tmp_path, f"[127.0.0.1]:{ed25519_only.port} {rsa}\n"))

    assert isinstance(error, HostIdentityError)
    assert "no host key of a type that is known" in error.message


def test_the_opt_out_accepts_any_key(server: Sshd, tmp_path: Path) -> None:
    """insecure_host_key, and nothing less, makes an unknown key acceptable."""
    assert log_in(server, insecure_host_key=True, **known(tmp_path, "")) == "root"


# --- Login ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
@pytest.mark.parametrize("passphrase", ["", PASSWORD])
def test_key_files_of_all_types(server: Sshd, tmp_path: Path, kind: str, passphrase: str) -> None:
    """Each type of key opens the door, encrypted or not."""
    keygen(tmp_path / "key", kind, passphrase=passphrase)
    with added(server, tmp_path / "key.pub"):
        assert log_in(server, key_files=(str(tmp_path / "key"),), key_passphrase=PASSWORD_REF) == "root"


def test_a_passphrase_is_asked_for_only_if_needed(server: Sshd) -> None:
    """No secret is fetched for a key that is not encrypted, nor a password that is not wanted any more."""
    secrets = Secrets()
    target = server.target(key_passphrase=PASSWORD_REF, password=PASSWORD_REF, sudo_password=PASSWORD_REF)
    connection = connect(target, secrets)
    connection.run(Command(argv=("true",)))
    connection.close()

    assert secrets.asked == []


def test_certificate_beside_the_key_is_offered(server: Sshd, tmp_path: Path) -> None:
    """A key that the server does not know opens with the certificate that its authority signed."""
    keygen(tmp_path / "ca")
    keygen(tmp_path / "key")
    subprocess.run(
        ["ssh-keygen", "-q", "-s", str(tmp_path / "ca"), "-I", "vmfix", "-n", "free", str(tmp_path / "key.pub")],
        check=True,
    )
    (server.folder / "ca.pub").write_text((tmp_path / "ca.pub").read_text())
    with sshd(f"TrustedUserCAKeys {server.folder}/ca.pub\n") as trusting:
        assert log_in(trusting, "free", key_files=(str(tmp_path / "key"),)) == "free"


def test_agent_keys_are_offered(server: Sshd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key that only the agent has is enough."""
    with agent(server.client_key, tmp_path) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        assert log_in(server, agent=True, key_files=()) == "root"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "dead"))
    assert log_in(server, agent=True) == "root"


def test_password(server: Sshd) -> None:
    """A password is enough where the server takes one."""
    assert log_in(server, "nosudo", key_files=(), password=PASSWORD_REF) == "nosudo"


def test_keyboard_interactive() -> None:
    """A server that asks for the password as a question gets the answer."""
    with sshd("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n") as asking:
        assert log_in(asking, "nosudo", key_files=(), password=PASSWORD_REF) == "nosudo"


def test_two_proofs() -> None:
    """A server may want a key and a password."""
    with sshd("AuthenticationMethods publickey,password\n") as strict:
        assert log_in(strict, "nosudo", password=PASSWORD_REF) == "nosudo"
        error = refusal(strict, "nosudo")

    assert isinstance(error, AuthenticationFailed)
    assert "accepted as one of several proofs" in error.message


def test_refused_login_says_what_was_tried(server: Sshd, tmp_path: Path) -> None:
    """The message names the user, what the server accepts, each key with its fingerprint, and the password's source."""
    keygen(tmp_path / "key")
    keygen(tmp_path / "locked", passphrase="another")
    error = refusal(
        server,
        key_files=(str(tmp_path / "key"), str(tmp_path / "locked"), str(tmp_path / "missing")),
        password=WRONG_REF,
    )

    assert isinstance(error, AuthenticationFailed)
    for part in (
        "login as root failed",
        "The server accepts: publickey, password",
        f"key file {tmp_path}/key (SHA256:",
        "locked: is encrypted, and no key_passphrase is configured",
        "missing: No such file or directory",
        "password (env: VMFIX_TEST_WRONG): refused",
    ):
        assert part in error.message


def test_too_many_keys(server: Sshd, tmp_path: Path) -> None:
    """A server that hangs up after too many attempts makes a failed login, not a lost connection."""
    for number in range(9):
        keygen(tmp_path / f"key{number}")
    error = refusal(server, key_files=tuple(str(tmp_path / f"key{number}") for number in range(9)))

    assert isinstance(error, AuthenticationFailed)
    assert "too many attempts" in error.message


# --- Becoming root ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "options", "said"),
    [
        ("asked", {}, "Allow the account NOPASSWD in sudoers, or set sudo_password"),
        ("asked", {"sudo_password": WRONG_REF}, "sudo does not accept the password (env: VMFIX_TEST_WRONG)"),
        ("nosudo", {"sudo_password": PASSWORD_REF}, "Add the account to sudoers"),
        ("needstty", {}, "Remove requiretty from sudoers"),
    ],
)
def test_elevation_that_fails(server: Sshd, user: str, options: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Whoever may not become root gets a plain reason, and the command was not started."""
    tmp_path.chmod(0o777)
    connection = connect(server.target(user, **options), Secrets())
    with pytest.raises(ElevationFailed) as caught:
        connection.run(Command(argv=("touch", str(tmp_path / "proof"))))

    assert said in str(caught.value)
    assert "nothing was sent" in caught.value.message
    assert connection.run(WHO).out.strip() == user
    connection.close()
    assert not (tmp_path / "proof").exists()


def test_a_sudo_password_that_cannot_be_fetched(server: Sshd) -> None:
    """The password is fetched when sudo asks; if that fails the account cannot become root, and nothing was sent."""

    def no_secret(ref: SecretRef) -> Secret:
        raise CredentialError(f"{ref} is not set")

    connection = SshConnection(server.target("asked", sudo_password=PASSWORD_REF), no_secret)
    with pytest.raises(ElevationFailed, match="sudo wants a password: env: VMFIX_TEST_PASSWORD is not set"):
        connection.run(Command(argv=("true",)))
    connection.close()


def test_a_command_too_long_for_the_target(server: Sshd) -> None:
    """What the kernel of the target refuses as an argument was not started."""
    connection = connect(server.target(), Secrets())
    with pytest.raises(NothingSent, match="too long"):
        connection.run(Command(argv=("echo", "x" * 200_000)))
    connection.close()


def test_no_sudo_at_all() -> None:
    """Without sudo on the target the message says so."""
    with sshd("SetEnv PATH=/nowhere\n") as bare:
        error = refusal(bare, "free")

    assert isinstance(error, NothingSent)
    assert "Install sudo" in error.remedy


def test_sudo_switched_off(server: Sshd) -> None:
    """With `sudo: false` commands run as whoever logged in."""
    connection = connect(server.target("free", sudo=False), Secrets())

    assert connection.run(Command(argv=("id", "-un"))).out == "free\n"
    connection.close()


@pytest.mark.parametrize("at_deadline", AtDeadline)
@pytest.mark.parametrize("user", ["asked", "free", "root"])
def test_the_sudo_password_stays_out_of_input_and_arguments(server: Sshd, user: str, at_deadline: AtDeadline) -> None:
    """Whether sudo asks or not, the command reads its own input only, and no process shows the password."""
    secrets = Secrets()
    connection = connect(server.target(user, sudo_password=PASSWORD_REF), secrets)
    look = """
cat
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -c -a -F -f /dev/fd/3 3<<END
$1$2
END
true
"""
    half = len(PASSWORD) // 2
    for _ in range(2):
        result = connection.run(
            Command(
                dialect=Dialect.SH,
                script=look,
                argv=(PASSWORD[:half], PASSWORD[half:]),
                stdin="the input\n",
                at_deadline=at_deadline,
            )
        )
        assert result.out == "the input\n0\n"
    connection.close()

    assert secrets.asked == ([PASSWORD_REF] if user == "asked" else [])


def test_secrets_do_not_show(server: Sshd, caplog: pytest.LogCaptureFixture) -> None:
    """Neither logs at the finest level nor the objects themselves show a secret."""
    caplog.set_level(1)
    caplog.set_level(1, logger="paramiko")
    target = server.target("asked", key_files=(), password=PASSWORD_REF, sudo_password=PASSWORD_REF)
    connection = connect(target, Secrets())
    connection.run(Command(argv=("true",)))

    assert "Authentication" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(vars(connection))
    connection.close()


@pytest.mark.parametrize("user", ["nologin"])
def test_an_account_without_a_shell(server: Sshd, user: str) -> None:
    """An account that cannot run commands is told from one that cannot become root."""
    error = refusal(server, user)

    assert type(error) is NothingSent
    assert "login shell" in error.message


def test_forced_command() -> None:
    """A server that runs something else instead of our command has not started ours."""
    with sshd("ForceCommand echo only this\n") as forcing:
        error = refusal(forcing)

    assert type(error) is NothingSent
    assert "only this" in error.message


def test_a_line_that_broke_under_a_command_that_ended(server: Sshd) -> None:
    """Nothing of the command is left on the target: the error says so, and which process it was."""
    connection = connect(server.target(), Secrets())
    with pytest.raises(ConnectionLost, match=r"process \d+ has ended") as caught:
        connection.run(Command(dialect=Dialect.SH, script=f"{KNOWN_TO_RUN}; kill -KILL $PPID", stdin="go on\n"))
    connection.close()

    assert caught.value.process_dead is True


def test_a_line_that_broke_for_good() -> None:
    """Where no new connection can be made, it is not known whether the command still runs."""
    script = f'{KNOWN_TO_RUN}; kill -KILL "$1" $PPID'
    with sshd() as dying:
        connection = connect(dying.target(connect_timeout=2.0), Secrets())
        with pytest.raises(ConnectionLost, match=r"not known if process \d+ still runs") as caught:
            connection.run(Command(dialect=Dialect.SH, script=script, stdin="go on\n", argv=(str(dying.pid),)))
        connection.close()

    assert caught.value.process_dead is None


# --- Limits of the server ---------------------------------------------------------------------------------------------


def test_one_session_at_a_time() -> None:
    """A server that allows a single channel still serves command after command."""
    with sshd("MaxSessions 1\n") as narrow:
        connection = connect(narrow.target("free"), Secrets())
        for _ in range(4):
            assert connection.run(Command(argv=("id", "-un"))).out == "root\n"
        connection.close()


def test_one_session_at_a_time_and_a_deadline() -> None:
    """Where no second channel can be had, the process is ended over a second connection."""
    with sshd("MaxSessions 1\n") as narrow:
        connection = connect(narrow.target("free"), Secrets())
        with pytest.raises(DeadlineExceeded) as caught:
            connection.run(Command(argv=("sleep", "97.531"), at_most=0.5))
        connection.close()

    assert caught.value.process_dead is True


# --- Reaching it ------------------------------------------------------------------------------------------------------


def test_closed_port(server: Sshd) -> None:
    """A port where nothing listens is unreachable, and the message asks the right question."""
    with pytest.raises(Unreachable, match="nothing listens on that port"):
        connect(server.target(port=free_port()), Secrets())


def test_silent_port(server: Sshd) -> None:
    """A port that accepts and says nothing is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer in time|greet"):
            connect(server.target(port=silent.getsockname()[1], connect_timeout=0.7), Secrets())

    assert time.monotonic() - began < 2


def test_full_port(server: Sshd) -> None:
    """A port that does not even accept is given up in time."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(full.getsockname())
            began = time.monotonic()
            with pytest.raises(Unreachable, match="no answer in time"):
                connect(server.target(port=full.getsockname()[1], connect_timeout=0.7), Secrets())

    assert time.monotonic() - began < 2


def test_not_an_ssh_port(server: Sshd) -> None:
    """A server of another kind is recognized as such."""

    def greet() -> None:
        with web.accept()[0] as visitor:
            visitor.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as web:
        greeter = threading.Thread(target=greet)
        greeter.start()
        with pytest.raises(Unreachable, match="Is this an SSH port"):
            connect(server.target(port=web.getsockname()[1], connect_timeout=5.0), Secrets())
        greeter.join()


def test_unknown_name(server: Sshd) -> None:
    """A name that does not exist is unreachable."""
    target = dataclasses.replace(server.target(), address="no-such-machine.invalid")
    with pytest.raises(Unreachable, match=r"no-such-machine\.invalid"):
        connect(target, Secrets())


@pytest.fixture(scope="module")
def jump(server: Sshd) -> Iterator[Sshd]:
    """A second server, which leads to the first and does nothing else. It takes the first one's client key."""
    with sshd("PermitTTY no\nForceCommand false\n") as second:
        with (second.folder / "authorized_keys").open("a") as keys:
            keys.write((server.folder / "client.pub").read_text())
        yield second


def test_proxy_jump(server: Sshd, jump: Sshd, tmp_path: Path) -> None:
    """Commands go through a jump host, whose own key is checked as strictly."""
    both = server.known_hosts.read_text() + jump.known_hosts.read_text()
    through = {"proxy_jump": f"free@127.0.0.1:{jump.port}"}

    assert log_in(server, **through, **known(tmp_path, both)) == "root"
    error = refusal(server, **through, **known(tmp_path, server.known_hosts.read_text()))
    assert isinstance(error, HostIdentityError)
    assert f"jump host 127.0.0.1:{jump.port}" in error.message


def test_jump_host_that_cannot_reach_the_target(server: Sshd, jump: Sshd) -> None:
    """The failure names the target's address as the jump host was asked for it."""
    target = dataclasses.replace(
        server.target(proxy_jump=f"free@127.0.0.1:{jump.port}", known_hosts=(str(jump.known_hosts),)), port=free_port()
    )
    with pytest.raises(Unreachable, match="opens no channel"):
        connect(target, Secrets())


def test_configuration_file(server: Sshd, jump: Sshd, tmp_path: Path) -> None:
    """Names, ports, users, keys, jumps and aliases come from the OpenSSH configuration, included files too."""
    (tmp_path / "hosts").write_text(f"the-alias {server.host_key}\n[127.0.0.1]:{jump.port} {jump.host_key}\n")
    (tmp_path / "more").write_text(
        f"Host bastion\n HostName 127.0.0.1\n Port {jump.port}\n User bare\n UserKnownHostsFile {tmp_path}/hosts\n"
    )
    (tmp_path / "config").write_text(
        f"Include {tmp_path}/more\n"
        f"Host vm-*\n HostName 127.0.0.1\n Port {server.port}\n"
        " User free\n HostKeyAlias the-alias\n ProxyJump bastion\n"
        f"Host *\n IdentityFile {server.client_key}\n UserKnownHostsFile {tmp_path}/hosts\n"
    )
    target = server.target()
    options = dataclasses.replace(type(target.ssh)(), config=str(tmp_path / "config"), agent=False)
    target = dataclasses.replace(target, address="vm-7", port=None, user=None, ssh=options)
    connection = connect(target, Secrets())

    assert connection.run(WHO).out == "free\n"
    connection.close()


def test_inventory_wins_over_the_configuration_file(server: Sshd, tmp_path: Path) -> None:
    """What the inventory says is not overridden."""
    (tmp_path / "config").write_text("Host *\n User nobody\n Port 1\n IdentityFile /nowhere\n ProxyJump nowhere\n")

    assert log_in(server, "free", config=str(tmp_path / "config"), proxy_jump="none") == "free"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Host *\n ProxyCommand nc %h %p\n", "ProxyCommand, which vmfix does not run"),
        ("Host *\n Include other\n", "Include inside of a Host"),
        ("nonsense\n", "cannot be used"),
        ("Host a*\n ProxyJump 127.0.0.2\nHost 127*\n ProxyJump 127.0.0.2\n", "in a circle"),
    ],
)
def test_what_the_configuration_must_not_say(server: Sshd, tmp_path: Path, text: str, said: str) -> None:
    """What we cannot do as OpenSSH would is refused by name, instead of doing something else."""
    (tmp_path / "config").write_text(text)
    with pytest.raises(Unreachable, match=said):
        SshConnection(server.target(config=str(tmp_path / "config")), Secrets())


# --- Helpers ----------------------------------------------------------------------------------------------------------


class added:  # noqa: N801  reads as a word
    """The server accepts one more public key for a while."""

    def __init__(self, server: Sshd, key: Path) -> None:
        self._file = server.folder / "authorized_keys"
        self._key = key.read_text()
        self._before = self._file.read_text()

    def __enter__(self) -> None:
        self._file.write_text(self._before + self._key)

    def __exit__(self, *_: object) -> None:
        self._file.write_text(self._before)


class agent:  # noqa: N801  reads as a word
    """A running ssh-agent that holds one key."""

    def __init__(self, key: Path, folder: Path) -> None:
        self._path = str(folder / "agent")
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", self._path], stdout=subprocess.DEVNULL)
        for _ in range(100):
            if Path(self._path).exists():
                break
            time.sleep(0.05)
        environment = {**os.environ, "SSH_AUTH_SOCK": self._path}
        subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True)

    def __enter__(self) -> str:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def test_fingerprint_is_over_the_whole_blob(server: Sshd) -> None:
    """The pinned text and what the wire shows are the same bytes."""
    kind, blob = server.host_key.split()

    assert base64.b64decode(blob)[4 : 4 + len(kind)] == kind.encode()
