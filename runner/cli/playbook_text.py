"""A playbook for people: what it solves, reads, asks for, and does."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runner.codec import to_json
from runner.model.command import Dialect
from runner.model.fields import format_duration
from runner.model.playbook import Expression, Observation, Parameter, Playbook, Remedy, Step, Verification
from runner.plan.by_person import texts_for_nobody
from runner.report.commands import Place, command_lines, place_of
from runner.report.layout import WIDTH, Page


def playbook_text(playbook: Playbook, *, colour: bool = False, width: int = WIDTH) -> str:
    """The whole playbook, in the order in which it would be run."""
    page = Page(colour=colour, width=width)
    page.prose(0, f"{playbook.id}: {playbook.title}", paint="head")
    page.prose(2, ", ".join(playbook.solves), label="solves")
    page.prose(2, ", ".join(playbook.aliases), label="aliases")
    page.prose(2, playbook.platform.value if playbook.platform else "any", label="platform")
    page.exact(2, [f"source: {playbook.source}"] if playbook.source else [])
    page.exact(2, [f"file: {playbook.origin}"])
    page.flow(2, playbook.notes)
    _parameters(page, playbook)
    _observations(page, playbook)
    _judgement(page, playbook)
    page.head("Remedies, in this order until the guest shows no fault:")
    for remedy in playbook.remedies:
        _remedy(page, remedy, playbook)
    return page.text()


def _parameters(page: Page, playbook: Playbook) -> None:
    if playbook.params:
        page.head("Parameters (-e NAME=VALUE):")
    for parameter in playbook.params:
        page.prose(2, f"{parameter.name} ({_kind(parameter)}): {parameter.help}")


def _kind(parameter: Parameter) -> str:
    said = [parameter.type]
    if parameter.choices:
        said.append(f"one of {', '.join(map(str, parameter.choices))}")
    items = " items" if parameter.type == "list" else ""
    said += [
        f"{word} {limit}{items}"
        for word, limit in (("at least", parameter.at_least), ("at most", parameter.at_most))
        if limit is not None
    ]
    default = parameter.default
    shown = ",".join(map(str, default)) if isinstance(default, (tuple, list)) else default
    said.append("must be given" if parameter.required else f"default {shown!r}")
    return ", ".join(said)


def _observations(page: Page, playbook: Playbook) -> None:
    if playbook.observe:
        page.head("Reads from the target (also in plan and dry-run):")
    for observation in playbook.observe:
        page.prose(2, observation.name if observation.would else f"{observation.name} (as {observation.parse})")
        _condition(page, 4, "for each", observation.for_each)
        _condition(page, 4, "when", observation.when)
        if observation.would is not None:
            kind, args = observation.would
            page.prose(
                4, f"{kind} {json.dumps(to_json(args), ensure_ascii=False)}", label="asks what this step would do"
            )
            continue
        _command(page, 4, _command_of(observation), place_of(playbook.platform))
        page.prose(4, observation.why_read_only, label="changes nothing, since")


def _command_of(observation: Observation) -> Mapping[str, object]:
    return {
        "dialect": Dialect.SH.value,
        "argv": observation.argv,
        "script": observation.script,
        "elevated": observation.elevated,
        "at_most": observation.at_most,
    }


def _command(page: Page, indent: int, command: Mapping[str, object], place: Place) -> None:
    first, *rest = command_lines(command, place=place)
    page.exact(indent, [f"$ {first}", *rest])


def _judgement(page: Page, playbook: Playbook) -> None:
    if playbook.define:
        page.head("Calls:")
    for definition in playbook.define:
        page.prose(2, definition.value.text, label=definition.name)
    page.head("Judges:")
    healthy = playbook.healthy.text if playbook.healthy else "the guest cannot tell"
    page.prose(2, healthy, label="healthy when")
    _condition(page, 2, "last failed backup", playbook.last_failure)
    _condition(page, 2, "must still be there afterwards", playbook.keeps)
    for requirement in playbook.requires:
        page.prose(2, requirement.that.text, label="requires")
        page.prose(4, requirement.otherwise, label="else refused")


def _remedy(page: Page, remedy: Remedy, playbook: Playbook) -> None:
    page.blank()
    page.prose(2, f"{remedy.id}: {remedy.title}", paint="head")
    page.prose(4, ", ".join(sorted(risk.value for risk in remedy.risk)), label="risk")
    page.prose(4, remedy.approval, label="approval")
    page.prose(4, format_duration(remedy.takes) if remedy.takes is not None else "", label="takes at most")
    _condition(page, 4, "when", remedy.when)
    for platform, text in texts_for_nobody(remedy.manual, playbook).items():
        page.flow(4, text, label=f"a person does this{f' on {platform}' if platform else ''}")
    for number, step in enumerate(remedy.steps, start=1):
        _step(page, number, step, place_of(playbook.platform))
    if remedy.steps:
        page.prose(4, _proof(remedy), label="afterwards")


def _proof(remedy: Remedy) -> str:
    failed = f"a failed step: {remedy.on_failure.value}"
    if remedy.proves_next_backup:
        return f"only the next backup can tell; {failed}"
    stays = f", which it has to stay for {remedy.verify.stays}" if remedy.verify.stays != Verification().stays else ""
    return f"observed again for {remedy.verify.within} until healthy{stays}; {failed}"


def _step(page: Page, number: int, step: Step, place: Place) -> None:
    always = ", always" if step.always else ""
    page.prose(4, f"{number}. {step.id}{always}: {step.title or step.type}")
    _condition(page, 7, "for each", step.for_each)
    _condition(page, 7, "when", step.when)
    page.prose(7, f"{step.type}:")
    _arguments(page, 9, to_json(step.args), place)
    if step.at_most is not None:
        page.prose(7, format_duration(step.at_most), label="at most")


def _arguments(page: Page, indent: int, data: Mapping[str, object], place: Place) -> None:
    """As the author wrote them, templates unfilled."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            page.prose(indent, f"{name}:")
            _arguments(page, indent + 2, value, place)
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, start=1):
                _arguments(page, indent, {f"{name} {number}": each}, place)
        elif isinstance(value, str) and "\n" in value:
            page.prose(indent, f"{name}:")
            page.exact(indent + 2, (f"| {line}" for line in value.splitlines()))
        elif isinstance(value, list) and name in {"argv", "command", "undo"}:
            page.exact(indent, [f"{name}: {command_lines({'argv': value}, place=place)[0]}"])
        else:
            page.prose(indent, _plain(value), label=name)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition(page: Page, indent: int, label: str, expression: Expression | None) -> None:
    page.prose(indent, expression.text if expression else "", label=label)
