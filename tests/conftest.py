"""What every test may rely on: nothing of the machine or of its user leaks in, and real parts are asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import settings

# Settings, state, agents and proxies of the person who runs the tests.
AMBIENT = ("ANSIBLE_", "FORCE_COLOR", "KRB5", "NO_COLOR", "NTLM_USER_FILE", "SSH_", "VMFIX_", "XDG_")
AMBIENT_REQUESTS = ("ALL_PROXY", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")
# How the tests themselves are told what to use.
KEPT = ("VMFIX_REQUIRE_REAL", "VMFIX_TEST_")

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


# A background job of a shell ignores the one, nohup the other; programs that the tests start would inherit that.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


def _is_ambient(name: str) -> bool:
    return name.upper() in AMBIENT_REQUESTS or (name.startswith(AMBIENT) and not name.startswith(KEPT))


@pytest.fixture(scope="session", autouse=True)
def _nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Gives the tests an empty home of their own, with no settings, state or SSH agent."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_is_ambient, list(os.environ)):
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("XDG_STATE_HOME", str(home / ".local" / "state"))
        yield


@pytest.fixture(scope="session")
def require_real() -> Callable[[Sequence[str]], None]:
    """Skips the test if real parts are missing (a sentence for each), or fails it if VMFIX_REQUIRE_REAL=1."""

    def require(missing: Sequence[str]) -> None:
        if not missing:
            return
        if os.environ.get("VMFIX_REQUIRE_REAL") == "1":
            pytest.fail("Real parts are missing: " + " ".join(missing), pytrace=False)
        pytest.skip("Real parts are missing: " + " ".join(missing))

    return require
