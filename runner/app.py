"""The composition root: load -> validate -> observe -> plan -> approve -> execute -> journal -> report.

Read this first. Every real edge (network, disk, clock, terminal) is tied to the pure core here and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import getpass
import platform
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from runner import __version__, codec
from runner.approve import approve
from runner.credentials import Resolver
from runner.diagnostics import Diagnostic, Diagnostics
from runner.errors import InvalidDocuments, Refused, UsageError, VmfixError
from runner.execute import engine
from runner.execute.clock import Clock, SystemClock, stamp
from runner.execute.entry import Verdict
from runner.execute.pool import Connections
from runner.execute.survey import reach, survey
from runner.execute.tools import Stop, Tools
from runner.journal import CANCELLED, FINISHED, Journal, JournalReader
from runner.load.params import resolve_params
from runner.load.select import check_expected, select
from runner.model.approval import Approval, ApprovedPlan
from runner.model.event import Event, EventKind, Status
from runner.model.inventory import Inventory, Target
from runner.model.plan import PLAN_FORMAT, Entry, Plan, PlaybookRef, TargetRef
from runner.model.playbook import Playbook
from runner.plan.entries import Subject, plan_offline
from runner.report.summary import summarise
from runner.report.values import Report
from runner.shelf import search
from runner.sources import load_inventory
from runner.transports.base import Connection
from runner.transports.table import connector

__all__ = ["App", "Prepared", "Request", "Surroundings"]

PLAN_LIFETIME = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the app knows of the world that started it. ``prompt`` is None where there is no terminal to ask at."""

    environ: Mapping[str, str]
    home: Path
    prompt: Callable[[str], str] | None = None
    clock: Clock = field(default_factory=SystemClock)

    @property
    def state(self) -> Path:
        """The folder of the journal: ``$VMFIX_STATE``, else below the XDG state home."""
        if self.environ.get("VMFIX_STATE"):
            return Path(self.environ["VMFIX_STATE"])
        base = self.environ.get("XDG_STATE_HOME") or str(self.home / ".local" / "state")
        return Path(base) / "vmfix"

    @property
    def identity(self) -> str:
        """Who acts, as far as the surroundings tell; nobody proved it."""
        for variable, system in _CI_IDENTITIES:
            if self.environ.get(variable):
                return f"{self.environ[variable]} ({system})"
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = "unknown"
        return f"{user}@{platform.node()}"


