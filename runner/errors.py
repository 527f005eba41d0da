"""Every exception that vmfix raises on purpose.

VmfixError                      what is wrong, and what to do (``remedy``); carries the exit code of the CLI
├── UsageError              2   the call's words are off
├── InvalidDocuments        3   playbooks, inventories, parameters: all problems with file:line:column
├── Refused                 4   refused as a whole, nothing was changed (selection, --expect, approval, plan file)
│   ├── NotApproved
│   └── PlanFileError           altered, foreign or expired plan file
├── CredentialError         4   a secret reference could not be resolved
├── ExpressionError             an expression or template of a playbook failed on real values
├── ParseError                  output of a remote program is not what its parser knows
├── GuardViolation          1   the engine was about to send what it must not: always a bug, never sent
├── JournalError            1   the journal cannot be read or written
│   ├── JournalCorrupt
│   ├── StaleEpoch              an intent was fenced off: the run was cancelled or has another owner
│   └── PlanSpent           4   the plan was run before
└── TransportError              one target; the engine decides from the type alone
    ├── NothingSent             the command was certainly not started
    │   ├── Unreachable
    │   ├── AuthenticationFailed
    │   ├── HostIdentityError
    │   └── ElevationFailed     sudo refused before the command was started
    └── OutcomeUnknown          the command was sent, its outcome is not known
        ├── ConnectionLost
        └── DeadlineExceeded    carries whether the process is known to be dead
"""

from __future__ import annotations

from typing import ClassVar

from runner.diagnostics import Diagnostic


class VmfixError(Exception):
    """Base of all. ``str(e)`` is the message; ``remedy`` is what the reader can do, or empty."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n    {self.remedy}" if self.remedy else self.message


class UsageError(VmfixError):
    """The command line contradicts itself or names something unknown."""

    exit_code = 2


class InvalidDocuments(VmfixError):
    """One or more documents are wrong. ``diagnostics`` holds every problem, in document order."""

    exit_code = 3

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(str(d) for d in diagnostics))
        self.diagnostics = diagnostics


class Refused(VmfixError):
    """The request as a whole is refused; nothing was changed anywhere."""

    exit_code = 4


class NotApproved(Refused):
    """Consent is missing for at least one remedy."""


class PlanFileError(Refused):
    """The plan file cannot be used: altered, made by another version, or expired."""


class CredentialError(VmfixError):
    """A secret could not be fetched. The message names the reference, never the value."""

    exit_code = 4


class ExpressionError(VmfixError):
    """An expression or template could not be evaluated on the values at hand."""


class ParseError(VmfixError):
    """A remote program's output does not have the structure that its parser knows."""


class GuardViolation(VmfixError):
    """Something tried to send a command that this stage may not send. It was not sent."""


class JournalError(VmfixError):
    """The journal cannot be opened, read or written."""


class JournalCorrupt(JournalError):
    """The hash chain of a run is broken: an event was altered or removed."""


class StaleEpoch(JournalError):
    """An intent was refused, since the run was cancelled or is owned by somebody else."""


class PlanSpent(JournalError):
    """The plan was run before: the consent to it was for that run."""

    exit_code = 4


class TransportError(VmfixError):
    """Talking to one target failed."""


class NothingSent(TransportError):
    """The command was certainly not started on the target."""


class Unreachable(NothingSent):
    """No connection: name resolution, routing, refused port, time-out, protocol mismatch."""


class AuthenticationFailed(NothingSent):
    """The target refused every credential that was offered."""


class HostIdentityError(NothingSent):
    """The machine that answered is not, or not provably, the one that was meant."""


class ElevationFailed(NothingSent):
    """The account may not become root (or administrator); the command was not started."""


class OutcomeUnknown(TransportError):
    """The command was sent and may have run, wholly or partly.

    ``process_dead`` is True only if its whole process tree is known to be gone; False if it is known to be running
    still; None if that is not known.
    """

    def __init__(self, message: str, *, remedy: str = "", process_dead: bool | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.process_dead = process_dead

    @property
    def may_run(self) -> bool:
        """Whether the command is perhaps still at work: then nothing else may be sent, and nothing judged."""
        return self.process_dead is False


class ConnectionLost(OutcomeUnknown):
    """The connection broke between sending the command and knowing its exit code."""


class DeadlineExceeded(OutcomeUnknown):
    """The command did not end in time. Whether it was ended, or left running on purpose, says ``process_dead``."""

    @property
    def may_run(self) -> bool:
        return not self.process_dead
