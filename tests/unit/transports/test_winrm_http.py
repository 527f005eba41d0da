"""What becomes of answers that are none of WinRM's, and of a login that the service forgot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import requests

from runner.errors import AuthenticationFailed, NothingSent, Unreachable
from runner.model.inventory import Platform, Target, TransportKind
from runner.transports.winrm_http import Line, Login
from runner.transports.winrm_refusals import LoginForgotten, NoAnswer

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

    def _post(self, message: bytes, wait: float, *, safe: bool) -> requests.Response:
        self.posts.append(self._session is not None)
        response = requests.Response()
        response.status_code = self._statuses.pop(0)
        response.headers["WWW-Authenticate"] = "Negotiate"
        response._content = message  # noqa: SLF001  as if it had come over the line
        return response


def test_a_forgotten_login_is_made_again() -> None:
    """The message was refused unread, so it may be sent once more, over a new session."""
    line = Scripted([401, 200], used=True)

    assert line.post(b"x", wait=1, safe=True) == (200, b"x")
    assert line.posts == [True, False]


def test_a_forgotten_login_does_not_repeat_what_may_have_consequences() -> None:
    """It may not have been the service that refused it: output would be lost, or input be sent twice."""
    line = Scripted([401], used=True)
    with pytest.raises(LoginForgotten, match="HTTP status 401"):
        line.post(b"x", wait=1)

    assert line.posts == [True]


@pytest.mark.parametrize(("statuses", "used"), [([401], False), ([401, 401], True)])
def test_a_refused_login(statuses: list[int], used: bool) -> None:
    """A new login that is refused is wrong, and not tried again: accounts get locked."""
    line = Scripted(statuses, used=used)
    with pytest.raises(AuthenticationFailed):
        line.post(b"x", wait=1, safe=True)

    assert len(line.posts) == len(statuses)


def test_a_refused_login_over_a_new_connection() -> None:
    """Whatever the message was: it went with the login, and was refused with it."""
    with pytest.raises(AuthenticationFailed):
        Scripted([401], used=False).post(b"x", wait=1)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 405])
def test_refusals_of_something_else(status: int) -> None:
    """It was not WinRM that answered: nothing was started by a message that starts nothing."""
    with pytest.raises(Unreachable, match=f"HTTP status {status}"):
        Scripted([status], used=True).post(b"x", wait=1, safe=True)


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("status", [204, 302, 400, 403, 404, 405, 407])
def test_refusals_of_something_else_under_a_command(status: int, *, used: bool) -> None:
    """It may have handed the message on before, or after."""
    with pytest.raises(NoAnswer, match=f"HTTP status {status}"):
        Scripted([status], used=used).post(b"x", wait=1)


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
