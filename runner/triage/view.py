"""What came out of triage, for programs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from runner.model.times import stamp
from runner.triage.calls import Call, Shown
from runner.triage.values import Elsewhere, Fault, Finding, Triage, Vm

TRIAGE_FORMAT = 1


def as_data(found: Triage, shown: Shown, remarks: Sequence[object] = ()) -> dict[str, object]:
    """Everything that the text says, as values of JSON."""
    return {
        "vmfix_triage": TRIAGE_FORMAT,
        "complete": found.complete,
        "counts": {
            "entries": found.entries,
            "vms": found.vms,
            "failed": found.failed,
            "act": len(found.act),
            "person": len(found.person),
            "retry": len(found.retry),
            "unmatched": len(found.unmatched),
            "unclear": len(found.unclear),
            "ignored": sum(found.ignored.values()),
        },
        "act": [_finding(one) for one in found.act],
        "person": [_finding(one) for one in found.person],
        "retry": [_finding(one) for one in found.retry],
        "unmatched": [_finding(one) for one in found.unmatched],
        "unclear": [{"vm": one.vm, "job": one.id, "entry": one.place, "why": one.reason} for one in found.unclear],
        "ignored": [{"reason": reason, "count": count} for reason, count in found.ignored.items()],
        "elsewhere": [_elsewhere(one) for one in found.elsewhere],
        "plans": [_plan(*one) for one in zip(shown.plans, shown.words(), strict=True)],
        "not_to_be_named": list(shown.hidden),
        "backup_is_running": list(shown.busy),
        "needs": [
            {"playbook": need.playbook.id, "parameter": need.parameter.name, "targets": list(need.targets)}
            for need in shown.needs
        ],
        "warnings": list(remarks),
    }


def _finding(one: Finding) -> dict[str, object]:
    backup = one.failure.backup
    return {
        "vm": _vm(backup.vm),
        "target": one.match.target.name if one.match.target else None,
        "matched_by": one.match.how if one.match.target else "",
        "playbook": one.playbook.id if one.playbook else None,
        "known_by": one.by if one.playbook else "",
        "error": _error(one.fault),
        "source": "item" if backup.item else "job",
        "job": backup.id,
        "started": stamp(backup.started) if backup.started else None,
        "ended": stamp(backup.ended) if backup.ended else None,
        "time_zone_known": backup.zoned,
        "another_is_running": one.failure.running,
        "persistence": backup.persistence,
        "why": list(one.why),
        "perhaps": list(one.perhaps),
    }


def _elsewhere(one: Elsewhere) -> dict[str, object]:
    return {
        "operation": one.operation,
        "error": _error(one.fault),
        "playbooks": [book.id for book in one.playbooks],
        "count": one.count,
        "perhaps": list(one.perhaps),
    }


def _error(fault: Fault) -> dict[str, str]:
    return {"title": fault.title, "number": fault.number, "text": fault.text}


def _vm(vm: Vm) -> dict[str, object]:
    return {
        "name": vm.name,
        "resource_group": vm.group,
        "subscription": vm.subscription,
        "subscription_assumed": vm.assumed,
    }


def _plan(call: Call, words: Sequence[str]) -> dict[str, object]:
    return {
        "playbooks": list(call.playbooks),
        "targets": list(call.targets),
        "backup_failed_at": call.since,
        "argv": list(words),
        "command": shlex.join(words),
    }
