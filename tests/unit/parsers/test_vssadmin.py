"""`vssadmin list writers` in four languages, and which service a writer belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ParseError
from runner.expressions import evaluate
from runner.parsers.vss_writer_table import DENIED, why_denied
from tests.unit.parsers.windows_output import parsed

CASES = Path(__file__).parents[2] / "cases" / "vssadmin"
BANNER = "vssadmin 1.1 - Volume Shadow Copy Service\n(C) Copyright 2001-2013 Microsoft Corp.\n\n"
SQL = "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a"
INSTANCE = "9075d8d5-a7d9-4d3d-8d82-7e8c2d0e71bc"


def block(
    name: str = "SqlServerWriter", writer_id: str = SQL, state: str = "[1] Stable", error: str = "No error"
) -> str:
    """One writer as it is printed in English."""
    return (
        f"Writer name: '{name}'\n   Writer Id: {{{writer_id}}}\n   Writer Instance Id: {{{INSTANCE}}}\n"
        f"   State: {state}\n   Last error: {error}\n\n"
    )


def writers(*blocks: str) -> list[dict[str, Any]]:
    """What is read from these writers."""
    found: list[dict[str, Any]] = parsed("vss_writers", BANNER + "".join(blocks))
    return found


@pytest.mark.parametrize("language", ["en", "de", "da", "fr"])
def test_every_language_gives_the_same(language: str) -> None:
    """Names, ids and numbers do not depend on words, kinds of quotes, or a no-break space before the colon."""
    text = (CASES / f"{language}.txt").read_text(encoding="utf-8")
    found = parsed("vss_writers", text)

    assert [(w["name"], w["writer_id"][:8], w["instance_id"][:8], w["state"], w["state_class"]) for w in found] == [
        ("Task Scheduler Writer", "d61d61c8", "1bddd48e", 1, "good"),
        ("SqlServerWriter", "a65faa63", "9075d8d5", 8, "fault"),
        ("NTDS", "b2014c9e", "26ed439f", 10, "fault"),
        ("System Writer", "e8132975", "eb6b4c30", 5, "in_progress"),
        ("Registry Writer", "afbab4a2", "0d0a1e80", 1, "good"),
    ]
    assert [w["service"] for w in found] == [None, "SQLWriter", None, "CryptSvc", "VSS"]


def test_words_of_the_target_are_kept() -> None:
    """For people; nothing is decided by them."""
    german = parsed("vss_writers", (CASES / "de.txt").read_text(encoding="utf-8"))

    assert (german[1]["state_text"], german[1]["last_error"]) == ("Fehlgeschlagen", "Wiederholbarer Fehler")


def test_ten_is_not_one() -> None:
    """A parser that takes one character reads [10] Failed as 1, stable."""
    (writer,) = writers(block(state="[10] Failed", error="Retryable error"))

    assert (writer["state"], writer["state_class"]) == (10, "fault")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, "fault"), (1, "good"), *((n, "in_progress") for n in range(2, 6)), *((n, "fault") for n in range(6, 16))],
)
def test_each_state(number: int, kind: str) -> None:
    """VSS_WRITER_STATE, whatever word stands behind it."""
    (writer,) = writers(block(state=f"[{number}] Stable"))

    assert (writer["state"], writer["state_class"]) == (number, kind)


def test_a_stable_writer_with_a_last_error_is_good() -> None:
    """The last backup failed and the writer has recovered; the error is kept for people."""
    (writer,) = writers(block(error="Timed out"))

    assert (writer["state_class"], writer["last_error"]) == ("good", "Timed out")


UNREADABLE = {
    "nothing": "",
    "only the banner": BANNER,
    "a state that does not exist": BANNER + block(state="[16] Failed"),
    "a state without a number": BANNER + block(state="Stable"),
    "no instance": BANNER + block().replace(f"   Writer Instance Id: {{{INSTANCE}}}\n", ""),
    "cut within a writer": BANNER + block() + "Writer name: 'NTDS'\n   Writer Id: {b2014c9e",
    "a writer whose name is not understood": BANNER + block() + block().replace("'", ""),
    "lines before the first writer": BANNER + "   State: [1] Stable\n" + block(),
    "no GUID": BANNER + block(writer_id="SqlServerWriter"),
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_understood_is_an_error(text: str) -> None:
    """Never "all stable", also where exit 0 came with it."""
    with pytest.raises(ParseError):
        parsed("vss_writers", text)


def test_failure_of_vssadmin_is_an_error() -> None:
    """Exit 2: not elevated, or VSS itself is broken. What it said is shown."""
    said = BANNER + "Error: A Volume Shadow Copy Service component encountered an unexpected error.\n"
    with pytest.raises(ParseError, match="the program said `Error: A Volume Shadow"):
        parsed("vss_writers", said, 2)
    with pytest.raises(ParseError, match="exit 2"):
        parsed("vss_writers", BANNER + block(), 2)


def test_remarks_between_writers_do_no_harm() -> None:
    """Vssadmin says so while a shadow copy is being made."""
    waiting = "Waiting for responses.\nThese may be delayed if a shadow copy is being prepared.\n\n"

    assert len(parsed("vss_writers", BANNER + waiting + block() + waiting + block("NTDS"))) == 2


SERVICES = [
    ("System Writer", "e8132975-6f93-4464-a53e-1050253ae220", "CryptSvc"),
    ("Registry Writer", "afbab4a2-367d-4d15-a586-71dbb18f8485", "VSS"),
    ("COM+ REGDB Writer", "542da469-d3e1-473c-9f4f-7847f01fc64f", "VSS"),
    ("ASR Writer", "be000cbe-11fe-4426-9c58-531aa6355fc4", "VSS"),
    ("Shadow Copy Optimization Writer", "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f", "VSS"),
    ("VSS Express Writer Metadata Store Writer", "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06", "VSS"),
    ("Performance Counters Writer", "0bada1de-01a9-4625-8278-69e735f39dd2", "VSS"),
    ("WMI Writer", "a6ad56c2-b509-4e6c-bb19-49d8f43532f0", "Winmgmt"),
    ("anything at all", SQL, "SQLWriter"),
    ("MSMQ Writer (MSMQ)", "7e47b561-971a-46e6-96b9-696eeaa53b2a", "MSMQ"),
    ("MSMQ Writer (MSMQ$one)", "7e47b561-971a-46e6-96b9-696eeaa53b2a", "MSMQ$one"),
    ("Microsoft Exchange Writer", "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "MSExchangeRepl"),
    ("OSearch15 VSS Writer", "00000000-0000-0000-0000-000000000001", "OSearch15"),
    ("DFS Replication service writer", "00000000-0000-0000-0000-000000000002", "DFSR"),
]


@pytest.mark.parametrize(("name", "writer_id", "service"), SERVICES)
def test_the_service_of_a_writer(name: str, writer_id: str, service: str) -> None:
    """By its id; by its name only where no id is known."""
    (writer,) = writers(block(name, writer_id, "[9] Failed"))

    assert (writer["service"], writer["known_service"], writer["why_no_service"]) == (service, service, "")
    assert writer["mark"] in ("V", "M")


NO_SERVICE = [
    ("NTDS", "b2014c9e-8711-4c5c-a5a9-3cf384484757", "NTDS", "NTDS is never restarted automatically"),
    ("Cluster Shared Volume VSS Writer", "1072ae1c-e5a7-4ea1-9e4a-6f7964656570", "ClusSvc", "ClusSvc is never"),
    ("Cluster Database", "00000000-0000-0000-0000-000000000000", "ClusSvc", "ClusSvc is never"),
    ("Microsoft Hyper-V VSS Writer", "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de", "vmms", "vmms is never"),
    ("TS Gateway Writer", "368753ec-572e-4fc7-b4b9-ccd9bdc624cb", "TSGateway", "TSGateway is never"),
    ("NPS VSS Writer", "35e81631-13e1-48db-97fc-d5bc721bb18a", "IAS", "IAS is never"),
    ("ADFS VSS Writer", "772c45f8-0000-0000-0000-000000000000", "adfssrv", "adfssrv is never"),
    ("ADAM (instance1) Writer", "dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd", "ADAM_instance1", "ADAM_instance1 is never"),
    ("ADAM Writer", "dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd", None, "does not tell which service"),
    ("MSMQ Writer (Spooler)", "7e47b561-971a-46e6-96b9-696eeaa53b2a", None, "does not tell which service"),
    ("Task Scheduler Writer", "d61d61c8-d73a-4eee-8cdd-f6f9786b7124", "Schedule", "does not let itself be stopped"),
    ("SMS Writer", "00000000-0000-0000-0000-000000000000", "SMS_SITE_VSS_WRITER", "name different services"),
    ("AD RMS Writer", "886c43b1-0000-0000-0000-000000000000", None, "not known for sure"),
    ("Acronis VSS Writer", "12345678-0000-0000-0000-000000000000", None, "no list names a service"),
    ("SqlServerWriter ", "12345678-0000-0000-0000-000000000000", None, "no list names a service"),
]


@pytest.mark.parametrize(("name", "writer_id", "known", "why"), NO_SERVICE)
def test_a_writer_that_nobody_restarts(name: str, writer_id: str, known: str | None, why: str) -> None:
    """Deny-listed, contradictory or unknown: no service, and a sentence that names the writer."""
    (writer,) = writers(block(name, writer_id, "[7] Failed"))

    assert (writer["service"], writer["known_service"]) == (None, known)
    assert writer["why_no_service"].startswith(f"{name.strip()} ({writer_id}): ")
    assert why in writer["why_no_service"]
    assert writer["advice"]


def test_exchange_up_to_2010_is_known_by_its_second_writer() -> None:
    """There the writer belongs to the Information Store, which is never restarted."""
    exchange = block("Microsoft Exchange Writer", "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "[9] Failed")
    replica = block("Microsoft Exchange Replica Writer", "99999999-0000-0000-0000-000000000000")
    old = writers(exchange, replica)

    assert (old[0]["service"], old[0]["known_service"]) == (None, "MSExchangeIS")
    assert old[1]["service"] == "MSExchangeRepl"


def test_a_playbook_restarts_each_service_once_and_vss_last() -> None:
    """Four writers share VSS; the others' writers register with it. What must not be restarted is left out."""
    found = writers(
        block("Registry Writer", "afbab4a2-367d-4d15-a586-71dbb18f8485", "[9] Failed"),
        block("NTDS", "b2014c9e-8711-4c5c-a5a9-3cf384484757", "[9] Failed"),
        block("ASR Writer", "be000cbe-11fe-4426-9c58-531aa6355fc4", "[7] Failed"),
        block("SqlServerWriter", SQL, "[8] Failed"),
        block("WMI Writer", "a6ad56c2-b509-4e6c-bb19-49d8f43532f0", "[1] Stable"),
        block("BITS Writer", "4969d978-be47-48b0-b100-f328f07ac1e0", "[0] Unknown"),
    )
    text = (
        'writers | selectattr("state_class", "eq", "fault") | selectattr("service") '
        '| map(attribute="service") | unique | vss_last'
    )

    assert evaluate(text, {"writers": found}) == ["SQLWriter", "BITS", "VSS"]


@pytest.mark.parametrize("service", [*DENIED, *(name.upper() for name in DENIED), "ADAM_x", "adam_instance1"])
def test_the_deny_list_knows_no_case(service: str) -> None:
    """Windows does not either."""
    assert why_denied(service)


def test_the_deny_list_is_not_greedy() -> None:
    """Names that only look alike."""
    assert [why_denied(name) for name in ("SQLWriter", "ntdsx", "adamx", "")] == [""] * 4


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=["L", "N"], include_characters=" ()'\"$"), min_size=1), st.integers(0, 15)
        ),
        min_size=1,
    )
)
def test_every_writer_is_found(given_writers: list[tuple[str, int]]) -> None:
    """None is lost or invented, whatever its name."""
    texts = [(name.strip() or "x", state) for name, state in given_writers]
    found = writers(*(block(name, state=f"[{state}] x") for name, state in texts))

    assert [(w["name"], w["state"]) for w in found] == texts