_CI_IDENTITIES = (
    ("GITHUB_ACTOR", "GitHub Actions"),
    ("BUILD_REQUESTEDFOR", "Azure Pipelines"),
    ("GITLAB_USER_LOGIN", "GitLab CI"),
    ("SUDO_USER", "sudo"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. ``playbooks`` are ids, error codes or paths."""

    playbooks: tuple[str, ...]
    inventories: tuple[str, ...]
    pattern: str = "all"
    expect: str = ""
    params: Mapping[str, str]
    folders: tuple[Path, ...] = ()
    backup_failed_at: str = ""
    concurrency: int = 20
    note: str = ""
    plan: Plan | None = None
    """A saved plan that is to be run: it decides the targets and the parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Loaded and validated: who is to be looked at under which playbook. ``warnings`` are to be shown."""

    playbooks: tuple[Playbook, ...]
    params: Mapping[str, Mapping[str, object]]
    targets: tuple[Target, ...]
    subjects: tuple[Subject, ...]
    warnings: tuple[Diagnostic, ...]


class App:
    """One invocation of vmfix. A context manager: leaving it closes every connection."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.stop = Stop()
        self.resolver = Resolver(surroundings.environ, surroundings.prompt)
        self.connections = Connections(self._connect)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connections.close()

    def _connect(self, target: Target) -> Connection:
        return connector(target.transport)(target, self.resolver)

    def redact(self, text: str) -> str:
        """The text without any secret that was resolved."""
        return self.resolver.redact(text)

    def prepare(self, request: Request) -> Prepared:
        """Load and validate everything that the request names; nothing is executed.

        Raises ``InvalidDocuments`` with all problems of all documents, ``UsageError`` for unknown words, ``Refused``
        for an empty selection or an unexpected count.
        """
        diagnostics = Diagnostics()
        playbooks = search(request.playbooks, request.folders, diagnostics)
        readable = not diagnostics.errors
        inventory = _inventory(request.inventories, diagnostics)
        params: Mapping[str, Mapping[str, object]] = {}
        if request.plan is None:
            # Of a playbook that cannot be read, nobody knows which parameters it has.
            params = resolve_params(playbooks, request.params, diagnostics) if readable else {}
        else:
            planned = {ref.id: ref.params for ref in request.plan.playbooks}
            params = {playbook.id: planned.get(playbook.id, {}) for playbook in playbooks}
        if diagnostics.errors or inventory is None:
            raise InvalidDocuments(diagnostics.errors)
        targets = _selected(inventory, request)
        return Prepared(
            playbooks=playbooks,
            params=params,
            targets=targets,
            subjects=tuple(self._subjects(playbooks, params, targets, request)),
            warnings=diagnostics.warnings,
        )

    def targets(
        self, inventories: Sequence[str], pattern: str, expect: str
    ) -> tuple[tuple[Target, ...], tuple[Diagnostic, ...]]:
        """The selected targets and what is odd about the inventory. Raises as ``prepare`` does."""
        diagnostics = Diagnostics()
        inventory = load_inventory(inventories, diagnostics)
        request = Request(playbooks=(), inventories=tuple(inventories), pattern=pattern, expect=expect, params={})
        return _selected(inventory, request), diagnostics.warnings

    def _subjects(
        self,
        playbooks: Sequence[Playbook],
        params: Mapping[str, Mapping[str, object]],
        targets: Sequence[Target],
        request: Request,
    ) -> Iterable[Subject]:
        """Every playbook on every selected target of its platform. Raises ``Refused`` if one has no target at all."""
        journal = JournalReader(self.surroundings.state)
        for playbook in playbooks:
            fitting = [t for t in targets if playbook.platform in (None, t.platform)]
            if not fitting:
                kind = playbook.platform.value if playbook.platform else "any"
                message = f"`{playbook.id}` is for {kind} targets, and none is selected"
                raise Refused(message, remedy="Select other targets with -t, or another playbook.")
            for target in fitting:
                applied = journal.last_applied(target.name, playbook.id, azure_id=target.azure_id)
                yield Subject(playbook, target, params[playbook.id], applied, request.backup_failed_at)

    def plan(
        self,
        prepared: Prepared,
        request: Request,
        *,
        offline: bool = False,
        seen: Callable[[Entry], None] = lambda _entry: None,
    ) -> Plan:
        """Look at every target (observations only), or with ``offline`` at none, and say what would be done."""
        if offline:
            entries = tuple(plan_offline(subject) for subject in prepared.subjects)
        else:
            entries = survey(
                prepared.subjects,
                self.connections,
                self.surroundings.clock,
                concurrency=request.concurrency,
                seen=seen,
            )
        return self._assemble(prepared, request, entries, offline=offline)

    def _assemble(self, prepared: Prepared, request: Request, entries: tuple[Entry, ...], *, offline: bool) -> Plan:
        now = self.surroundings.clock.now()
        looked_at = {entry.target for entry in entries}
        return Plan(
            format=PLAN_FORMAT,
            tool_version=__version__,
            offline=offline,
            creator=self.surroundings.identity,
            note=request.note,
            created_at=stamp(now),
            expires_at=stamp(now + PLAN_LIFETIME),
            playbooks=tuple(_playbook_ref(p, prepared.params[p.id]) for p in prepared.playbooks),
            targets=tuple(_target_ref(target) for target in prepared.targets if target.name in looked_at),
            entries=entries if offline else tuple(self._redacted(entry) for entry in entries),
        )

    def _redacted(self, entry: Entry) -> Entry:
        """The entry without secrets that a target sent back to us. Before the digest, or a saved plan would not fit it.

        Should a command hold one, the masked command is not the one that is needed, and the target ends as stale.
        """
        before = codec.to_json(entry)
        after = _masked(before, self.redact)
        return entry if before == after else codec.from_json(Entry, after)

    def consent(self, plan: Plan, remedies: Iterable[str], how: str, acknowledged: Iterable[str] = ()) -> ApprovedPlan:
        """The plan with the consent of whoever runs vmfix now, unsigned. ``remedies`` may leave the playbook out.

        Raises ``NotApproved`` and ``PlanFileError`` as ``approve`` does.
        """
        now = self.surroundings.clock.now()
        wanted = frozenset(full for remedy in remedies for full in full_ids(plan, remedy))
        approvals = []
        if wanted:
            approvals.append(
                Approval(
                    identity=self.surroundings.identity,
                    digest=codec.digest(plan, evidence=False),
                    remedies=wanted,
                    at=stamp(now),
                    how=how,
                    acknowledged=frozenset(acknowledged),
                )
            )
        return approve(plan, approvals, now)

    def subjects_for(self, plan: Plan, prepared: Prepared) -> Mapping[str, Subject]:
        """The subjects of a saved plan's entries. Raises ``Refused`` if documents differ from those of the plan."""
        subjects = {f"{s.playbook.id}@{s.target.name}": s for s in prepared.subjects}
        said = []
        for ref in plan.playbooks:
            now = next((p for p in prepared.playbooks if p.id == ref.id), None)
            if now is None or _playbook_ref(now, prepared.params[ref.id]) != ref:
                said.append(f"playbook `{ref.id}` or its parameters changed")
        planned = {ref.id for ref in plan.playbooks}
        said += [f"playbook `{p.id}` is not in the plan" for p in prepared.playbooks if p.id not in planned]
        for target in plan.targets:
            here = next((t for t in prepared.targets if t.name == target.name), None)
            if here is None or _target_ref(here) != target:
                said.append(f"target `{target.name}` is not as in the plan")
        said += [f"`{entry.key}` is gone" for entry in plan.entries if entry.key not in subjects]
        if said:
            message = f"the documents are not those of the plan: {'; '.join(dict.fromkeys(said))}"
            raise Refused(message, remedy="Make a new plan. Nothing was executed.")
        return subjects

    def execute(
        self,
        approved: ApprovedPlan,
        subjects: Mapping[str, Subject],
        *,
        concurrency: int,
        just_observed: bool,
        listener: Callable[[Event], None] = lambda _event: None,
    ) -> Report:
        """Run an approved plan, durably recorded, and return its report.

        Raises ``JournalError`` before anything ran.
        """
        clock = self.surroundings.clock
        run_id = f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with Journal(self.surroundings.state, redact=self.redact, now=lambda: stamp(clock.now())) as journal:
            journal.start_run(run_id, approved.plan, approved.digest, self._run_data(approved, concurrency))

            def told(write: Callable[[Event], None]) -> Callable[[Event], None]:
                def tell(event: Event) -> None:
                    write(event)
                    listener(event)

                return tell

            tools = Tools(
                run=run_id,
                connect=self.connections,
                record=told(journal.record),
                note=told(journal.note),
                spill=journal.spill,
                can_record=lambda: journal.healthy,
                clock=clock,
                stop=self.stop,
            )
            for approval in approved.approvals:
                tools.record(Event(run=run_id, at=approval.at, kind=EventKind.APPROVAL, data=codec.to_json(approval)))
            verdicts = engine.run(approved, subjects, tools, concurrency=concurrency, just_observed=just_observed)
            journal.finish_run(run_id, *_finished(verdicts, self.stop))
        return self.report(run_id)

    def _run_data(self, approved: ApprovedPlan, concurrency: int) -> Mapping[str, object]:
        return {
            "tool_version": __version__,
            "digest": approved.digest,
            "concurrency": concurrency,
            "identity": self.surroundings.identity,
            "host": platform.node(),
        }

    def report(self, run: str) -> Report:
        """The report of a run, from the journal alone. Raises ``JournalCorrupt`` if its hash chain is broken."""
        journal = JournalReader(self.surroundings.state)
        record = journal.run(run)
        head = journal.verify(record.id)
        return summarise(record.plan, journal.events(record.id), head=head, state=record.state)

    def ping(self, targets: Sequence[Target], concurrency: int) -> dict[str, VmfixError | None]:
        """Log in everywhere, become root or administrator, and say per target what is wrong; None if nothing is."""
        return reach(targets, self.connections, self.surroundings.clock, concurrency=concurrency)


def full_ids(plan: Plan, remedy: str) -> tuple[str, ...]:
    """The ids ``PLAYBOOK/REMEDY`` that a word means: itself, or every playbook's remedy of that name; ``all`` is all.

    Raises ``UsageError`` if the plan has none such.
    """
    known = plan.remedies()
    if remedy == "all":
        return known
    found = tuple(full for full in known if remedy in (full, full.split("/", 1)[1]))
    if not found:
        message = f"remedy `{remedy}` is not in this plan, or not needed"
        raise UsageError(message, remedy=f"Remedies of this plan: {', '.join(known) or 'none'}")
    return found


def _playbook_ref(playbook: Playbook, params: Mapping[str, object]) -> PlaybookRef:
    return PlaybookRef(
        id=playbook.id,
        title=playbook.title,
        digest=playbook.digest,
        source=playbook.source,
        params=dict(params),
        platform=playbook.platform.value if playbook.platform else None,
    )


def _target_ref(target: Target) -> TargetRef:
    return TargetRef(
        name=target.name,
        address=target.address,
        port=target.port,
        user=target.user,
        transport=target.transport.value,
        platform=target.platform.value,
        azure_id=target.azure_id,
        opt_outs=target.opt_outs,
    )


def _finished(verdicts: Mapping[str, Verdict], stop: Stop) -> tuple[str, Mapping[str, object]]:
    """The state of the run. What was stopped at once is cancelled too, whatever its targets ended as."""
    counts: dict[str, int] = {}
    for verdict in verdicts.values():
        counts[verdict.status.value] = counts.get(verdict.status.value, 0) + 1
    left = [v for v in verdicts.values() if v.status is Status.CANCELLED or (stop.at_once and not v.status.in_order)]
    return CANCELLED if stop.asked and left else FINISHED, {"counts": counts}


def _inventory(paths: Sequence[str], diagnostics: Diagnostics) -> Inventory | None:
    """The inventory; None if it is wrong, with the problems in ``diagnostics`` beside those of other documents."""
    try:
        return load_inventory(paths, diagnostics)
    except InvalidDocuments:
        return None


def _selected(inventory: Inventory, request: Request) -> tuple[Target, ...]:
    """The targets of the pattern, or those of the saved plan as far as the inventory has them."""
    if request.plan is None:
        targets = select(inventory, request.pattern)
    else:
        names = {target.name for target in request.plan.targets}
        targets = tuple(target for target in inventory.targets if target.name in names)
    if request.expect:
        check_expected(len(targets), request.expect)
    return targets


def _masked(value: object, redact: Callable[[str], str]) -> object:
    """JSON data with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _masked(item, redact) for key, item in value.items()}
    return [_masked(item, redact) for item in value] if isinstance(value, list) else value
