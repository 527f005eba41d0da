"""The simulated registry and the simulated service manager, by our own parsers."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model.case import GivenService
from runner.model.command import Command, CommandResult
from runner.parsers import PARSERS
from runner.trial.registry import Registry
from runner.trial.services import Services

KEY = "HKLM\\SOFTWARE\\Vendor\\Agent"


def answer(part: Registry | Services, *argv: str) -> CommandResult:
    """What the part says to a command of its own."""
    found = part(Command(argv=argv))
    assert found is not None
    return found


def query(registry: Registry, *words: str) -> Any:  # noqa: ANN401 - what the parser gives
    """What reg query tells."""
    return PARSERS["reg_query"].parse(answer(registry, "reg", "query", *words, "/reg:64"))


@pytest.fixture
def registry() -> Registry:
    """A key with two values, and two keys below it."""
    made = Registry()
    made.become({KEY: {"Mode": ("REG_SZ", "a b"), "Count": ("REG_DWORD", "0x10")}, f"{KEY}\\Sub\\Deep": {}})
    return made


class TestRegistry:
    @pytest.mark.parametrize(
        ("kind", "data", "parsed"),
        [
            ("REG_SZ", "firstHostThenGuest", "firstHostThenGuest"),
            ("REG_SZ", "", ""),
            ("REG_EXPAND_SZ", "%PATH% & co", "%PATH% & co"),
            ("REG_DWORD", "1", 1),
            ("REG_QWORD", "0xff", 255),
            ("REG_BINARY", "00ff", "00ff"),
        ],
    )
    def test_what_is_added_is_read(self, registry: Registry, kind: str, data: str, parsed: object) -> None:
        """With its type, and again as added."""
        done = answer(registry, "reg", "add", KEY, "/v", "New", "/t", kind, "/d", data, "/f", "/reg:64")
        assert done.exit_code == 0
        assert query(registry, KEY, "/v", "New")["entries"] == {"New": {"type": kind, "data": parsed}}
        assert answer(registry, "reg", "delete", KEY, "/v", "new", "/f", "/reg:64").exit_code == 0
        assert not query(registry, KEY, "/v", "New")["exists"]
        assert answer(registry, "reg", "delete", KEY, "/v", "New", "/f", "/reg:64").exit_code == 1

    def test_a_key(self, registry: Registry) -> None:
        """Its values, and the keys one level down; case does not count."""
        found = query(registry, KEY.lower())
        assert found["entries"] == {
            "Mode": {"type": "REG_SZ", "data": "a b"},
            "Count": {"type": "REG_DWORD", "data": 16},
        }
        assert [key.lower() for key in found["subkeys"]] == ["hkey_local_machine\\software\\vendor\\agent\\sub"]
        assert query(registry, "HKLM\\SOFTWARE")["subkeys"] == [
            "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft",
            "HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor",
        ]
        assert not query(registry, "HKLM\\SOFTWARE\\Other")["exists"]
        assert not query(registry, "HKLM\\SOFTWARE\\Vend")["exists"]

    def test_taken_away(self, registry: Registry) -> None:
        """A value, or a key with all below it."""
        registry.become({KEY: {"mode": None}})
        assert registry.value(KEY, "Mode") is None
        registry.become({KEY: None})
        assert not registry.has(f"{KEY}\\Sub\\Deep")
        assert not registry.has(KEY)

    def test_nothing_was_given(self) -> None:
        """Then nothing is answered; and never what is no command of reg."""
        assert Registry()(Command(argv=("reg", "query", KEY, "/reg:64"))) is None
        assert Registry({})(Command(argv=("reg", "export", KEY, "x.reg"))) is None


@pytest.fixture
def services() -> Services:
    """A runs, B needs it, C is disabled."""
    made = Services()
    made.become(
        {
            "A": GivenService(state="running", start="demand", account="CONTOSO\\svc"),
            "B": GivenService(state="running", needs=("A",)),
            "C": GivenService(exit_code=1077, start="disabled"),
        }
    )
    return made


def status(services: Services, name: str) -> Any:  # noqa: ANN401 - what the parser gives
    """What sc queryex tells."""
    return PARSERS["sc_query"].parse(answer(services, "sc", "queryex", name))


class TestServices:
    def test_told(self, services: Services) -> None:
        """By the parsers of sc."""
        assert status(services, "a")["state_word"] == "running"
        assert status(services, "A")["accepts_stop"] is True
        assert (status(services, "C")["win32_exit_code"], status(services, "C")["pid"]) == (1077, 0)
        assert not status(services, "D")["exists"]
        config: Any = PARSERS["sc_qc"].parse(answer(services, "sc", "qc", "A", "8192"))
        assert (config["start_type"], config["account"]) == ("demand", "CONTOSO\\svc")
        needing: Any = PARSERS["sc_enumdepend"].parse(answer(services, "sc", "enumdepend", "A", "65536"))
        assert [service["name"] for service in needing["services"]] == ["B"]

    @pytest.mark.parametrize(
        ("words", "number"),
        [
            (("net", "start", "A"), 2182),
            (("net", "stop", "C"), 3521),
            (("net", "stop", "A"), None),  # B depends on it
            (("net", "start", "C"), 1058),
            (("net", "stop", "D"), 2185),
        ],
    )
    def test_refused(self, services: Services, words: tuple[str, ...], number: int | None) -> None:
        """With exit code 2, and the number that tells why, where net prints one."""
        said: Any = PARSERS["net"].parse(answer(services, *words))
        assert (said["exit_code"], said["number"]) == (2, number)

    def test_obeyed(self, services: Services) -> None:
        """A restart shows in another process."""
        before = status(services, "A")["pid"]
        assert answer(services, "net", "stop", "B").exit_code == 0
        assert answer(services, "net", "stop", "A").exit_code == 0
        assert answer(services, "net", "start", "B").exit_code == 0  # starts what it needs
        assert status(services, "A")["state"] == 4
        assert status(services, "A")["pid"] != before
        assert answer(services, "sc", "config", "C", "start=", "demand").exit_code == 0
        assert answer(services, "net", "start", "C").exit_code == 0
