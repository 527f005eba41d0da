"""What an endpoint can be told to do wrong, and when."""

import enum
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypedDict


class Act(enum.StrEnum):
    """One way to misbehave. "Handled" means that the command was started, the shell opened, and so on."""

    DROP_BEFORE = "drop-before"
    """The connection breaks; the request is not handled."""
    DROP_AFTER = "drop-after"
    """The request is handled; the connection breaks before the answer."""
    DROP_MID_ANSWER = "drop-mid-answer"
    """The request is handled; the connection breaks in the middle of the answer."""
    DELAY = "delay"
    """`seconds` pass, then all is well."""
    DELAY_ANSWER = "delay-answer"
    """The request is handled at once; the answer comes `seconds` later."""
    SILENCE = "silence"
    """Not handled and never answered; the connection stays open."""
    SILENCE_AFTER = "silence-after"
    """Handled and never answered; the connection stays open."""
    FAULT = "fault"
    """Not handled; answered with the fault of `code` (see `faults.BY_CODE`)."""
    ERROR_500 = "error-500"
    """Not handled; HTTP 500 without a fault."""
    ERROR_500_AFTER = "error-500-after"
    """Handled; HTTP 500 without a fault."""
    ERROR_503 = "error-503"
    """Not handled; HTTP 503, as of a proxy."""
    FORGET_SHELLS = "forget-shells"
    """All shells are gone, as when the service restarted; then the request is handled, and its shell is unknown."""
    EXHAUST_QUOTA = "exhaust-quota"
    """The user's operations are used up; then the request is handled."""
    PLAIN_ANSWER = "plain-answer"
    """Handled; the answer to an encrypted request comes unencrypted."""
    REFUSE_LOGIN = "refuse-login"
    """The login is refused (401), whatever the password."""
    DOWNGRADE_LOGIN = "downgrade-login"
    """The NTLM challenge offers neither signing nor sealing."""
    REBOOT = "reboot"
    """All connections break, all shells are gone, and for `seconds` nobody listens; the request is not handled."""
    REBOOT_AFTER = "reboot-after"
    """The request is handled, then as above, without an answer."""


# Where an act is about logging in, the operation that it is looked for in; a challenge comes before every NTLM login.
_OWN_OPERATION: Mapping[Act, str] = MappingProxyType({Act.REFUSE_LOGIN: "Login", Act.DOWNGRADE_LOGIN: "Challenge"})
_NOT_ANY = frozenset(_OWN_OPERATION.values())


class How(TypedDict, total=False):
    """The fields of a `Rule` beside its act."""

    operation: str
    line: str
    nth: int
    times: int
    seconds: float
    code: int


@dataclass(slots=True, kw_only=True)
class Rule:
    """Misbehave in requests that match: the ``nth`` from now (1 is the next), and ``times`` in all (0: for ever).

    ``operation`` is "Create", "Command", ... or "Login"; empty means any but a login. ``line`` is a part of the command
    line that the request starts or is about. ``hits`` counts how often it happened.
    """

    act: Act
    operation: str = ""
    line: str = ""
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    code: int = 0
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def takes(self, operation: str, line: str) -> bool:
        """Whether this request is one to misbehave in; counts it."""
        wanted = _OWN_OPERATION.get(self.act) or self.operation
        if (operation != wanted) if wanted else (operation in _NOT_ANY):
            return False
        if self.line not in line or (self.times and self.hits >= self.times):
            return False
        self.seen += 1
        if self.seen < self.nth:
            return False
        self.hits += 1
        return True


class Misbehaviour:
    """The rules that hold. Thread-safe; the oldest that matches a request decides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def match(self, operation: str, line: str = "") -> Rule | None:
        """The rule for this request, if any."""
        with self._lock:
            return next((rule for rule in self._rules if rule.takes(operation, line)), None)
