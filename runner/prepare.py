"""From the user's words to what is to be looked at: documents loaded, validated and matched; nothing is executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.debts import owed_to, owed_to_others
from runner.diagnostics import Diagnostic, Diagnostics
from runner.errors import InvalidDocuments, Refused
from runner.journal import JournalReader
from runner.load.library import for_targets, meant
from runner.load.params import resolve_params
from runner.load.select import check_expected, select, warn_of_shared_addresses
from runner.load.wording import listed
from runner.model.debt import Debt
from runner.model.inventory import Inventory, Target
from runner.model.plan import Plan
from runner.model.playbook import Playbook
from runner.plan.assemble import playbook_ref, target_differences, target_ref
from runner.plan.compare import playbook_differences
from runner.plan.entries import Subject
from runner.shelf import search
from runner.sources import load_inventory


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
    lifetime: float | None = None  # seconds from now until the plan expires
    plan: Plan | None = None
    """A saved plan that is to be run: it decides the targets and the parameters."""
    pairs: Mapping[str, frozenset[str]] | None = None
    """By playbook id, the only targets that it is wanted on; None: each of its platform. A saved plan has its own."""

    def wants(self, playbook: Playbook, target: Target) -> bool:
        """Whether this playbook is wanted on this target, if it fits its platform."""
        return self.pairs is None or target.name in self.pairs.get(playbook.id, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Loaded and validated: who is to be looked at under which playbook. ``warnings`` and ``notes`` are to be shown.

    ``notes`` say which playbook the platform of the targets chose, and what is owed to machines that are not in the
    inventory. ``groups`` are all that the inventory has, also
    those of targets that were not selected.
    """

    playbooks: tuple[Playbook, ...]
    params: Mapping[str, Mapping[str, object]]
    targets: tuple[Target, ...]
    subjects: tuple[Subject, ...]
    warnings: tuple[Diagnostic, ...]
    notes: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()


def prepare(request: Request, state: Path) -> Prepared:
    """Load and validate everything that the request names; nothing is executed.

    Raises ``InvalidDocuments`` with all problems of all documents, ``UsageError`` for unknown words, ``Refused``
    for an empty selection, an unexpected count, or a playbook for no target of the selection. ``state`` is the
    folder of the journal, which knows what waits for a backup and what is owed.
    """
    diagnostics = Diagnostics()
    sought = search(request.playbooks, request.folders, diagnostics)
    readable = not diagnostics.errors
    inventory = _inventory(request.inventories, diagnostics)
    if inventory is None or not readable:
        # Of a playbook that cannot be read, nobody knows which parameters it has.
        if readable:
            _params(meant(sought), request, diagnostics)
        raise InvalidDocuments(diagnostics.errors)
    targets = _selected(inventory, request)
    playbooks, notes = for_targets(sought, targets)
    params = _params(playbooks, request, diagnostics)
    if diagnostics.errors:
        raise InvalidDocuments(diagnostics.errors)
    warn_of_shared_addresses(targets, diagnostics)
    return Prepared(
        playbooks=playbooks,
        params=params,
        targets=targets,
        subjects=tuple(_subjects(playbooks, params, targets, request, state)),
        warnings=diagnostics.warnings,
        notes=(*notes, *_owed_elsewhere(inventory, state)),
        groups=frozenset(inventory.groups),
    )


def _owed_elsewhere(inventory: Inventory, state: Path) -> Iterable[str]:
    """A machine that was renamed is known by its ``azure_id`` only; without it, nobody but a person can tell."""
    debts = owed_to_others(JournalReader(state), state, inventory.targets)
    if debts:
        names = listed(dict.fromkeys(debt.target for debt in debts))
        yield (
            f"earlier runs left something owed to {names}, not in this inventory. If one of these was renamed, look at "
            "`vmfix settle` before you go on; a target with an `azure_id` is known by any name"
        )


def _params(
    playbooks: Sequence[Playbook], request: Request, diagnostics: Diagnostics
) -> Mapping[str, Mapping[str, object]]:
    """By playbook: those of the saved plan, else what was given."""
    if request.plan is None:
        return resolve_params(playbooks, request.params, diagnostics)
    planned = {ref.id: ref.params for ref in request.plan.playbooks}
    return {playbook.id: planned.get(playbook.id, {}) for playbook in playbooks}


