"""``vmfix run``: plan, consent, execution, report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from runner.cli import governing, options
from runner.cli.consent import Consent, acknowledged_ids, approved_ids, ask, without_effect
from runner.cli.files import OutputFiles, output_files
from runner.cli.governing import Governing
from runner.cli.group import common
from runner.cli.interrupt import stopping
from runner.cli.options import Asked
from runner.cli.planning import end_with_plan, look, prepared_for, read_plan, refuse_decided, save, show_plan
from runner.cli.progress import harmless, places_in, progress_for
from runner.cli.reporting import show_report, write_reports
from runner.cli.session import Session, pass_session
from runner.errors import NotApproved, UsageError
from runner.load.wording import listed
from runner.model.approval import ApprovedPlan
from runner.model.plan import Plan, Standing

if TYPE_CHECKING:
    from runner.app import App
    from runner.model.approval import Judgement, Offered
    from runner.plan.entries import Subject
    from runner.rules import Rules

_NOTHING_TO_DO = (Standing.HEALTHY, Standing.AWAITING)


@dataclass(frozen=True, slots=True)
class _Words:
    """The options of ``run`` alone."""

    dry_run: bool
    plan_path: str | None
    approve: tuple[str, ...]
    acknowledge: tuple[str, ...]
    governing: Governing


@dataclass(frozen=True, slots=True)
class _Work:
    """What execution needs beside the approved plan."""

    subjects: Mapping[str, Subject]
    files: OutputFiles
    just_observed: bool
    rules: Rules


@common
@click.command()
@options.asking
@click.option("--dry-run", is_flag=True, help="Stop after the plan: the same view as `vmfix plan`.")
@click.option("--plan", "plan_path", type=click.Path(), metavar="FILE", help="Run this saved plan and nothing else.")
@click.option("--approve", multiple=True, metavar="REMEDY", help="PLAYBOOK/REMEDY, REMEDY or all. Repeatable.")
@click.option("--acknowledge", multiple=True, metavar="STEP", help="PLAYBOOK/REMEDY[/STEP] that a person has done.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write the report as JUnit XML too.")
@governing.governing
@click.option("--markdown", type=click.Path(), metavar="FILE", help="Write the report as Markdown too.")
@pass_session
def run(  # noqa: PLR0913 - click hands over every option
    session: Session,
    *,
    dry_run: bool,
    plan_path: str | None,
    approve: tuple[str, ...],
    acknowledge: tuple[str, ...],
    junit: str | None,
    markdown: str | None,
    **values: Any,  # noqa: ANN401 - click's values; `Asked` has their types
) -> int:
    """Plan, ask for consent once per remedy, run, verify, and report.

    PLAYBOOKS are ids, error codes, aliases or paths; with --plan, those of the plan. Without a terminal nothing is
    asked: consent is given with --approve, or nothing runs.
    """
    asked = options.asked(values)
    session.screen.json = asked.as_json
    words = _Words(dry_run, plan_path, approve, acknowledge, governing.governed(values))
    _check(words, asked)
    wanted = (("-o", asked.out), ("--junit", junit), ("--markdown", markdown))
    with output_files(*wanted, private=("-o",)) as files, session.app() as app:
        return _run(session, app, asked, words, files)


def _check(words: _Words, asked: Asked) -> None:
    """Words that contradict each other."""
    if asked.offline and not words.dry_run:
        raise UsageError("--offline looks at no target, so nothing could be run", remedy="Use it with `vmfix plan`.")
    if words.plan_path is None:
        if not asked.playbooks:
            raise UsageError("no playbook is named", remedy="Name an error code, an id or a path; see `vmfix list`.")
        return
    refuse_decided(asked, out=True)


def _run(session: Session, app: App, asked: Asked, words: _Words, files: OutputFiles) -> int:
    saved = None if words.plan_path is None else read_plan(words.plan_path)
    rules = governing.rules_of(session, words.governing)
    request = asked.request(saved)
    prepared = prepared_for(session, app, request, may_be_a_file=bool(saved) and not asked.playbooks)
    if rules.policy is not None:
        governing.warn_of_unknown_groups(session, rules.policy, prepared.groups)
    approve = approved_ids(words.approve, prepared.playbooks)
    acknowledged = acknowledged_ids(words.acknowledge, prepared.playbooks)
    plan = saved or look(session, app, request, prepared, offline=asked.offline)
    from runner.prepare import subjects_for  # noqa: PLC0415 - it imports everything

    subjects = subjects_for(plan, prepared)
    save(files, plan)
    if words.dry_run:
        return end_with_plan(session, plan, asked, saved=words.plan_path, policy=words.governing.policy)
    show_plan(session, plan, scripts=session.logs.verbosity > 0)
    _warn_of_no_effect(session, without_effect(words.approve, approve, plan), saved=saved is not None)
    approved, rules = _approved(session, app, plan, Consent(approve, acknowledged, "--approve"), words, rules=rules)
    governing.refuse_closed(app, approved, rules)
    return _execute(session, app, asked, approved, _Work(subjects, files, saved is None, rules))


def _asked(session: Session, plan: Plan, acknowledged: Sequence[str]) -> Consent:
    """The consent of whoever sits at the terminal; without one, what to type instead."""
    if not session.screen.interactive:
        words = [word for full in plan.remedies() for word in ("--approve", full)]
        raise NotApproved(
            "nothing is approved, and there is no terminal to ask at; nothing was executed",
            remedy=f"Read the plan; then run: {shlex.join(['vmfix', *session.argv, *words])}",
        )
    consent = ask(session, plan, acknowledged)
    if not consent.remedies:
        raise NotApproved("nothing was approved, so nothing was executed")
    return consent


def _warn_of_no_effect(session: Session, remedies: Sequence[str], *, saved: bool) -> None:
    """Consent to what the plan holds no commands for. A saved plan could be read before, so there it is refused."""
    if not remedies:
        return
    message = f"this plan holds no commands for {listed(remedies)}, so approving it has no effect"
    if saved:
        raise NotApproved(message, remedy="Leave it out, or make a new plan. Nothing was executed.")
    session.screen.say(f"warning: {message}")


def _approved(  # noqa: PLR0913 - all that a consent comes from
    session: Session, app: App, plan: Plan, consent: Consent, words: _Words, *, rules: Rules
) -> tuple[ApprovedPlan, Rules]:
    """The plan with the consent to what it needs. That some of the approved remedies are not needed is no error.

    The rules then watch whether policy and approvals stay as they were.
    """
    from runner.rules import refuse_too_many  # noqa: PLC0415 - it imports everything

    policy = rules.policy
    offered: Sequence[Offered] = ()
    if policy is not None:
        refuse_too_many(plan, policy)
        governing.refuse_unsigned(policy, words.approve, words.acknowledge)
        offered = governing.signed_for(app, plan, policy, words.governing, words.plan_path)
    asks = policy is None or (policy.unsigned and not offered)
    if asks and not consent.remedies and plan.remedies():
        consent = _asked(session, plan, consent.acknowledged)
    needed = [full for full in plan.remedies() if full in consent.remedies]
    if policy is None:
        return app.consent(plan, needed, consent.how, consent.acknowledged), rules

    def judged(signed: Sequence[Offered]) -> tuple[ApprovedPlan, Judgement]:
        return app.judge(plan, rules, signed, needed, how=consent.how, acknowledged=consent.acknowledged)

    def approved_now() -> frozenset[str]:
        return judged(governing.signed_for(app, plan, policy, words.governing, words.plan_path))[0].remedies

    approved, judgement = judged(offered)
    governing.tell(session, judgement)
    return approved, governing.watched(app, rules, words.governing, approved, approved_now)


def _execute(session: Session, app: App, asked: Asked, approved: ApprovedPlan, work: _Work) -> int:
    plan = approved.plan
    if all(entry.standing in _NOTHING_TO_DO for entry in plan.entries):
        session.screen.text("Nothing to change.\n")
    elif not plan.remedies():
        session.screen.text("There is no remedy that vmfix could run; nothing will be changed.\n")
    session.sent = bool(approved.remedies)
    with progress_for(session, "Running", len(plan.entries), places_in(plan)) as progress, stopping(session, app):
        report = app.execute(
            approved,
            work.subjects,
            concurrency=asked.concurrency,
            just_observed=work.just_observed,
            rules=work.rules,
            listener=harmless(progress.happened),
        )
    try:
        write_reports(work.files, report)
    finally:
        show_report(session, report)
    return report.exit_code
