"""One command in a remote shell, from its start to its exit code or its deadline."""

from __future__ import annotations

import enum
import time

from runner.errors import AuthenticationFailed, NothingSent, TransportError
from runner.shells.windows import Launch
from runner.transports.exchange import Kept
from runner.transports.winrm_answers import BadAnswer, Fault, Received
from runner.transports.winrm_beside import Beside, Feeding
from runner.transports.winrm_messages import new_id
from runner.transports.winrm_refusals import LoginForgotten, NoAnswer, WsmanFault
from runner.transports.winrm_wsman import Wsman

_LONGEST_WAIT = 20.0  # seconds for one request for output
_WAIT_WHILE_FEEDING = 2.0  # seconds; what goes wrong with standard input is noticed in between
_FIRST_WAIT = 0.5  # seconds; whoever has not ended by then may be reading standard input, and is told its end
_ASK_AGAIN = (0.1, 0.4, 1.0, 2.0)  # seconds between questions about a command whose connection broke
_LONGEST_LOOK = 10.0  # seconds after which a service that cannot be reached is asked no more


class NotStarted(Exception):
    """The service's own words prove that the command was not started."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Lost(Exception):
    """The command may have run, and its exit code will not be known."""


class End(enum.Enum):
    """How it ended. DONE: there is an exit code. LATE: the deadline came first."""

    DONE = "done"
    LATE = "late"


class Execution:
    """A command to be run once. ``run`` raises ``NotStarted``, ``Lost``, or a ``NothingSent`` kind."""

    def __init__(self, wsman: Wsman, beside: Beside, shell: str, launch: Launch) -> None:
        self._wsman = wsman
        self._beside = beside
        self._shell = shell
        self._launch = launch
        self._feeding: Feeding | None = None
        self.id = new_id()
        self.out, self.err = Kept(), Kept()
        self.exit_code = 0

    def run(self, ends_at: float) -> End:
        """Start it and stay with it. ``ends_at`` is in ``time.monotonic()``."""
        got = self._start(ends_at)
        if self._launch.stdin:
            self._feed(ends_at)
        try:
            return self._follow(got, ends_at)
        except (NoAnswer, NothingSent, WsmanFault, BadAnswer) as error:
            problem = Lost(str(error))
        raise problem

    def free(self) -> None:
        """Let the service forget the command, beside whatever comes next, and not before the end of a rush."""
        shell, command = self._shell, self.id
        if self._feeding is not None and not self._feeding.done:
            self.terminate()  # at once: it also ends what the command no longer reads
        else:
            self._beside.do_later(lambda wsman: wsman.terminate(shell, command))

    def terminate(self) -> None:
        """Ask the service to end the command, or to forget it. Never raises."""
        if self._feeding is not None:
            self._feeding.stop()
        try:
            self._wsman.terminate(self._shell, self.id)
        except (NoAnswer, TransportError, WsmanFault):
            return

    def is_dead(self) -> bool | None:
        """Of a command that was lost: whether the service says that it has ended, or runs; None if it says neither."""
        try:
            got = self._look()
        except (NoAnswer, TransportError, WsmanFault):
            return None
        return got is not None and got.done

    def _start(self, ends_at: float) -> Received | None:
        """Send the one message that starts it. If its answer is lost, ask for the command by our identifier."""
        try:
            self._send_start(ends_at)
        except WsmanFault as error:
            if error.fault.unknown_id or error.fault.quota or error.fault.denied:
                raise NotStarted(error.fault) from None
            because = str(error)
        except LoginForgotten as error:
            because = self._start_again(str(error), ends_at)
        except NoAnswer as error:
            because = str(error)
        else:
            return None
        return self._settle(because) if because else None

    def _send_start(self, ends_at: float) -> None:
        left = ends_at - time.monotonic()
        self.id = self._wsman.command(self._shell, self.id, self._launch.line, seconds=min(_LONGEST_WAIT, left))

    def _start_again(self, because: str, ends_at: float) -> str:
        """The start was refused for want of a login. Empty if that went well, else why the answer is not known.

        Should somebody in between have handed it on all the same, then the service refuses the second one, for our
        identifier is in use. Only an unknown shell shows that there was nothing to start it in.
        """
        try:
            self._send_start(ends_at)
        except WsmanFault as error:
            if error.fault.unknown_id:
                raise NotStarted(error.fault) from None
            return f"{because}; then {error}"
        except NoAnswer as error:
            return f"{because}; then {error}"
        except NothingSent as error:
            problem = Lost(f"{because}; then {error.message}")
        else:
            return ""
        raise problem

    def _settle(self, because: str) -> Received | None:
        """Whether the service knows the command. If it does, all goes on as if the answer had come.

        If it does not, the message may still be on its way, or the service may have chosen another identifier: that
        nothing was started would be a guess.
        """
        try:
            return self._look()
        except (NoAnswer, TransportError) as error:
            problem = Lost(f"{because}; then {error}")
        except WsmanFault as error:
            problem = Lost(f"{because}; asked for the command, the service said: {error}")
        raise problem

    def _look(self) -> Received | None:
        """Ask for the command over a connection that has just broken, and may take its time to come back.

        The service may also still believe that it tells the old one.
        """
        began = time.monotonic()
        for pause in _ASK_AGAIN:
            try:
                return self._wsman.receive(self._shell, self.id, seconds=_FIRST_WAIT)
            except AuthenticationFailed:
                raise  # again and again it would lock the account
            except NothingSent:
                if time.monotonic() - began > _LONGEST_LOOK:
                    raise
            except WsmanFault as error:
                if error.fault.unknown_id or time.monotonic() - began > _LONGEST_LOOK:
                    raise
            time.sleep(pause)
        return self._wsman.receive(self._shell, self.id, seconds=_FIRST_WAIT)

    def _follow(self, got: Received | None, ends_at: float) -> End:
        began = time.monotonic()
        while True:
            if got is not None and self._take(got):
                return End.DONE
            now = time.monotonic()
            if now >= ends_at:
                return End.LATE
            if self._feeding is None and now - began >= _FIRST_WAIT:
                self._feed(ends_at)
            got = self._wsman.receive(self._shell, self.id, seconds=min(self._patience(), ends_at - now))
            if self._feeding is not None and self._feeding.problem:
                raise Lost(self._feeding.problem)

    def _patience(self) -> float:
        if self._feeding is None:
            return _FIRST_WAIT
        return _LONGEST_WAIT if self._feeding.done else _WAIT_WHILE_FEEDING

    def _take(self, got: Received) -> bool:
        """Keep what came. True if that was all."""
        self.out.keep(got.stdout)
        self.err.keep(got.stderr)
        if not got.done:
            return False
        if got.exit_code is None:
            raise Lost("the command has ended, but the service has no exit code of it")
        self.exit_code = got.exit_code
        return True

    def _feed(self, ends_at: float) -> None:
        self._feeding = Feeding(self._shell, self.id, self._launch.stdin, ends_at)
        self._beside.do(self._feeding)
