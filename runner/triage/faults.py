"""The errors that an entry names, as Azure wrote them, without what may be a secret in their texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runner.model.text import beginning
from runner.triage.values import Fault

_LONGEST = 1000  # characters of a text; the longest alias is far below
# Signed addresses stand in error texts: what follows the "?" of one opens a disk.
_SECRET = re.compile(
    r"(?i)(https?://[^\s?]*)\?\S+|\b(sig|signature|accountkey|sharedaccesssignature|password)=[^\s&;]+"
    r"|\b(bearer )[\w.~+/-]{16,}=*"
)
_NO_NUMBER = ("0", "-")
_GREEN = ("iaasvmhealthgreendefault", "400239")
_YELLOW = ("iaasvmhealthyellowdefault", "400240")


def faults_of_job(data: Mapping[str, object]) -> tuple[Fault, ...]:
    """``errorDetails`` in its order, each error once."""
    return _told(_faults(data.get("errordetails"), title="errortitle", number="errorcode", text="errorstring"))


def faults_of_item(data: Mapping[str, object]) -> tuple[Fault, ...]:
    """What the last job failed with (the KPI), then what the check before the next one found."""
    kpi = _kpi(data)
    found = [*_health(kpi.get("resourceHealthDetails")), *_health(data.get("healthdetails"))]
    return _told(iter(found or [*faults_of_job(data)]))


def persistence(data: Mapping[str, object]) -> str:
    """``TransientDegraded``, ``PersistentUnhealthy`` or alike; empty where an item does not say."""
    status = _kpi(data).get("resourceHealthStatus")
    return status if isinstance(status, str) and status.startswith(("Transient", "Persistent")) else ""


def _kpi(data: Mapping[str, object]) -> Mapping[str, object]:
    kpis = data.get("kpishealths")
    kpi = kpis.get("BackupOperationStatusKPI") if isinstance(kpis, dict) else None
    return kpi if isinstance(kpi, dict) else {}


def _health(details: object) -> Iterator[Fault]:
    return _faults(details, title="title", number="code", text="message")


def _faults(details: object, *, title: str, number: str, text: str) -> Iterator[Fault]:
    for entry in details if isinstance(details, list) else [details]:
        if not isinstance(entry, dict):
            continue
        told = {str(key).lower(): value for key, value in entry.items()}
        fault = _sorted_out(_word(told.get(title)), _word(told.get(number)), _word(told.get(text)))
        if fault != Fault():
            yield fault


def _sorted_out(title: str, number: str, text: str) -> Fault:
    """The portal's column of codes holds names as well, and `0` or `-` where there is none."""
    if number in _NO_NUMBER:
        number = ""
    if number and not number.isdecimal():
        title, number = title or number, ""
    if title.isdecimal() and number in ("", title):
        title, number = "", title
    return Fault(title, number, beginning(_SECRET.sub(_masked, text), _LONGEST))


def _masked(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}?…"
    return f"{match[2]}=…" if match[2] else f"{match[3]}…"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split()) if isinstance(value, (str, int)) else ""


def _told(found: Iterator[Fault]) -> tuple[Fault, ...]:
    """Each once, without health codes that are no errors: green says "well", and yellow "see the others"."""
    faults = [fault for fault in dict.fromkeys(found) if not _is(fault, _GREEN)]
    others = [fault for fault in faults if not _is(fault, _YELLOW)]
    return tuple(others or faults)


def _is(fault: Fault, health: tuple[str, str]) -> bool:
    return fault.title.lower() == health[0] or (not fault.title and fault.number == health[1])
