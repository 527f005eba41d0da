"""What becomes of answers that are none of WinRM's, and of a login that the service forgot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import requests

from runner.errors import AuthenticationFailed, NothingSent, Unreachable
from runner.model.inventory import Platform, Target, TransportKind
from runner.transports.winrm_http import Line, Login
from runner.transports.winrm_refusals import NoAnswer

TARGET = Target(name="win-1", address="fe80::1", transport=TransportKind.WINRM, platform=Platform.WINDOWS, user="u")
LOGIN = Login(TARGET, "win-1", lambda: "secret", None)


class Scripted(Line):
    """Gets these statuses as answers; notes for each message whether a session was open."""

    def __init__(self, statuses: Sequence[int], *, used: bool) -> None:
        super().__init__(LOGIN)
        self.posts: list[bool] = []
        self._statuses = list(statuses)
        self._session = requests.Session() if used else None

    def _usable(self) -> bool:
        return True

    def _post(self, message: bytes, wait: float) -> requests.Response:
        self.posts.append(self._session is not None)
        response = requests.Response()
        response.status_code = self._statuses.pop(0)
        response.headers["WWW-Authenticate"] = "Negotiate"
        response._content = message  # noqa: SLF001  as if it had come over the line
        return response


def test_a_forgotten_login_is_made_again() -> None:
    """The message was refused unread, so it may be sent once more, over a new session."""
    line = Scripted([401, 200], used=True)

    assert line.post(b"x", wait=1) == (200, b"x")
    assert line.posts == [True, False]


@pytest.mark.parametrize(("statuses", "used"), [([401], False), ([401, 401], True)])
def test_a_refused_login(statuses: list[int], used: bool) -> None:
    """A new login that is refused is wrong, and not tried again: accounts get locked."""
    line = Scripted(statuses, used=used)
    with pytest.raises(AuthenticationFailed):
        line.post(b"x", wait=1)

    assert len(line.posts) == len(statuses)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 405])
def test_refusals_of_something_else(status: int) -> None:
    """It was not WinRM that answered: nothing was started."""
    with pytest.raises(Unreachable, match=f"HTTP status {status}"):
        Scripted([status], used=True).post(b"x", wait=1)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_who_stands_between_may_have_handed_it_on(status: int) -> None:
    """So nobody may say that nothing was sent."""
    with pytest.raises(NoAnswer, match=f"HTTP status {status}"):
        Scripted([status], used=True).post(b"x", wait=1)


def test_faults_are_answers() -> None:
    """What is in them decides."""
    assert Scripted([500], used=True).post(b"x", wait=1) == (500, b"x")


def test_an_aborted_line_sends_nothing() -> None:
    """Until it is wanted again."""
    line = Scripted([200], used=True)
    line.abort()
    with pytest.raises(NothingSent, match="closed here"):
        line.post(b"x", wait=1)
    line.revive()

    assert line.post(b"x", wait=1) == (200, b"x")
    assert line.posts == [True]


def test_endpoint() -> None:
    """IPv6 addresses stand in brackets, and the port follows the scheme."""
    assert LOGIN.endpoint == "https://[fe80::1]:5986/wsman"


def test_the_password_does_not_show() -> None:
    """Whoever prints a login sees a function."""
    assert "secret" not in repr(LOGIN)