def choose_targets(
    inventories: Sequence[str], pattern: str, expect: str
) -> tuple[tuple[Target, ...], tuple[Diagnostic, ...]]:
    """The selected targets and what is odd about the inventory. Raises as ``prepare`` does."""
    diagnostics = Diagnostics()
    inventory = load_inventory(inventories, diagnostics)
    request = Request(playbooks=(), inventories=tuple(inventories), pattern=pattern, expect=expect, params={})
    targets = _selected(inventory, request)
    warn_of_shared_addresses(targets, diagnostics)
    return targets, diagnostics.warnings


def _subjects(
    playbooks: Sequence[Playbook],
    params: Mapping[str, Mapping[str, object]],
    targets: Sequence[Target],
    request: Request,
    state: Path,
) -> Iterable[Subject]:
    """Every playbook on every selected target of its platform, as far as the request wants the two together."""
    journal = JournalReader(state)
    owed: dict[str, tuple[Debt, ...]] = {}
    for playbook in playbooks:
        for target in (t for t in targets if playbook.platform in (None, t.platform) and request.wants(playbook, t)):
            if target.name not in owed:
                owed[target.name] = owed_to(journal, state, target)
            applied = journal.last_applied(target.name, playbook.id, azure_id=target.azure_id)
            yield Subject(playbook, target, params[playbook.id], applied, request.backup_failed_at, owed[target.name])


def subjects_for(plan: Plan, prepared: Prepared) -> Mapping[str, Subject]:
    """The subjects of a saved plan's entries. Raises ``Refused`` if documents differ from those of the plan."""
    subjects = {f"{s.playbook.id}@{s.target.name}": s for s in prepared.subjects}
    books = {book.id: playbook_ref(book, prepared.params[book.id]) for book in prepared.playbooks}
    targets = {target.name: target_ref(target) for target in prepared.targets}
    said = []
    for ref in plan.playbooks:
        now = books.pop(ref.id, None)
        differences = ["it is not among those that are named"] if now is None else playbook_differences(ref, now)
        said += [f"playbook `{ref.id}`: {text}" for text in differences]
    said += [f"playbook `{name}` is not in the plan" for name in books]
    for target in plan.targets:
        here = targets.get(target.name)
        differences = ["it is not in the inventory"] if here is None else target_differences(target, here)
        if differences:
            said.append(f"target `{target.name}` is not as in the plan: {', '.join(differences)}")
    said += [f"`{entry.key}` is gone" for entry in plan.entries if entry.key not in subjects]
    if said:
        message = f"the documents are not those of the plan: {'; '.join(dict.fromkeys(said))}"
        raise Refused(message, remedy="Make a new plan. Nothing was executed.")
    return subjects


def _inventory(paths: Sequence[str], diagnostics: Diagnostics) -> Inventory | None:
    """The inventory; None if it is wrong, with the problems in ``diagnostics`` beside those of other documents."""
    try:
        return load_inventory(paths, diagnostics)
    except InvalidDocuments:
        return None


def _selected(inventory: Inventory, request: Request) -> tuple[Target, ...]:
    """The targets of the saved plan, the pairs, or the pattern; raises ``Refused`` if the inventory lacks one."""
    if request.pairs is not None and request.plan is None:
        wanted = frozenset[str]().union(*request.pairs.values())
        targets = tuple(target for target in inventory.targets if target.name in wanted)
    elif request.plan is None:
        targets = select(inventory, request.pattern)
    else:
        names = {target.name: None for target in request.plan.targets}
        known = inventory.by_name()
        missing = [name for name in names if name not in known]
        if missing:
            message = f"{inventory.source} does not have the plan's target {listed(missing)}"
            raise Refused(message, remedy="Name the inventory that the plan was made of, or make a new plan.")
        targets = tuple(target for target in inventory.targets if target.name in names)
    if request.expect:
        check_expected(len(targets), request.expect)
    return targets
