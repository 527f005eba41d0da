"""A plan and a run in which everything occurs that a report must show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.model.command import AtDeadline, Command, Dialect, Effect
from runner.model.event import Event, EventKind
from runner.model.plan import Action, Entry, LeftOut, Outcome, Plan, PlaybookRef, RemedyPlan, Standing, TargetRef
from runner.model.playbook import Doubt, OnFailure, Risk

RUN = "20260101-120000-abcd"
PLAYBOOK = "fs-freeze-failed"
DIGEST = "0123456789ab" + "c" * 52
HEAD = "fedcba987654" + "3" * 52
HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\nok\x00 <script>|`x`|</script> ]]> \u202egpj.exe ``` \ud800 \ufffe \x9b31m"


def command(*argv: str, **fields: Any) -> Command:  # noqa: ANN401 - any field of Command
    """A changing command."""
    return Command(argv=argv, effect=Effect.CHANGE, **fields)


def action(id_: str = "unmount", **fields: Any) -> Action:  # noqa: ANN401 - any field of Action
    """An action that unmounts, unless fields say otherwise."""
    values: dict[str, Any] = {
        "id": id_,
        "step": id_,
        "type": "mount",
        "title": "Unmount it",
        "args": {},
        "item": None,
        "always": False,
        "doubt": Doubt.PROBE,
        "condition": "",
        "outcome": Outcome.WOULD_CHANGE,
        "commands": (command("umount", "/data"),),
    }
    return Action(**{**values, **fields})


def remedy(id_: str = "repair", **fields: Any) -> RemedyPlan:  # noqa: ANN401 - any field of RemedyPlan
    """A repairing rung with one action."""
    values: dict[str, Any] = {
        "id": id_,
        "title": "Check and repair the file system",
        "risk": frozenset({Risk.DATA, Risk.SERVICE_RESTART}),
        "approval": "Programs that use the file system must be stopped first.",
        "takes": 1800.0,
        "condition": "",
        "on_failure": OnFailure.STOP,
        "proves_next_backup": False,
        "manual": "",
        "actions": (action(),),
        "applies": True,
    }
    return RemedyPlan(**{**values, **fields})


def entry(target: str, standing: Standing = Standing.PLANNED, **fields: Any) -> Entry:  # noqa: ANN401 - as above
    """An entry; a planned one has one remedy."""
    values: dict[str, Any] = {"remedies": (remedy(),) if standing is Standing.PLANNED else ()}
    return Entry(target=target, playbook=PLAYBOOK, standing=standing, **{**values, **fields})


def target(name: str, number: int = 4, **fields: Any) -> TargetRef:  # noqa: ANN401 - any field of TargetRef
    """A target over SSH."""
    values: dict[str, Any] = {
        "name": name,
        "address": f"10.0.0.{number}",
        "port": 22,
        "user": "azureuser",
        "transport": "ssh",
        "platform": "linux",
        "azure_id": None,
        "opt_outs": (),
    }
    return TargetRef(**{**values, **fields})


def plan(*entries: Entry, targets: Sequence[TargetRef] = (), **fields: Any) -> Plan:  # noqa: ANN401 - as above
    """A plan of one playbook."""
    names = dict.fromkeys(e.target for e in entries)
    values: dict[str, Any] = {
        "format": 1,
        "tool_version": "0.1.0",
        "offline": False,
        "creator": "kim",
        "note": "CHG-1: nightly backups fail",
        "expires_at": "2026-01-02T12:00:00+00:00",
        "playbooks": (
            PlaybookRef(
                id=PLAYBOOK,
                title="The file systems could not be frozen",
                digest="d" * 64,
                source="https://learn.microsoft.com/azure/backup/",
                params={"settle": 120, "mounts": ["/data"]},
            ),
        ),
        "targets": tuple(targets) or tuple(target(name, number) for number, name in enumerate(names, start=4)),
        "entries": entries,
        "created_at": "2026-01-01T12:00:00+00:00",
        "left_out": (LeftOut(target="win-1", reason="windows; fs-freeze-failed is for linux"),),
    }
    return Plan(**{**values, **fields})


def full_plan() -> Plan:
    """Every standing, every outcome, groups, scripts, input, diffs, loops, manual steps."""
    ladder = (remedy(actions=_repair_actions()), _skip_mount(), _not_now(), _by_hand())
    remarks = ("Guilty: /data (/dev/sdc1, ext4).",)
    guilty = {"guilty | list": ["/data"]}
    some = entry("vm-1", remedies=ladder, decisions=guilty, reason="/data has errors", remarks=remarks)
    return plan(
        *(some, *(_twin(some, f"vm-{number}") for number in range(2, 14))),
        entry("db-1", remedies=(remedy(actions=_odd_actions()),)),
        entry("db-2", Standing.HEALTHY),
        entry("db-3", Standing.AWAITING, reason="skip-mount was applied on 2025-12-31"),
        entry("db-4", Standing.REFUSED, reason="A backup is running on this VM", advice="Wait until it has ended."),
        entry("db-5", Standing.UNREACHABLE, reason="connection refused"),
        entry("db-6", Standing.FAILED, reason="findmnt: exit 127"),
        targets=(
            *(target(f"vm-{number}", number, opt_outs=("host_key",) * (number == 13)) for number in range(1, 14)),
            *(target(f"db-{number}", 100 + number) for number in range(1, 7)),
        ),
    )


def _twin(model: Entry, name: str) -> Entry:
    return replace(model, target=name)


def _repair_actions() -> tuple[Action, ...]:
    fsck = command("fsck.ext4", "-p", "/dev/sdc1", at_most=1800.0, at_deadline=AtDeadline.LEAVE)
    return (
        action(evidence="/data is /dev/sdc1, ext4; nothing keeps it busy", undo=(command("mount", "/data"),)),
        action("check", type="filesystem_check", title="Repair it", outcome=Outcome.CANNOT_KNOW, commands=(fsck,),
               evidence="only known when it is unmounted"),
        action("mount", title="Mount it as it was", always=True, condition="steps.check.exit < 4", can_undo=True,
               commands=(command("mount", "/data"),)),
    )  # fmt: skip


def _skip_mount() -> RemedyPlan:
    path, new = "/etc/azure/vmbackup.conf", "[SnapshotThread]\nMountsToSkip = /data\n"
    write = command(path, "0644", dialect=Dialect.SH, script='set -e\ncat >"$1.new"\nmv "$1.new" "$1"\n', stdin=new)
    diff = f"--- {path}\n+++ {path}\n@@ -1 +1,2 @@\n [SnapshotThread]\n+MountsToSkip = /data\n"
    done = action("skip", type="ini_value", title="Leave the mount out", commands=(write,), diff=diff)
    return remedy(
        "skip-mount", title="Leave the mount out of the backup", risk=frozenset({Risk.CONFIG}), takes=60.0,
        approval="", condition="busy | list", applies=None, proves_next_backup=True, actions=(done,),
    )  # fmt: skip


def _not_now() -> RemedyPlan:
    return remedy(
        "twice", title="It is mounted twice", manual="{{ path }}", condition="doubled", applies=False, actions=()
    )


def _by_hand() -> RemedyPlan:
    text = "Open a support request.\nSay which file system it is."
    return remedy("support", title="Ask for help", risk=frozenset(), approval="", takes=None, manual=text, actions=())


def _odd_actions() -> tuple[Action, ...]:
    """Everything that must be escaped, and the outcomes not used above."""
    return (
        action("odd", title=HOSTILE, evidence=HOSTILE, outcome=Outcome.REFUSED, diff=f"+{HOSTILE}",
               commands=(command("printf", "%s", "it's $HOME\n\t\x1b[31m \\ ü", elevated=False),)),
        action("none", outcome=Outcome.NO_CHANGE, commands=()),
        action("loop", loop="mounts | map(attribute='target')", commands=(command("umount", "{{ item }}"),)),
        action("ask", type="manual", title="", manual="Tell the owner of the database.", commands=()),
        action("long", title="", commands=(command("tee", "/etc/x", stdin="y" * 500, elevated=False),)),
    )  # fmt: skip


class Story:
    """Composes the events of a run; each is a second later than the one before."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, kind: EventKind, key: str = "", remedy: str = "", action: str = "", /, **data: object) -> Story:
        at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=len(self.events))
        attempt = int(kind in (EventKind.INTENT, EventKind.RESULT))
        entry_key = f"{PLAYBOOK}@{key}" if key else ""
        stamp = at.isoformat(timespec="microseconds")
        self.events.append(
            Event(
                run=RUN, at=stamp, kind=kind, entry=entry_key, remedy=remedy, action=action, attempt=attempt, data=data
            )
        )
        return self

    def begin(self) -> Story:
        self.tell(
            EventKind.RUN_STARTED, tool_version="0.1.0", digest=DIGEST, concurrency=5, identity="kim", host="desk-1"
        )
        return self.tell(
            EventKind.APPROVAL, identity="lee", how="--approve", signed=False,
            remedies=[f"{PLAYBOOK}/repair"], acknowledged=[f"{PLAYBOOK}/repair/ask"],
        )  # fmt: skip

    def sent(self, key: str, argv: Sequence[str] = ("fsck.ext4", "-p", "/dev/sdc1"), **result: object) -> Story:
        """A remedy with one action and one command; without ``result`` nothing came back."""
        self.tell(EventKind.REMEDY_STARTED, key, "repair", title="Check and repair the file system")
        self.tell(EventKind.ACTION_STARTED, key, "repair", "check", title="Repair it", outcome="would change")
        shown = {"argv": list(argv), "elevated": True, "at_most": 1800.0, "at_deadline": "leave"}
        self.tell(EventKind.INTENT, key, "repair", "check", command=shown)
        if result:
            self.tell(EventKind.RESULT, key, "repair", "check", **result)
        return self

    def done(self, key: str, status: str, **data: object) -> Story:
        return self.tell(EventKind.TARGET_FINISHED, key, **{"status": status, "changed": False, **data})

    def end(self, state: str = "finished") -> list[Event]:
        return self.tell(EventKind.RUN_FINISHED, state=state).events


