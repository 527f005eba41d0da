"""``/etc/waagent.conf`` of the Azure Linux agent, as the agent itself reads it.

Read in Azure/WALinuxAgent, azurelinuxagent/common/conf.py: a switch is on with ``y`` and off with ``n``; any other word
leaves it at its default, and that of ``Extensions.Enabled`` is on. That a proxy set here does not reach extensions says
the agent's README.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from runner.errors import ParseError
from runner.model.command import CommandResult
from runner.model.shape import SCALAR, many
from runner.parsers.base import Gives, Parser, shown, whole_text
from runner.parsers.ini import Unreadable
from runner.parsers.plain_conf import Assignment, assignments

EXTENSIONS = "Extensions.Enabled"
PROVISIONING = "Provisioning.Agent"
_OWN = (EXTENSIONS, PROVISIONING)
_UNSET = "None"


def parse_waagent_conf(result: CommandResult) -> dict[str, object]:
    """The file, or its absence: ``cat`` exits 1 and prints nothing."""
    if result.exit_code != 0:
        if result.exit_code == 1 and not result.stdout:
            return _facts(exists=False)
        message = f"the file could not be read (exit {result.exit_code}): {shown(result.err)}"
        raise ParseError(message)
    whole_text(result)
    try:
        text = result.stdout.decode("utf-8")
        lines = list(assignments(text))
    except UnicodeDecodeError as error:
        return _facts(exists=True, problem=f"byte {error.start + 1} is not UTF-8, so the agent cannot read the file")
    except Unreadable as error:
        return _facts(exists=True, problem=str(error))
    return _facts(exists=True, lines=lines, problem="" if text else "it is empty, which the agent does not accept")


def _facts(*, exists: bool, lines: Sequence[Assignment] = (), problem: str = "") -> dict[str, object]:
    values = {each.name: each.meaning for each in lines if each.name in _OWN}
    set_to = {name: value for name, value in values.items() if value != _UNSET}
    return {
        "exists": exists,
        "problem": problem,
        "extensions_enabled": set_to.get(EXTENSIONS, "y").lower() != "n",
        "extensions_value": values.get(EXTENSIONS),
        "provisioning_agent": set_to.get(PROVISIONING, "auto"),
        "traps": [*_name_traps(lines), *_value_traps(lines, values)],
    }


def _name_traps(lines: Sequence[Assignment]) -> Iterator[str]:
    for each in lines:
        if each.name == "Extensions.Enable":
            yield f"Line {each.number}: nothing reads Extensions.Enable; the agent's own name for it is {EXTENSIONS}."
        for name in _OWN:
            if each.name != name and each.name.lower() == name.lower():
                yield f"Line {each.number}: nothing reads {each.name}; capital and small letters count: {name}."


def _value_traps(lines: Sequence[Assignment], values: dict[str, str]) -> Iterator[str]:
    for name in _OWN:
        numbers = [str(each.number) for each in lines if each.name == name]
        if len(numbers) > 1:
            yield f"{name} stands in the lines {', '.join(numbers)}; the last one counts."
    if EXTENSIONS in values and values[EXTENSIONS].lower() not in ("y", "n"):
        yield f"{EXTENSIONS} is {values[EXTENSIONS]!r}, neither y nor n, so the agent takes its default, which is y."
    if any(each.name == "HttpProxy.Host" and each.meaning not in ("", _UNSET) for each in lines):
        yield "HttpProxy.Host is set; extensions do not see it. A proxy in the environment of the unit does reach them."


WAAGENT_CONF = Parser(
    name="waagent_conf",
    summary="/etc/waagent.conf, as printed by cat, read as the Azure Linux agent reads it.",
    fields=MappingProxyType(
        {
            "exists": "whether there is such a file",
            "problem": "why the agent cannot read it, or not as it seems; empty if it can",
            "extensions_enabled": "whether the agent handles extensions at all: only n switches them off",
            "extensions_value": "the value of Extensions.Enabled, or null",
            "provisioning_agent": "the value of Provisioning.Agent; auto where it is not set",
            "traps": "sentences on what is written and has another effect than it seems, or none",
        }
    ),
    parse=parse_waagent_conf,
    gives=Gives.RECORD,
    known=MappingProxyType({"traps": many(SCALAR)}),
)
