"""Recording: what a real machine answered while it was looked at, as a case that plays the same look again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from runner.diagnostics import Diagnostics
from runner.errors import VmfixError
from runner.execute.observe import Nobody
from runner.load.cases import load_cases
from runner.model.command import Command, CommandResult
from runner.model.inventory import Platform
from runner.model.playbook import Playbook
from runner.plan.entries import Subject
from runner.report.words import status_word
from runner.transports.base import Connection
from runner.trial.keys import best_key, line_of, patterns
from runner.trial.play import Played, play


@dataclass(slots=True)
class Recorder:
    """A connection that passes on every command, and keeps what came of it."""

    connection: Connection = field(default_factory=Nobody)
    heard: list[tuple[Command, CommandResult]] = field(default_factory=list)

    def run(self, command: Command) -> CommandResult:
        result = self.connection.run(command)
        self.heard.append((command, result))
        return result

    def close(self) -> None:
        self.connection.close()


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as blocks, so that people can read them."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def recorded(recorder: Recorder, subject: Subject, name: str, redact: Callable[[str], str]) -> str:
    """A file with one case: what was answered, and what the playbook makes of it while nothing is approved.

    ``redact`` masks secrets; the inventory's variables, which may hold others, are left out. Raises ``VmfixError`` if
    the case does not play, such as for output that is not text.
    """
    playbook, target = subject.playbook, subject.target
    answers: dict[str, object] = {}
    for command, result in recorder.heard:
        line = line_of(command, target.platform)
        key = best_key(command, line, patterns(playbook.observe))
        answers.setdefault(key, _answer(result, target.platform, redact))
    case: dict[str, object] = {"name": name, **_circumstances(subject)}
    case |= {"answers": answers, "approve": [], "expect": {"status": "healthy"}}
    seen = _played(_dumped(playbook, case), playbook)
    for key in seen.machine.unasked():  # such as the machine's name, which is compared with the inventory
        del answers[key]
    expect: dict[str, object] = {"status": status_word(seen.verdict.status)}
    if seen.entry.remarks:
        expect["remarks"] = [remark.splitlines()[0] for remark in seen.entry.remarks]
    return _dumped(playbook, {**case, "expect": expect})


def _circumstances(subject: Subject) -> dict[str, object]:
    """Parameters that are not as usual, and what the inventory says of the machine."""
    usual = {p.name: list(p.default) if isinstance(p.default, tuple) else p.default for p in subject.playbook.params}
    params = {name: value for name, value in subject.params.items() if value != usual[name]}
    target: dict[str, object] = {
        "platform": subject.target.platform.value if subject.playbook.platform is None else None,
        "groups": list(subject.target.groups),
        "azure_id": subject.target.azure_id,
    }
    said = {part: value for part, value in target.items() if value}
    return {part: value for part, value in (("params", params), ("target", said)) if value}


def _answer(result: CommandResult, platform: Platform, redact: Callable[[str], str]) -> object:
    out, err = (redact(_lines(text, platform)) for text in (result.out, result.err))
    if not err and not result.exit_code:
        return out
    more = {"stdout": out, "stderr": err, "exit": result.exit_code}
    return {part: value for part, value in more.items() if value}


def _lines(text: str, platform: Platform) -> str:
    """A case's text for Windows is given CR LF again when it is read."""
    return text.replace("\r\n", "\n") if platform is Platform.WINDOWS else text


def _dumped(playbook: Playbook, case: dict[str, object]) -> str:
    document = {"vmfix": 1, "cases_of": playbook.id, "cases": [case]}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _played(text: str, playbook: Playbook) -> Played:
    diagnostics = Diagnostics()
    cases = load_cases(text, "the recorded case", playbook, diagnostics, lambda _name: None)
    if not cases:
        problem = diagnostics.errors[0]
        raise VmfixError(f"what was recorded makes no case: {problem.message}", remedy="Write it by hand.")
    found = play(cases[0], playbook)
    if found.machine.problems:
        raise VmfixError(f"what was recorded makes no case: {found.machine.problems[0].splitlines()[0]}")
    return found