def full_run() -> tuple[Plan, list[Event]]:
    """One entry per status, one without a last word, and one whose output is hostile."""
    statuses = ("healthy", "fixed", "applied", "not_fixed", "needs_person", "failed", "unreachable", "indeterminate",
                "refused", "stale", "cancelled")  # fmt: skip
    names = [f"vm-{status.replace('_', '-')}" for status in statuses]
    story = Story().begin()
    _fixed(story)
    _failed(story)
    _lost(story)
    for name, status in zip(names, statuses, strict=True):
        story.done(name, status, **_LAST_WORDS.get(status, {}))
    story.tell(EventKind.TARGET_STARTED, "vm-killed", address="10.0.0.99", transport="ssh").sent("vm-killed")
    story.tell(EventKind.NOTE, text="the journal was slow")
    targets = [target(name, n, opt_outs=("host_key",) * (name == "vm-failed")) for n, name in enumerate(names)]
    made = plan(*map(entry, (*names, "vm-killed")), targets=(*targets, target("vm-killed", 99)))
    return made, story.end()


_LAST_WORDS: dict[str, dict[str, object]] = {
    "fixed": {"remedy": "repair", "changed": True},
    "applied": {"remedy": "skip-mount", "changed": True},
    "failed": {"reason": HOSTILE, "advice": "Restore the file | from its `backup` <b>now</b>.", "changed": True},
    "needs_person": {"reason": "fsck says that errors are left", "advice": "Run fsck by hand."},
    "indeterminate": {"reason": "the connection broke during fsck.ext4"},
    "unreachable": {"reason": "connection refused"},
}


