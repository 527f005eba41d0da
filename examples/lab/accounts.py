"""The users of a target and what they may do: files for the target's own /etc."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from examples.lab.processes import run

SSH_DIR = "/etc/ssh/lab"  # on the target
HOSTNAME_FILE = "/etc/hostname"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be put on a target."""

    path: str
    data: bytes
    mode: int = 0o644
    owner: str = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A login of every target."""

    name: str
    uid: int
    home: str
    password: bool = False
    sudo: str | None = None  # the tag of its line in sudoers


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What opens a target: the public half of the client's key, and the password with its hash for /etc/shadow."""

    client_key: str
    password: str
    password_hash: str


USERS = (
    User(name="root", uid=0, home="/root"),
    User(name="azureuser", uid=52001, home="/home/azureuser", sudo="NOPASSWD:"),
    User(name="sudopw", uid=52002, home="/home/sudopw", password=True, sudo=""),
    User(name="nosudo", uid=52003, home="/home/nosudo"),
)
UIDS = {user.name: user.uid for user in USERS}
SUDOERS = """\
Defaults env_reset
Defaults mail_badpass
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults use_pty
root ALL=(ALL:ALL) ALL
"""
# This machine's own PAM set-up may ask for more than a password; a target's must not depend on it.
PAM = b"""\
auth required pam_unix.so
account required pam_unix.so
session required pam_permit.so
"""


def new_password() -> tuple[str, str]:
    """A password for the users who have one, and its hash for /etc/shadow."""
    password = secrets.token_urlsafe(12)
    return password, run(["openssl", "passwd", "-6", "-stdin"], stdin=password.encode() + b"\n").strip()


def account_files(host_name: str, password_hash: str) -> list[File]:
    """The target's user database, sudoers, PAM and names; this machine's passwords stay behind."""
    names = {user.name for user in USERS}
    passwd = _others("/etc/passwd", names)
    passwd += [f"{u.name}:x:{u.uid}:{u.uid}::{u.home}:/bin/sh" for u in USERS]
    group = _others("/etc/group", names) + [f"{u.name}:x:{u.uid}:" for u in USERS]
    shadow = [f"{u.name}:{password_hash if u.password else '*'}:19000:0:99999:7:::" for u in USERS]
    sudoers = SUDOERS + "".join(f"{u.name} ALL=(ALL:ALL) {u.sudo} ALL\n" for u in USERS if u.sudo is not None)
    return [
        File(path="/etc/passwd", data=_lines(passwd)),
        File(path="/etc/group", data=_lines(group)),
        File(path="/etc/shadow", data=_lines(shadow), mode=0o600),
        File(path="/etc/sudoers", data=sudoers.encode(), mode=0o440),
        File(path="/etc/pam.d/sshd", data=PAM),
        File(path="/etc/pam.d/sudo", data=PAM),
        File(path="/etc/pam.d/sudo-i", data=PAM),
        File(path=HOSTNAME_FILE, data=_lines([host_name])),
        File(path="/etc/hosts", data=_lines(["127.0.0.1 localhost", f"127.0.1.1 {host_name}"])),
        *(File(path=f"{u.home}/.profile", data=b"", owner=u.name) for u in USERS),
    ]


def _others(path: str, names: set[str]) -> list[str]:
    lines = Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [line for line in lines if line.partition(":")[0] not in names]


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
