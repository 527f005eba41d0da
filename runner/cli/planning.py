"""What ``plan`` and ``run`` have in common: prepare, look, show and save the plan."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from runner import __version__, codec, planfile
from runner.cli.failure import NOT_IN_ORDER, OK
from runner.cli.files import OutputFiles
from runner.cli.interrupt import abandoning
from runner.cli.options import Asked
from runner.cli.progress import harmless, progress_for
from runner.cli.session import Session
from runner.errors import PlanFileError, UsageError, VmfixError
from runner.model.plan import Plan, Standing

if TYPE_CHECKING:
    from runner.app import App
    from runner.model.policy import Policy
    from runner.prepare import Prepared, Request
    from runner.report.plan_end import NextStep

_NOT_LOOKED_AT = (Standing.UNREACHABLE, Standing.REFUSED, Standing.FAILED)


def look(session: Session, app: App, request: Request, prepared: Prepared, *, offline: bool) -> Plan:
    """The plan of what the targets need now. Only observations are sent."""
    if offline:
        return app.plan(prepared, request, offline=True)
    with progress_for(session, "Looking", len(prepared.subjects)) as progress, abandoning(session, app):
        return app.plan(prepared, request, seen=harmless(progress.looked_at))


def show_plan(session: Session, plan: Plan, *, next_step: NextStep | None = None, scripts: bool = True) -> None:
    """The plan for people; where JSON is wanted, that goes to standard error. ``scripts``: with their texts."""
    from runner.report import plan_text  # noqa: PLC0415
    from runner.report.plan_end import NextStep  # noqa: PLC0415

    digest = codec.digest(plan, evidence=False)
    screen, scripts_to = session.screen, "" if scripts else _SCRIPTS_TO
    shown = plan_text.render(
        plan,
        digest,
        next_step=next_step or NextStep(),
        scripts_to=scripts_to,
        colour=screen.colour,
        width=screen.width,
    )
    screen.text(shown)


_SCRIPTS_TO = "`vmfix plan` prints them, and so does `vmfix run -v`"


def end_with_plan(
    session: Session, plan: Plan, asked: Asked, *, saved: str | None = None, policy: str | None = None
) -> int:
    """The plan is all that was wanted: show it, and say by the exit code whether every target could be planned.

    ``saved`` is the file that it was read from; ``policy`` is the one that was named, if one was.
    """
    from runner.report import json_view  # noqa: PLC0415

    if session.screen.json:
        session.screen.data(json_view.plan_json(plan, codec.digest(plan, evidence=False)))
    else:
        show_plan(session, plan, next_step=_next_step(plan, asked, saved, policy))
    return NOT_IN_ORDER if any(entry.standing in _NOT_LOOKED_AT for entry in plan.entries) else OK


def _next_step(plan: Plan, asked: Asked, saved: str | None, named: str | None) -> NextStep:
    from runner.report.plan_end import NextStep  # noqa: PLC0415

    run = ["vmfix", "run", *asked.words(saved)]
    given = [] if named is None else ["--policy", named]
    policy, path = _policy(named), asked.out or saved
    if policy is None or policy.unsigned:
        return NextStep(run=shlex.join([*run, *given, *_approvals(plan)]))
    sign = shlex.join(["vmfix", "approve", path, "--key", "KEY", *given]) if path else ""
    return NextStep(run=shlex.join([*run, *given]), policy=policy.name, sign=sign)


def _policy(named: str | None) -> Policy | None:
    """The policy that holds here. What is wrong with it, a run will say; to look, none is needed."""
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.policies import find_policy  # noqa: PLC0415

    try:
        return find_policy(named, os.environ, Diagnostics())
    except VmfixError:
        return None


def _approvals(plan: Plan) -> list[str]:
    return [word for remedy in plan.remedies() for word in ("--approve", remedy)]


def save(files: OutputFiles, plan: Plan) -> None:
    """Where ``-o`` said."""
    files.write("-o", lambda: planfile.dump(plan))


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises ``UsageError`` if there is none, ``PlanFileError`` if it may not be used."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, ValueError) as problem:
        if isinstance(problem, UnicodeDecodeError):
            raise PlanFileError(f"{path} is not a vmfix plan", remedy="It is not even text.") from problem
        reason = getattr(problem, "strerror", None) or problem
        raise UsageError(f"the plan {path} cannot be read: {reason}", remedy="Check the path.") from problem
    return planfile.parse(text, path, __version__)


def refuse_decided(asked: Asked, *, out: bool = False) -> None:
    """Words that a saved plan has decided already; ``out``: to save a plan is one of them."""
    given = {"-e": asked.params, "--note": asked.note, "--offline": asked.offline, "--expires": asked.expires}
    told = [name for name, value in given.items() if value]
    told += ["-t"] if asked.pattern != "all" else []
    told += ["-o"] if out and asked.out else []
    if told:
        raise UsageError(
            f"{told[0]} is decided by the plan already", remedy=f"Leave {told[0]} out, or make a new plan."
        )


def prepared_for(session: Session, app: App, request: Request, *, may_be_a_file: bool) -> Prepared:
    """``may_be_a_file``: the playbooks are those of a saved plan, which does not say where they were read."""
    try:
        prepared = app.prepare(request)
    except UsageError as problem:
        if not may_be_a_file or not request.inventories:
            raise
        hint = "If the plan was made of a playbook file, name it here too, or its folder with --playbooks."
        raise UsageError(problem.message, remedy=hint) from problem
    tell(session, prepared)
    return prepared


def tell(session: Session, prepared: Prepared) -> None:
    """What is odd about the documents, and which playbooks the platform chose."""
    from runner.cli.failure import shown  # noqa: PLC0415

    session.warn(prepared.warnings)
    for note in prepared.notes:
        session.screen.say(shown(f"note: {note}"))
