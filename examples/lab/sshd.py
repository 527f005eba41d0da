"""The SSH server of a target: its keys, its settings, and what can go wrong with it."""

import random
import socket
import subprocess
import time
from pathlib import Path

from examples.lab import namespace
from examples.lab.accounts import SSH_DIR, File
from examples.lab.errors import LabError
from examples.lab.processes import ENVIRONMENT, POLL_SECONDS, kill, run

RECORDER = Path(__file__).with_name("record.pl")
CONFIG = f"{SSH_DIR}/sshd_config"
PORTS = range(20_000, 32_000)  # below the range that the kernel takes for outgoing connections
TRIES = 20
STARTS_WITHIN_S = 15
SETTINGS = f"""\
ListenAddress 127.0.0.1
Port {{port}}
HostKey {SSH_DIR}/host_key
PidFile /run/sshd.pid
AuthorizedKeysFile {SSH_DIR}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM yes
UseDNS no
PrintMotd no
PrintLastLog no
AllowTcpForwarding yes
MaxStartups 200
MaxSessions 100
MaxAuthTries 20
LogLevel VERBOSE
Subsystem sftp /usr/lib/openssh/sftp-server
ForceCommand PERL_BADLANG=0 exec perl {SSH_DIR}/record.pl
"""


def make_key(path: Path, comment: str) -> str:
    """Make an ed25519 key pair, replacing one that is there; returns the public key's type and text."""
    for old in (path, path.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
    return public_key(path)


def public_key(path: Path) -> str:
    """The type and the text of a key's public half, without its comment."""
    return " ".join(path.with_suffix(".pub").read_text(encoding="ascii").split()[:2])


def put_settings(init: int, folder: Path, port: int, client_key: str) -> None:
    """Write the server's files to the target, and its sshd_config to the target's folder as well."""
    settings = SETTINGS.format(port=port).encode()
    (folder / "sshd_config").write_bytes(settings)
    files = [
        File(path=CONFIG, data=settings),
        File(path=f"{SSH_DIR}/host_key", data=(folder / "host_key").read_bytes(), mode=0o600),
        File(path=f"{SSH_DIR}/authorized_keys", data=f"{client_key}\n".encode()),
        File(path=f"{SSH_DIR}/record.pl", data=RECORDER.read_bytes()),
    ]
    namespace.write(init, files)


def start_on_free_port(init: int, folder: Path, client_key: str) -> int:
    """Start the server on a port that nobody has. Another program may be faster than we are, hence the tries."""
    for _ in range(TRIES):
        port = random.choice(PORTS)  # noqa: S311 - not a secret
        if not _is_free(port):
            continue
        put_settings(init, folder, port, client_key)
        if start(init, folder):
            return port
    raise LabError(f"No free port found for target {folder.name} in {TRIES} tries; see {folder / 'sshd.log'}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def start(init: int, folder: Path) -> bool:
    """Start the server and wait until it listens; False if it could not because its port is taken."""
    log_path = folder / "sshd.log"
    with log_path.open("ab") as log:
        seen = log.tell()
        # setsid forks: the server outlives this program, so it must not be a child that somebody has to collect.
        subprocess.run(
            ["setsid", "--fork", *namespace.enter(init, ["/usr/sbin/sshd", "-D", "-e", "-f", CONFIG])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENVIRONMENT,
            check=True,
        )
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        said = log_path.read_bytes()[seen:]
        if b"Server listening on" in said:
            return True
        if b"Cannot bind any address" in said:
            return False
        time.sleep(POLL_SECONDS)
    raise LabError(f"The sshd of target {folder.name} did not listen within {STARTS_WITHIN_S} s; see {log_path}")


def stop(init: int) -> None:
    """Stop the listener; live connections go on."""
    kill([pid for pid, line in _servers(init).items() if "[listener]" in line])


def kill_connections(init: int) -> int:
    """Cut every live connection as a failing network would: no farewell, and what runs on the target goes on."""
    sessions = [pid for pid, line in _servers(init).items() if "[listener]" not in line]
    kill(sessions)
    return len(sessions)


def _servers(init: int) -> dict[int, str]:
    return {pid: line for pid, line in namespace.processes(init).items() if line.startswith("sshd: ")}
