"""Real SSH keys, made for one test, and the files that ssh-keygen judges them by."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEEDED = [] if shutil.which("ssh-keygen") else ["ssh-keygen: apt-get install openssh-client"]


def ssh_keygen(*words: object, given: bytes = b"") -> str:
    """What it prints."""
    done = subprocess.run(
        ["ssh-keygen", *map(str, words)], input=given, capture_output=True, check=True, timeout=60, text=False
    )
    return done.stdout.decode()


@dataclass(frozen=True)
class Keys:
    """Key pairs in a folder."""

    folder: Path

    def make(self, name: str, kind: str = "ed25519", *, passphrase: str = "") -> Path:
        """The private half; the public one stands beside it."""
        path = self.folder / name
        ssh_keygen("-q", "-t", kind, "-N", passphrase, "-C", name, "-f", path)
        return path

    def public(self, key: Path) -> str:
        return Path(f"{key}.pub").read_text().strip()

    def allow(self, *lines: tuple[str, Path], name: str = "allowed_signers") -> Path:
        """A file of (principals and options, key)."""
        path = self.folder / name
        path.write_text("".join(f"{who} {self.public(key)}\n" for who, key in lines))
        return path
