"""What each status means, in words for people; every report uses these and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.model.event import Status
from runner.model.plan import LeftOut
from runner.report.values import EntryReport, RemedyReport, SentCommand, Verification

MEANING: Mapping[Status, str] = MappingProxyType(
    {
        Status.HEALTHY: "the guest shows no fault now; nothing was changed",
        Status.FIXED: "changed; the guest shows no fault now",
        Status.APPLIED: "awaiting the next backup",
        Status.NOT_FIXED: "nothing more is approved or left to try; the guest still shows the fault",
        Status.NEEDS_PERSON: "a person has to act before this can go on",
        Status.FAILED: "a step failed",
        Status.UNREACHABLE: "no connection; nothing was sent",
        Status.INDETERMINATE: "a command was sent and its outcome is not known",
        Status.REFUSED: "something forbids it; nothing was changed",
        Status.STALE: "no longer as it was when the plan was approved; untouched",
        Status.CANCELLED: "not done, since the run was stopped",
    }
)

ADVICE: Mapping[Status, str] = MappingProxyType(
    {
        Status.NOT_FIXED: "Read what was tried below, then the playbook's source for what is left to a person.",
        Status.NEEDS_PERSON: "Do what the reason says, then plan again.",
        Status.FAILED: "Read the failed command's output below, mend its cause, then plan again.",
        Status.UNREACHABLE: "Check that the machine runs and can be logged in to (vmfix ping), then plan again.",
        Status.INDETERMINATE: "Look at the machine before anything else is run on it; then plan again.",
        Status.REFUSED: "Do what the reason says, then plan again.",
        Status.STALE: "Plan again and read the new plan.",
        Status.CANCELLED: "Plan again when the work may go on.",
        Status.FIXED: "Run the backup again: only it can tell that all is well.",
        Status.APPLIED: "See how the next backup ends; if it fails, plan again.",
    }
)

EMERGENCY = "EMERGENCY: windows and freezes were passed over"

URGENT_FIRST = (
    Status.INDETERMINATE,
    Status.FAILED,
    Status.NEEDS_PERSON,
    Status.NOT_FIXED,
    Status.UNREACHABLE,
    Status.REFUSED,
    Status.STALE,
    Status.CANCELLED,
    Status.FIXED,
    Status.APPLIED,
    Status.HEALTHY,
)


_COUNTED: Mapping[Status, tuple[str, str]] = MappingProxyType(
    {
        Status.INDETERMINATE: ("with unknown outcome", "with unknown outcome"),
        Status.FAILED: ("failed", "failed"),
        Status.NEEDS_PERSON: ("needs a person", "need a person"),
        Status.NOT_FIXED: ("not fixed", "not fixed"),
        Status.UNREACHABLE: ("unreachable", "unreachable"),
        Status.REFUSED: ("refused", "refused"),
        Status.STALE: ("no longer as planned", "no longer as planned"),
        Status.CANCELLED: ("cancelled", "cancelled"),
        Status.FIXED: ("fixed", "fixed"),
        Status.HEALTHY: ("healthy", "healthy"),
        Status.APPLIED: ("awaiting the next backup", "awaiting the next backup"),
    }
)
"""What follows the number of one and of several; in the order in which they are counted out."""


_SHOWN = {True: "the guest shows no fault now", False: "the guest still shows the fault", None: "the guest cannot tell"}


def status_word(status: Status) -> str:
    """The status as words."""
    return plain(status.value)


def plain(name: str) -> str:
    """A status, or how a remedy or an action ended, as the journal has it; as words."""
    return {"needs_person": "needs a person", "": "did not end"}.get(name) or name.replace("_", " ")


def advice(entry: EntryReport) -> str:
    """What to do next; empty if nothing is left to do."""
    return entry.advice or ADVICE.get(entry.status, "")


def outcome(command: SentCommand) -> str:
    """How a command that was announced ended, in one phrase."""
    if not command.answered:
        return "no result was recorded: it may have run"
    if command.lost or command.exit_code is None:
        dead = {True: "its process is dead", False: "its process was left running", None: ""}[command.process_dead]
        return ", ".join(part for part in ("outcome unknown", command.error, dead) if part)
    judged = f" ({command.judged.replace('_', ' ')})" if command.judged not in ("", "ok", "started") else ""
    return f"exit {command.exit_code}{judged}"


def observed_text(text: str) -> str:
    """What was seen; older runs recorded it with a word in front that a label says already."""
    return text.removeprefix("observed: ")


def proof(look: Verification) -> tuple[str, str]:
    """A label and what the look at the target showed."""
    return proof_label(look.healthy), observed_text(look.text) or _SHOWN[look.healthy]


def proof_label(healthy: object) -> str:
    """Only what the guest shows to be well is verified."""
    return "verified" if healthy is True else "not verified"


def titled(name: str, title: str) -> str:
    """The title in brackets, if it says more than the name, which may end in an item: ``enable[sda]``."""
    return f" ({title})" if title and name != title and not name.startswith(f"{title}[") else ""


def remedy_result(remedy: RemedyReport) -> str:
    """``healthy``, ``failed: a step failed``; what its actions and its proof say is not said again."""
    text = observed_text(remedy.text)
    if remedy.result == "skipped" and text:
        return text
    result = plain(remedy.result)
    looks = any(observed_text(look.text) == text for look in remedy.verifications)
    troubles = any(text.startswith(f"{action.id}: {action.text}") for action in remedy.actions)
    return f"{result}: {text}" if text and not looks and not troubles else result


def plural(count: int, noun: str) -> str:
    """``1 target``, ``2 targets``, ``3 remedies``."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else many}"


def left_out(found: Sequence[LeftOut]) -> str:
    """``win (windows; fs-freeze-failed is for linux), ...``; empty if every selected target is accounted for."""
    return ", ".join(f"{one.target} ({one.reason})" for one in found)


def counted(counts: Mapping[str, int], entries: Sequence[EntryReport]) -> str:
    """``1 needs a person, 2 fixed, 1 awaiting the next backup``; a target counts once for each of its playbooks."""
    known = ((counts.get(status.value, 0), words) for status, words in _COUNTED.items())
    said = ", ".join(f"{count} {words[count != 1]}" for count, words in known if count)
    return said if one_playbook(entries) else f"by target and playbook: {said}"


def in_order_line(entries: Sequence[EntryReport]) -> str:
    """The first thing to know: whether anything is left to do."""
    total = plural(len({entry.target for entry in entries}), "target")
    bad = len({entry.target for entry in entries if not entry.status.in_order})
    return f"{bad} of {total} not in order" if bad else f"{total}, all in order"


def one_playbook(entries: Sequence[EntryReport]) -> bool:
    """Whether an entry is as good as a target."""
    return len({entry.playbook for entry in entries}) <= 1
