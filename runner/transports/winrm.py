"""The WinRM connection to one target: one remote shell, opened when it is needed and opened anew if it is gone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from runner.errors import (
    DeadlineExceeded,
    ElevationFailed,
    NothingSent,
    OutcomeUnknown,
    TransportError,
    Unreachable,
)
from runner.model.command import AtDeadline, Command, CommandResult
from runner.model.inventory import Target
from runner.model.secret import Secret, SecretRef
from runner.shells.windows import CannotBeSent, Launch, launch
from runner.shells.windows_kill import GONE, KILL_ALL
from runner.shells.windows_text import OEM_CODE_PAGE, oem_codec, to_utf8
from runner.transports.base import Connection, ResolveSecret
from runner.transports.winrm_exec import End, Execution
from runner.transports.winrm_http import Login, port_of
from runner.transports.winrm_refusals import UAC_REMEDY, NoAnswer, WsmanFault, denied, unanswered
from runner.transports.winrm_shell import RemoteShell
from runner.transports.winrm_tls import tls_context

WHO = Command(argv=("whoami", "/groups", "/fo", "csv", "/nh"), elevated=False)
_INTEGRITY = re.compile(r"S-1-16-([0-9]{1,10})(?![0-9])")
_HIGH = 12288  # the integrity level of an administrator whose rights UAC has not filtered; the system's is higher
_ATTEMPTS = 2  # in all, to find out who we are


class WinrmConnection:
    """One target over WinRM. Opens connection and shell anew on the next ``run`` if they are gone.

    A command is sent a second time only if the service's own words prove that the first one was not started.
    """

    def __init__(self, target: Target, resolve: ResolveSecret) -> None:
        self._resolve = resolve
        self._secrets: dict[SecretRef, Secret] = {}
        options = target.winrm
        scheme = "https" if options.https else "http"
        self._where = f"{target.name} ({target.address}, {scheme} on port {port_of(target)})"
        tls = None
        if options.https:
            tls = tls_context(options, lambda: self._reveal(options.certificate_passphrase), self._where)
        login = Login(target, self._where, lambda: self._reveal(options.password), tls)
        self._shell = RemoteShell(login)
        self._is_administrator = False
        self._oem: list[str | None] = []  # the codec of the machine's code page, once it was asked for
        self._busy = threading.Lock()
        self._state = threading.Lock()  # of the next two, which the closing thread reads and writes too
        self._running = False
        self._closing = False
        self._going_on: Execution | None = None

    def open(self) -> None:
        """Connect, verify and log in. No shell is opened."""
        try:
            self._shell.wsman.identify()
        except NoAnswer as error:
            raise unanswered(self._where, error) from None
        except WsmanFault as error:
            raise denied(self._where, error.fault) from None

    def run(self, command: Command) -> CommandResult:
        prepared = _prepared(command, self._where)
        with self._busy, self._at_work():
            if command.elevated:
                self._check_rights()
            return self._run(command, prepared)

    def close(self) -> None:
        """A command that runs in another thread just now counts as lost; that thread tidies up."""
        with self._state:
            self._closing, running = True, self._running
            if running:
                self._shell.abort()
        if not running:
            with self._busy:
                self._leave()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Whoever closes meanwhile breaks off, and leaves the tidying up to us."""
        with self._state:
            self._running, self._closing = True, False
        try:
            yield
        finally:
            with self._state:
                self._running, closing = False, self._closing
            if closing:
                self._leave()

    def _run(self, command: Command, prepared: Launch) -> CommandResult:
        began = time.monotonic()
        with self._shell.aside() if command.goes_on else nullcontext():
            execution, end = self._shell.execute(command, prepared, began + command.at_most)
            if end is End.LATE:
                raise self._late(command, execution)
        self._free(command, execution)
        elapsed = time.monotonic() - began
        out, err = (
            to_utf8(bytes(kept.body), self._oem_codec, truncated=kept.truncated)
            for kept in (execution.out, execution.err)
        )
        return CommandResult(
            exit_code=execution.exit_code,
            stdout=out,
            stderr=err,
            elapsed=elapsed,
            truncated=execution.out.truncated or execution.err.truncated,
        )

    def _free(self, command: Command, execution: Execution) -> None:
        """Let the service forget the command; one that goes on only when the next one of its kind has ended.

        The signal for that is the one that also ends what runs.
        """
        ended: Execution | None = execution
        if command.goes_on:
            ended, self._going_on = self._going_on, execution
        if ended is not None:
            ended.free()

    def _check_rights(self) -> None:
        """Once per connection: a token that UAC has filtered would let some tools fail, and others do half."""
        if self._is_administrator:
            return
        result = self._who()
        levels = [int(number) for number in _INTEGRITY.findall(result.out)]
        if result.exit_code != 0 or not levels:
            raise ElevationFailed(
                f"{self._where}: whether the account is an administrator there cannot be found out: `whoami` ended "
                f"with {result.exit_code}; nothing was sent",
                remedy="Run `whoami /groups` there by hand.",
            )
        if max(levels) < _HIGH:
            raise ElevationFailed(
                f"{self._where}: the account has no administrator rights in this session (integrity level S-1-16-"
                f"{max(levels)}, and S-1-16-{_HIGH} is needed); nothing was sent",
                remedy="It must be in the machine's group Administrators. " + UAC_REMEDY,
            )
        self._is_administrator = True

    def _who(self) -> CommandResult:
        problem: OutcomeUnknown | None = None
        for _ in range(_ATTEMPTS):
            try:
                return self._run(WHO, launch(WHO))
            except OutcomeUnknown as error:  # it only looked: asking twice harms nobody
                problem = error
        because = problem.message if problem else "no answer"
        raise Unreachable(f"{because}; it was only asked who we are, and nothing else was sent") from problem

    def _late(self, command: Command, execution: Execution) -> DeadlineExceeded:
        said = f"{self._where}: the command did not end within {command.at_most:g} s"
        if command.at_deadline is AtDeadline.LEAVE:
            shell = self._shell.id
            self._shell.drop(end_it=False)
            return DeadlineExceeded(
                f"{said}; it was left running in the remote shell {shell}",
                remedy="Wait until it has ended, then look at what it did.",
                process_dead=False,
            )
        if self._kill(execution):
            return DeadlineExceeded(f"{said}; all its processes were ended", process_dead=True)
        return DeadlineExceeded(
            f"{said}; it was told to end, but it is not known that it did",
            remedy="Look for processes of this account there: tasklist /v.",
            process_dead=None,
        )

    def _kill(self, execution: Execution) -> bool:
        """True only if the target found no process of the shell any more.

        The script comes before the signal: once the command itself is gone, nothing shows what it had started. Of what
        it finds in another shell, should ours be gone, nothing follows.
        """
        shell = self._shell.id
        try:
            ender, end = self._shell.execute(KILL_ALL, launch(KILL_ALL), time.monotonic() + KILL_ALL.at_most)
        except TransportError:
            return False
        execution.terminate()
        if end is End.DONE:
            ender.free()
        if end is End.DONE and bytes(ender.out.body).split() == [GONE.encode()] and self._shell.id == shell:
            return True
        self._shell.drop(end_it=True)
        return False

    def _oem_codec(self) -> str | None:
        """Asked for once, when the first program printed something that is not UTF-8."""
        if not self._oem:
            try:
                ends_at = time.monotonic() + OEM_CODE_PAGE.at_most
                execution, end = self._shell.execute(OEM_CODE_PAGE, launch(OEM_CODE_PAGE), ends_at)
            except TransportError:
                return None
            if end is End.LATE:
                self._shell.drop(end_it=True)
                return None
            execution.free()
            self._oem.append(oem_codec(bytes(execution.out.body)))
        return self._oem[0]

    def _leave(self) -> None:
        self._shell.leave()
        self._going_on = None
        self._secrets.clear()

    def _reveal(self, ref: SecretRef | None) -> str:
        """Each secret is fetched once per connection: a person is not asked again after a reboot."""
        if ref is None:
            return ""
        if ref not in self._secrets:
            self._secrets[ref] = self._resolve(ref)
        return self._secrets[ref].reveal()


def _prepared(command: Command, where: str) -> Launch:
    try:
        return launch(command)
    except CannotBeSent as error:
        raise NothingSent(f"{where}: {error}; nothing was sent") from error


def connect(target: Target, resolve: ResolveSecret) -> Connection:
    """Connect, verify and log in now, so that a target which cannot be reached is known before anything is planned."""
    connection = WinrmConnection(target, resolve)
    try:
        connection.open()
    except BaseException:
        connection.close()
        raise
    return connection
