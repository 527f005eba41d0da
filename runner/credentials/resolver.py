"""References to secrets -> secrets, when a connection needs them and not before."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.credentials.redaction import Redactor
from runner.errors import CredentialError
from runner.model.secret import Secret, SecretKind, SecretRef

COMMAND_DEADLINE = 30.0  # seconds
_LARGEST_FILE = 64 * 1024  # bytes; a secret is smaller, and /dev/zero is not
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

RunCommand = Callable[[Sequence[str], Mapping[str, str]], "subprocess.CompletedProcess[bytes]"]


def run_command(argv: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a program that prints a secret. It keeps the terminal, for it may ask for a PIN there."""
    return subprocess.run(
        list(argv),
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=COMMAND_DEADLINE,
        check=False,
    )


@dataclass(slots=True)
class _Slot:
    """One reference's outcome. The lock is held by whoever resolves it; the rest wait and read."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    secret: Secret | None = None
    error: tuple[str, str] | None = None


class Resolver:
    """Resolves each reference once per run, however many threads ask, and tells the redactor every value.

    A failure is remembered too: twenty targets with one wrong reference ask once. ``prompt`` is None where no terminal
    is there to ask at.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        prompt: Callable[[str], str] | None,
        run_command: RunCommand = run_command,
        *,
        redactor: Redactor | None = None,
    ) -> None:
        self.redactor = redactor or Redactor()
        self._environ = environ
        self._prompt = prompt
        self._run_command = run_command
        self._slots: dict[SecretRef, _Slot] = {}
        self._lock = threading.Lock()
        self._asking = threading.Lock()  # one question at a time, or nobody knows what they answer

    def __call__(self, ref: SecretRef) -> Secret:
        """The secret. Raises ``CredentialError``, which names the reference and never a value."""
        with self._lock:
            slot = self._slots.setdefault(ref, _Slot())
        with slot.lock:
            if slot.secret is None and slot.error is None:
                self._resolve(ref, slot)
            if slot.secret is not None:
                return slot.secret
            message, remedy = slot.error or ("", "")
        raise CredentialError(message, remedy=remedy)

    def redact(self, text: str) -> str:
        """``text`` without any secret that was resolved so far."""
        return self.redactor.redact(text)

    def _resolve(self, ref: SecretRef, slot: _Slot) -> None:
        try:
            value = self._fetch(ref)
            if not value:
                message = f"the secret ({ref}) is empty"
                raise CredentialError(message)  # noqa: TRY301 - the same path as all other failures
        except CredentialError as error:
            slot.error = (error.message, error.remedy)
        else:
            self.redactor.add(value)
            slot.secret = Secret(value)

    def _fetch(self, ref: SecretRef) -> str:
        match ref.kind:
            case SecretKind.ENV:
                return self._from_environment(ref.where[0])
            case SecretKind.FILE:
                return _from_file(ref.where[0])
            case SecretKind.KEYRING:
                return _from_keyring(ref)
            case SecretKind.COMMAND:
                return self._from_command(ref)
            case SecretKind.PROMPT:
                return self._from_prompt(ref)

    def _from_environment(self, name: str) -> str:
        if name not in self._environ:
            message = f"the environment variable {name} is not set"
            raise CredentialError(message, remedy=f"Set {name} to the secret before the run.")
        return self._environ[name]

    def _from_prompt(self, ref: SecretRef) -> str:
        if self._prompt is None:
            message = f"the secret ({ref}) has to be typed in, and there is no terminal"
            raise CredentialError(message, remedy="Run vmfix at a terminal, or use env, file, keyring or command.")
        try:
            with self._asking:
                return self._prompt(ref.where[0])
        except EOFError:
            message = f"no answer was given for the secret ({ref})"
            raise CredentialError(message) from None

    def _from_command(self, ref: SecretRef) -> str:
        program = ref.where[0]
        try:
            done = self._run_command(ref.where, self._environ)
        except subprocess.TimeoutExpired:
            message = f"`{program}` did not print the secret within {COMMAND_DEADLINE:.0f} s"
            raise CredentialError(message, remedy="Run it by hand: it may wait for an answer.") from None
        except (OSError, ValueError) as error:
            message = f"`{program}` could not be started: {_reason(error)}"
            raise CredentialError(message) from None
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
            hint = f": {self.redact(said[0])}" if said else ""
            message = f"`{program}` ended with exit code {done.returncode}{hint}"
            raise CredentialError(message, remedy="Run it by hand; it must print the secret and nothing else.")
        return _decoded(done.stdout, ref)


def _from_file(name: str) -> str:
    path = Path(name).expanduser()
    ref = SecretRef(SecretKind.FILE, (name,))
    try:
        with path.open("rb") as file:
            # Asked of the open file, so that nobody can put another one in its place.
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & _OTHERS:
                message = f"the file {name} may be read or changed by others (mode {stat.S_IMODE(mode):04o})"
                raise CredentialError(message, remedy=f"Run: chmod 600 {name}")
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        message = f"the file {name} cannot be read: {_reason(error)}"
        raise CredentialError(message) from None
    if len(data) > _LARGEST_FILE:
        message = f"the file {name} is too large for a secret"
        raise CredentialError(message)
    return _decoded(data, ref)


def _from_keyring(ref: SecretRef) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to import
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        message = f"the secret ({ref}) is in a keyring, and the library for keyrings is not installed"
        raise CredentialError(message, remedy="Install it: pip install 'vmfix[keyring]'") from None
    service, _, user = ref.where[0].rpartition("/")
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        message = f"the keyring cannot be read: {error}"
        raise CredentialError(message) from None
    if value is None:
        message = f"the keyring has no secret for {ref.where[0]}"
        raise CredentialError(message, remedy=f"Store it: keyring set {service} {user}")
    return value


def _decoded(data: bytes, ref: SecretRef) -> str:
    """Text without the one line end that editors and ``echo`` add."""
    try:
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        message = f"the secret ({ref}) is not UTF-8"
        raise CredentialError(message) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
