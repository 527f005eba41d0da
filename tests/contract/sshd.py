"""A real OpenSSH server on a free loopback port, with users and sudoers of its own.

It runs in a private mount namespace in which an altered copy lies over /etc: the machine itself is never touched.
(Single files mounted over /etc/passwd and its like would come off as soon as the machine replaces one of them.)
Needs root, unshare, sshd, ssh-keygen and sudo.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.model.inventory import Platform, SshOptions, Target, TransportKind
from runner.model.secret import Secret, SecretKind, SecretRef

PASSWORD = "korrekt Pferd ' \" $ batterie"  # of throw-away users in a throw-away name space
LOGINS = {
    "root": 0,
    "free": 4201,  # sudo without a password, in a pseudo-terminal of its own (use_pty)
    "bare": 4202,  # sudo without a password and without use_pty
    "asked": 4203,  # sudo with a password
    "nosudo": 4204,  # not in sudoers
    "needstty": 4205,  # requiretty
    "nologin": 4206,  # /usr/sbin/nologin
    "noisy": 4207,  # bash whose .bashrc talks on both streams
}
_SUDOERS = """\
Defaults env_reset, lecture=never, timestamp_timeout=0
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults use_pty
Defaults:bare !use_pty
Defaults:needstty requiretty
root ALL=(ALL:ALL) ALL
free ALL=(ALL:ALL) NOPASSWD: ALL
bare ALL=(ALL:ALL) NOPASSWD: ALL
needstty ALL=(ALL:ALL) NOPASSWD: ALL
noisy ALL=(ALL:ALL) NOPASSWD: ALL
asked ALL=(ALL:ALL) ALL
"""
_CONFIG = """\
ListenAddress 127.0.0.1
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
MaxSessions 100
UseDNS no
PrintMotd no
Subsystem sftp internal-sftp
"""
# $1 is the copy of /etc; what follows is the server.
_IN_NAMESPACE = """\
set -e
mount --bind "$1" /etc
mount -t tmpfs -o mode=755 vmfix /run
mkdir -p /run/sshd
for folder in /var/lib/sudo /var/log; do [ ! -d "$folder" ] || mount -t tmpfs vmfix "$folder"; done
shift
exec "$@"
"""


def missing_parts() -> list[str]:
    """What a real server needs and this machine has not, one sentence each."""
    missing = [
        f"{tool} is not installed." for tool in ("unshare", "ssh-keygen", "sudo", "bash") if not shutil.which(tool)
    ]
    if _sshd() is None:
        missing.append("sshd is not installed.")
    if os.geteuid() != 0:
        missing.append("Only root can start it.")
    elif not missing and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        missing.append("Mount name spaces are not allowed.")
    return missing


def _sshd() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Sshd:
    """A running server. ``folder`` holds everything of it; ``client_key`` opens every account."""

    folder: Path
    port: int
    pid: int

    @property
    def client_key(self) -> Path:
        return self.folder / "client"

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host_ed25519.pub").read_text().split()[:2])

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def target(self, user: str = "root", *, port: int | None = None, **options: Any) -> Target:  # noqa: ANN401
        """A target that logs in here by key, changed as ``options`` (fields of ``SshOptions``) say."""
        usual: dict[str, Any] = {
            "key_files": (str(self.client_key),),
            "known_hosts": (str(self.known_hosts),),
            "agent": False,
            "config": None,
        }
        return Target(
            name=f"vm-{user}",
            address="127.0.0.1",
            port=port or self.port,
            user=user,
            transport=TransportKind.SSH,
            platform=Platform.LINUX,
            ssh=SshOptions(**{**usual, **options}),
        )

    def session_pids(self) -> list[int]:
        """The server's own processes for all open connections: a monitor, and mostly another one as the user."""
        found: list[int] = []
        parents = [self.pid]
        while parents:
            parents = [pid for parent in parents for pid in _children(parent) if "sshd" in _name(pid)]
            found.extend(parents)
        return found

    def cut_all_lines(self) -> None:
        """Break every open connection, as a pulled cable or a crash of the server would."""
        for pid in self.session_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)


