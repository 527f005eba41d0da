"""The form of playbook tests, as pydantic models: they validate documents, and give the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from runner.load.playbook_form import Name, Text
from runner.model.event import Status
from runner.model.fields import Duration, Identifier, Shape
from runner.model.inventory import Platform
from runner.model.plan import Outcome
from runner.parsers.sc_lines import STATES

_MODE = r"^[0-7]{4}$"
STATUSES: Mapping[str, Status] = MappingProxyType(
    {"needs a person" if s is Status.NEEDS_PERSON else s.value.replace("_", " "): s for s in Status}
)
"""The words that reports have for them."""


def _status(text: str) -> str:
    """One of ``STATUSES``."""
    if text not in STATUSES:
        message = f"`{text}` is not how a target can end\nWrite one of: {', '.join(STATUSES)}."
        raise ValueError(message)
    return text


def _state(text: str) -> str:
    if text not in STATES.values():
        message = f"`{text}` is no state of a service\nWrite one of: {', '.join(STATES.values())}."
        raise ValueError(message)
    return text


def _file_name(text: str) -> str:
    if not re.fullmatch(r"[^/\\]+(/[^/\\]+)*", text) or ".." in text.split("/"):
        message = f"`{text}` is no file in the folder of the cases\nWrite its name in NAME.cases/, such as de.txt."
        raise ValueError(message)
    return text


AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]
StateName = Annotated[str, AfterValidator(_state)]
UnitState = Literal["active", "inactive", "failed", "activating", "deactivating"]
StatusName = Annotated[str, AfterValidator(_status)]
FileName = Annotated[str, AfterValidator(_file_name)]


class AnswerForm(Shape):
    """How a command ends. A text alone is its standard output, with exit code 0."""

    stdout: str | None = Field(None, description="standard output; of a Windows program, line ends become CR LF")
    file: FileName | None = Field(None, description="standard output, byte for byte, from a file in NAME.cases/")
    stderr: str = Field("", description="standard error")
    exit: int = Field(0, description="exit code")
    fails: Literal["lost", "deadline"] | None = Field(
        None, description="no exit code comes: the connection breaks, or the command does not end in time"
    )
    process: Literal["gone", "running"] | None = Field(
        None, description="with fails: what vmfix learns of the process; left out: nothing, or as `at_deadline` says"
    )


class ServiceForm(Shape):
    """A Windows service. Its state alone is enough: the rest is then as it mostly is."""

    state: StateName | None = Field(None, description="`running`, `stopped`, `stop-pending` ...; left out: stopped")
    start: Literal["auto", "delayed-auto", "demand", "disabled"] | None = Field(
        None, description="start type; left out: auto"
    )
    account: Text | None = Field(None, description="the account it logs on with; left out: LocalSystem")
    needs: list[Text] | None = Field(None, description="services that it depends on")
    exit_code: int | None = Field(None, description="its WIN32_EXIT_CODE; 1077: never started; left out: 0")
    stoppable: bool | None = Field(None, description="whether it can be stopped; left out: true")
    shared: bool | None = Field(None, description="whether it shares its process with others; left out: false")


class UnitForm(Shape):
    """A unit of systemd. Its state alone is enough."""

    state: UnitState | None = Field(None, description="its ActiveState; left out: inactive")
    enabled: Literal["enabled", "disabled", "static", "masked"] | None = Field(
        None, description="its UnitFileState; left out: enabled"
    )
    result: Text | None = Field(None, description="why it failed last, such as exit-code; left out: success")
    required_by: list[Text] | None = Field(None, description="units that go down with it")


class RegistryForm(Shape):
    """A value of the registry."""

    type: Literal["REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ", "REG_DWORD", "REG_QWORD", "REG_BINARY"] = Field(
        description="its type"
    )
    data: str | int = Field(description="its data; REG_MULTI_SZ with `\\0` between its texts")


class FileForm(Shape):
    """A file. Its content alone is enough."""

    content: str = Field(description="all of it")
    mode: Annotated[str, StringConstraints(pattern=_MODE)] = Field("0644", description="mode in octal, four digits")
    owner: Text = Field("root", description="owner")
    group: Text = Field("root", description="group")


class MountForm(Shape):
    """A file system that is mounted."""

    source: Text = Field(description="the device")
    fstype: Text = Field(description="its type")
    options: Text = Field("rw,relatime", description="options as findmnt shows them")
    propagation: Text = Field("shared", description="as findmnt shows it: `shared`, `private` and the like")
    uuid: str = Field("", description="its UUID")
    root: AbsolutePath = Field("/", description="which directory of it is mounted: / for all of it")
    users: dict[str, Text] = Field(
        {}, description='processes that keep it busy: `"812": postgres postgres` (PID: user and program)'
    )


class MachineForm(Shape):
    """A machine, or what changes of it."""

    answers: dict[Text, str | AnswerForm] = Field(
        {}, description="what commands answer, by observation, by line, or by `script with TEXT`"
    )
    services: dict[Text, StateName | ServiceForm | None] | None = Field(
        None, description="Windows services; all that are not named do not exist. They answer sc and net"
    )
    registry: dict[Text, dict[Text, RegistryForm | None] | None] | None = Field(
        None, description="keys below HKLM with their values; all that is not named does not exist. It answers reg"
    )
    units: dict[Text, UnitState | UnitForm | None] | None = Field(
        None, description="units of systemd; all that are not named do not exist. They answer systemctl"
    )
    files: dict[AbsolutePath, str | FileForm | None] | None = Field(
        None, description="files of a Linux machine; they answer cat, tail and test, and the steps file and ini_value"
    )
    mounts: dict[AbsolutePath, MountForm | None] | None = Field(
        None, description="mounted file systems of a Linux machine; they answer findmnt, mount, umount and the like"
    )


class ChangeForm(Shape):
    """What a changing command does to the machine."""

    sent: Text | list[Text] = Field(
        description="its line as `vmfix plan` shows it, `script of STEP`, or a list of such"
    )
    answer: str | AnswerForm | None = Field(
        None, description="how it ends; left out: as the simulated machine has it, else with exit code 0"
    )
    after: Duration = Field(0.0, description="how long `then` takes to come", json_schema_extra={"default": "0s"})
    once: bool = Field(default=False, description="only the first time that it is sent")
    then: MachineForm = Field(
        MachineForm(), description="what is different from then on", json_schema_extra={"default": {}}
    )


class TargetForm(Shape):
    """What the inventory says of the machine."""

    platform: Platform | None = Field(None, description="needed only if the playbook is for any")
    groups: list[Text] = Field([], description="groups that it is in")
    vars: dict[Text, object] = Field({}, description="variables")
    azure_id: Text | None = Field(None, description="resource id of the VM")


class AppliedForm(Shape):
    """What an earlier run has applied, so that this one waits for a backup or goes to the next rung."""

    remedy: Identifier = Field(description="id of the remedy")
    at: Text = Field(description="when, in ISO 8601")


class ExpectForm(Shape):
    """What must come of it. Nothing may stand here that is not compared."""

    status: StatusName = Field(description="how the target ends, as the report says it")
    sent: list[Text] = Field([], description="all changing commands, in order; left out: none may be sent")
    remedies: list[Identifier] | None = Field(None, description="the remedies that were begun, in order")
    plan: dict[Text, Outcome] = Field(
        {},
        min_length=1,
        description="what the plan says of `REMEDY/STEP` or `REMEDY/STEP[ITEM]`, such as `would change`",
    )
    says: list[Text] = Field(
        [], min_length=1, description="texts that stand in the reason or the advice that the report gives"
    )
    remarks: list[Text] | None = Field(None, description="a part of each remark of the plan, in order; [] for none")
    services: dict[Text, StateName | ServiceForm | None] | None = Field(
        None, min_length=1, description="services at the end"
    )
    registry: dict[Text, dict[Text, RegistryForm | None] | None] | None = Field(
        None, min_length=1, description="values of the registry at the end"
    )
    units: dict[Text, UnitState | UnitForm | None] | None = Field(
        None, min_length=1, description="units of systemd at the end"
    )
    files: dict[AbsolutePath, str | FileForm | None] | None = Field(None, min_length=1, description="files at the end")
    mounts: dict[AbsolutePath, MountForm | None] | None = Field(None, min_length=1, description="mounts at the end")


class UsualForm(MachineForm):
    """What all cases share; each may say otherwise."""

    params: dict[Name, str | int | bool | list[str]] = Field({}, description="parameters of the playbook")
    target: TargetForm = Field(
        TargetForm(), description="what the inventory says of the machine", json_schema_extra={"default": {}}
    )
    when: list[ChangeForm] = Field([], description="what changing commands do")


class CaseForm(UsualForm):
    """One case."""

    name: Text = Field(description="one line for people; unique in the file")
    since_plan: MachineForm | None = Field(None, description="what has changed between the plan and its run")
    approve: Literal["all"] | list[Identifier] = Field("all", description="ids of the remedies that are approved")
    acknowledge: list[Text] = Field([], description="REMEDY or REMEDY/STEP that a person has done")
    applied: AppliedForm | None = Field(None, description="what an earlier run has applied")
    backup_failed_at: str = Field("", description="when a backup failed, as --backup-failed-at")
    expect: ExpectForm = Field(description="what must come of it")


class CasesForm(Shape):
    """The tests of one playbook."""

    vmfix: Literal[1] = Field(description="version of the format")
    cases_of: Identifier = Field(description="the id of the playbook")
    usual: UsualForm = Field(UsualForm(), description="what all cases share", json_schema_extra={"default": {}})
    cases: list[CaseForm] = Field(min_length=1, description="the cases")
