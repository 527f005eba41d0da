"""The playbook language, version 1, as pydantic models: they validate documents, and give the JSON Schema."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from runner.expressions import is_template
from runner.model.command import AtDeadline
from runner.model.fields import Duration, Identifier, Shape, parse_duration
from runner.model.inventory import Platform
from runner.model.playbook import Doubt, OnFailure, Risk
from runner.steps import STEP_TYPES
from runner.steps.loosened import loosened

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name that expressions use: small letters, digits and underscores."""

Text = Annotated[str, Field(min_length=1)]
ExpressionText = Annotated[str, Field(min_length=1, description="A bare Jinja2 expression, without {{ }}.")]


def _open_duration(value: object) -> object:
    if not (isinstance(value, str) and is_template(value)):
        parse_duration(value)
    return value


OpenDuration = Annotated[str, BeforeValidator(_open_duration), Field(description="A duration, or a template of one.")]


class ParameterForm(Shape):
    """A value that the user may set with -e NAME=VALUE."""

    type: Literal["str", "int", "bool", "duration", "list"] = "str"
    default: str | int | bool | list[str] | None = None
    choices: list[str | int] = Field(default=[])
    at_least: int | str | None = None
    at_most: int | str | None = None
    matches: str | None = None
    help: Text


class ObservationForm(Shape):
    """A read-only command; its parsed output is the fact of that name."""

    command: list[str] | None = Field(
        default=None, min_length=1, description="Program and arguments; may be templates."
    )
    shell: str | None = Field(default=None, description="A script for sh (PowerShell on Windows); never a template.")
    args: list[str] = Field(default=[], description="Values that the script sees as $1, $2 ...; may be templates.")
    parse: str = Field(default="text", description="Name of a parser.")
    ok_exit: list[int] = Field(default=[0], description="Exit codes with which the output means something.")
    at_most: Duration = 60.0
    elevated: bool = Field(default=True, description="Run as root or administrator.")
    for_each: ExpressionText | None = None
    when: ExpressionText | None = None
    why_read_only: str = Field(default="", description="Why this changes nothing, where the program is not known to.")
    would: Shape | None = Field(default=None, description="A step type: what such a step would do now, and why.")


class RequirementForm(Shape):
    """What must hold before anything is done."""

    model_config = ConfigDict(populate_by_name=True)
    that: ExpressionText
    otherwise: Text = Field(alias="else", description="The text shown when it does not hold; may be a template.")


class RemarkForm(Shape):
    """Something worth saying about a target; it decides nothing."""

    when: ExpressionText
    say: Text


class VerifyForm(Shape):
    """Observe again until healthy."""

    within: OpenDuration = "0s"
    every: OpenDuration = "5s"
    stays: OpenDuration = "0s"


class StepCommon(Shape):
    """What every step may have, beside exactly one step type."""

    id: Identifier
    title: str = ""
    when: ExpressionText | None = None
    for_each: ExpressionText | None = None
    always: bool = Field(default=False, description="Run whenever the remedy started, whatever happened.")
    at_most: Duration | None = Field(default=None, description="Deadline of each command of the step.")
    at_deadline: AtDeadline | None = Field(default=None, description="kill, or leave running.")
    doubt: Doubt = Field(default=Doubt.PROBE, description="How an unknown outcome is settled.")


class RemedyForm(Shape):
    """One rung of the ladder: steps, or a text for a person."""

    id: Identifier
    title: str = ""
    risk: list[Risk] = Field(default=[])
    approval: str = Field(default="", description="What the approver must know.")
    takes: Duration | None = Field(default=None, description="Worst case for one target, its own undo included.")
    when: ExpressionText | None = None
    steps: list[StepCommon] | None = Field(default=None, min_length=1)
    manual: str | None = Field(default=None, min_length=1)
    verify: VerifyForm = VerifyForm()
    proves: Literal["next-backup"] | None = None
    on_failure: OnFailure = OnFailure.STOP


class AcceptForm(Shape):
    """A finding of `vmfix check` that is meant so."""

    finding: Identifier
    at: Text
    why: Text


class PlaybookForm(Shape):
    """A vmfix playbook: how to observe a fault, when a target is healthy, and the remedies in order."""

    vmfix: Literal[1]
    playbook: Identifier
    title: Text
    platform: Platform | Literal["any"]
    solves: list[Text] = Field(min_length=1, description="Error codes.")
    aliases: list[str | int] = Field(default=[])
    source: str = ""
    notes: str = ""
    params: dict[Name, ParameterForm] = Field(default={})
    observe: dict[Name, ObservationForm] = Field(default={})
    define: dict[Name, ExpressionText] = Field(default={}, description="Names for expressions over the facts.")
    requires: list[RequirementForm] = Field(default=[])
    remarks: list[RemarkForm] = Field(default=[])
    last_failure: ExpressionText | None = Field(
        default=None, description="ISO 8601 time at which the guest saw a backup fail; decides whether to escalate."
    )
    last_success: ExpressionText | None = Field(
        default=None, description="ISO 8601 time at which the guest saw a backup go well; ends the waiting for one."
    )
    healthy: ExpressionText | None = None
    keeps: ExpressionText | None = None
    accepts: list[AcceptForm] = Field(default=[])
    remedies: list[RemedyForm] = Field(min_length=1)


@functools.cache
def playbook_form() -> type[PlaybookForm]:
    """The complete form, with every step type as a key of a step."""
    types: dict[str, Any] = {
        name: (loosened(kind.args) | None, Field(default=None, description=kind.summary))
        for name, kind in STEP_TYPES.items()
    }
    step = create_model("StepForm", __base__=StepCommon, __doc__=StepCommon.__doc__, **types)
    remedy = create_model(
        "RemedyForm",
        __base__=RemedyForm,
        __doc__=RemedyForm.__doc__,
        steps=(list[step] | None, Field(default=None, min_length=1)),
    )
    would = create_model("WouldForm", __base__=Shape, __doc__="Exactly one step type with its arguments.", **types)
    observation = create_model(
        "ObservationForm",
        __base__=ObservationForm,
        __doc__=ObservationForm.__doc__,
        would=(would | None, Field(default=None, description="What such a step would do now, and why.")),
    )
    return create_model(
        "PlaybookForm",
        __base__=PlaybookForm,
        __doc__=PlaybookForm.__doc__,
        observe=(dict[Name, observation], Field(default={})),
        remedies=(list[remedy], Field(min_length=1)),
    )