def _children(parent: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text()
    return ""


@contextlib.contextmanager
def sshd(extra: str = "", *, host_keys: Sequence[str] = ("ed25519",)) -> Iterator[Sshd]:
    """Start a server; ``extra`` are lines for its configuration."""
    folder = Path(tempfile.mkdtemp(prefix="vmfix-sshd-"))
    folder.chmod(0o755)
    try:
        _write_accounts(folder)
        keygen(folder / "client")
        shutil.copy(folder / "client.pub", folder / "authorized_keys")
        for kind in host_keys:
            keygen(folder / f"host_{kind}", kind)
        port = free_port()
        lines = [f"HostKey {folder}/host_{kind}" for kind in host_keys]
        lines += [f"Port {port}", f"AuthorizedKeysFile {folder}/authorized_keys"]
        # The first of two settings counts.
        (folder / "sshd_config").write_text(extra + _CONFIG + "\n".join(lines) + "\n")
        with _running(folder, port) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[Sshd]:
    command = [str(_sshd()), "-D", "-e", "-f", str(folder / "sshd_config")]
    with (folder / "log").open("wb") as log:
        unshare = ["unshare", "-m", "--propagation", "private", "sh", "-c", _IN_NAMESPACE, "sh", str(folder / "etc")]
        server = subprocess.Popen(
            [*unshare, *command],
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait_for_port(server, port, folder / "log")
        ready = Sshd(folder, port, server.pid)
        ready.known_hosts.write_text(f"[127.0.0.1]:{port} {ready.host_key}\n")
        yield ready
    finally:
        Sshd(folder, port, server.pid).cut_all_lines()
        server.terminate()
        server.wait(10)


def keygen(path: Path, kind: str = "ed25519", *, passphrase: str = "") -> None:
    """A fresh key pair."""
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-C", "vmfix test", "-f", str(path)], check=True
    )


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    message = f"sshd did not start: {log.read_text()}"
    raise RuntimeError(message)


def _write_accounts(folder: Path) -> None:
    etc = folder / "etc"
    # Something may vanish while it is copied; nothing of that kind is needed.
    subprocess.run(["cp", "-a", "/etc", str(etc)], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(etc / "sudoers.d", ignore_errors=True)
    (etc / "nologin").unlink(missing_ok=True)
    hashed = _crypt(PASSWORD)
    passwd, shadow, group = (Path(f"/etc/{name}").read_text().splitlines() for name in ("passwd", "shadow", "group"))
    passwd = [line for line in passwd if line.split(":")[0] not in LOGINS]
    shadow = [line for line in shadow if line.split(":")[0] not in LOGINS]
    for user, uid in LOGINS.items():
        home = folder / f"home-{user}"
        home.mkdir()
        os.chown(home, uid, uid)
        shell = {"nologin": "/usr/sbin/nologin", "noisy": "/bin/bash"}.get(user, "/bin/sh")
        passwd.append(f"{user}:x:{uid}:{uid}::{home}:{shell}")
        shadow.append(f"{user}:{hashed}:19000:0:99999:7:::")
        group.append(f"{user}:x:{uid}:" if uid else "")
    (folder / "home-noisy" / ".bashrc").write_text("echo greetings; echo complaints >&2\n")
    for name, lines, mode in (("passwd", passwd, 0o644), ("shadow", shadow, 0o600), ("group", group, 0o644)):
        (etc / name).write_text("\n".join(filter(None, lines)) + "\n")
        (etc / name).chmod(mode)
    (etc / "sudoers").write_text(_SUDOERS)
    (etc / "sudoers").chmod(0o440)


def _crypt(password: str) -> str:
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return str(library.crypt(password.encode(), b"$6$vmfixvmfix$").decode())


PASSWORD_REF = SecretRef(SecretKind.ENV, ("VMFIX_TEST_PASSWORD",))
WRONG_REF = SecretRef(SecretKind.ENV, ("VMFIX_TEST_WRONG",))


class Secrets:
    """Gives out the test users' password, and remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[SecretRef] = []

    def __call__(self, ref: SecretRef) -> Secret:
        self.asked.append(ref)
        return Secret(PASSWORD if ref == PASSWORD_REF else "wrong")