def _fixed(story: Story) -> None:
    name = "vm-fixed"
    story.tell(EventKind.TARGET_STARTED, name, address="10.0.0.1", transport="ssh")
    story.tell(EventKind.OBSERVED, name, facts={}, healthy=False, why="/data has errors",
               remarks=["Guilty: /data (/dev/sdc1, ext4)."])  # fmt: skip
    story.sent(name, exit_code=1, stdout="recovering journal\n/dev/sdc1: clean\n", stderr="", elapsed=2.5,
               judged="repaired")  # fmt: skip
    story.tell(EventKind.ACTION_FINISHED, name, "repair", "check", status="changed", text="errors were corrected")
    story.tell(EventKind.VERIFIED, name, "repair", healthy=True, text="/data is clean and mounted")
    story.tell(EventKind.REMEDY_FINISHED, name, "repair", result="healthy", text="")


def _failed(story: Story) -> None:
    name = "vm-failed"
    story.tell(EventKind.TARGET_STARTED, name, address="10.0.0.5", transport="ssh")
    story.tell(EventKind.OBSERVED, name, healthy=False, why="the guest shows the fault", remarks=[HOSTILE])
    story.sent(
        name, ("sh", "-c", HOSTILE), exit_code=9, stdout=HOSTILE, stderr=HOSTILE * 20, elapsed=75.0, judged="failed"
    )
    story.tell(EventKind.ACTION_FINISHED, name, "repair", "check", status="failed", text=HOSTILE)
    story.tell(EventKind.REMEDY_FINISHED, name, "repair", result="failed", text="a step failed")
    story.tell(EventKind.GATE, name, status="failed", reason="a step failed", advice="")


def _lost(story: Story) -> None:
    name = "vm-indeterminate"
    story.sent(name, lost=True, error="the connection broke", process_dead=False)
    story.tell(EventKind.REMEDY_FINISHED, name, "repair", result="indeterminate", text="")
