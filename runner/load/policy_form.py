"""The policy document as pydantic models: they validate it, and its JSON Schema is made from them."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from runner.load.inventory_form import NAME_PATTERN, Text
from runner.load.wording import nearest
from runner.model.fields import Duration, Identifier, Shape
from runner.model.playbook import Risk
from runner.model.policy import EVERYWHERE, Amount

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
SHARE_PATTERN = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,3})?)%$"
_MOST = 1_000_000
_WHOLE = 100.0  # percent
_BEGINS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_BEGINS_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
# Names that differ from machine to machine, or count leap seconds.
_NO_ZONES = ("localtime", "posix/", "posixrules", "right/")


def parse_amount(value: object) -> Amount:
    """A count such as ``2``, or a share such as ``5%``. The error's second line is the remedy."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return Amount(count=value)
    share = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if share is not None and float(share[1]) <= _WHOLE:
        return Amount(share=float(share[1]) / _WHOLE)
    shown = f"`{value}`" if isinstance(value, str | int | float) else "this"
    message = f"{shown} is neither a count nor a share\nWrite a whole number such as 2, or a share from 0% to 100%."
    raise ValueError(message)


def parse_some(value: object) -> Amount:
    """As ``parse_amount``, but not nothing."""
    amount = parse_amount(value)
    if not (amount.count or amount.share):
        message = f"{amount} would never let anything start\nWrite a count from 1 on, or a share above 0%."
        raise ValueError(message)
    return amount


def check_zone(name: str) -> str:
    """The name of a time zone that the IANA database has."""
    try:
        known = bool(name) and not name.startswith(_NO_ZONES) and bool(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # unknown; a path; a folder such as Europe
        known = False
    if not known:
        close = nearest(name, zoneinfo.available_timezones())
        hint = f"; did you mean `{close}`?" if close else ""
        message = f"there is no time zone `{name}`{hint}\nWrite a name of the IANA database, such as Europe/Berlin."
        raise ValueError(message)
    return name


def parse_begins(value: object) -> dt.datetime:
    """A local time without a zone."""
    try:
        if isinstance(value, str) and _BEGINS.fullmatch(value):
            return dt.datetime.fromisoformat(value)
    except ValueError:
        pass
    shown = f"`{value}`" if isinstance(value, str) else "this"
    message = f"{shown} is no local time\nWrite it as 2026-01-03T22:00; its zone stands under `zone`."
    raise ValueError(message)


def check_group(name: str) -> str:
    """A name that a group of an inventory can have; also ``all``."""
    if not re.fullmatch(NAME_PATTERN, name):
        message = (
            f"`{name}` cannot be the name of a group\nWrite the name of one group, or `all`; patterns have no place."
        )
        raise ValueError(message)
    return name


def check_positive(seconds: float) -> float:
    """A duration that is not nothing."""
    if seconds <= 0:
        message = "this lasts no time at all\nWrite a duration such as 4h."
        raise ValueError(message)
    return seconds


_AMOUNT = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": SHARE_PATTERN}]}
_SOME = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": SHARE_PATTERN}]}

AnyAmount = Annotated[Amount, PlainValidator(parse_amount), WithJsonSchema(_AMOUNT)]
SomeAmount = Annotated[Amount, PlainValidator(parse_some), WithJsonSchema(_SOME)]
Group = Annotated[str, AfterValidator(check_group), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
Groups = Annotated[tuple[Group, ...], Field(min_length=1)]
Zone = Annotated[str, AfterValidator(check_zone)]
Begins = Annotated[
    dt.datetime, BeforeValidator(parse_begins), WithJsonSchema({"type": "string", "pattern": _BEGINS_PATTERN})
]
Lasting = Annotated[Duration, AfterValidator(check_positive)]
Signers = Annotated[tuple[Text, ...], Field(min_length=1)]
Approvals = Annotated[int, Field(ge=1, le=100)]
Risks = Annotated[tuple[Risk, ...], Field(min_length=1)]


class QuorumForm(Shape):
    """How many people must have approved."""

    approvals: Approvals = Field(description="how many people; every rule that matches has to be met")
    risk: Risks | None = Field(None, description="remedies with one of these risks; left out: all")
    groups: Groups = Field((EVERYWHERE,), description="targets in one of these groups of the inventory")
    signers: Signers | None = Field(None, description="patterns; only principals that match one count. Left out: all")


class EmergencyForm(Shape):
    """The way past windows and freezes."""

    approvals: Approvals = Field(description="how many people must have signed that this is an emergency")
    signers: Signers | None = Field(None, description="patterns; only principals that match one count. Left out: all")


class ApprovalsForm(Shape):
    """Who must consent."""

    allowed_signers: Text | None = Field(None, description="file with the keys that may sign, as in ssh-keygen(1)")
    revoked_keys: Text | None = Field(None, description="file with keys that no longer count: a KRL, or public keys")
    unsigned: bool = Field(default=False, description="whether the consent of who runs vmfix is an approval, too")
    four_eyes: bool = Field(default=True, description="whether the approval of the plan's creator does not count")
    max_age: Lasting = Field(
        24 * 3600.0, description="how long a signature counts after it was made", json_schema_extra={"default": "24h"}
    )
    people: dict[Text, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(
        {}, description="other names of a principal: whoever has several counts once, and four eyes knows them"
    )
    quorum: Annotated[tuple[QuorumForm, ...], Field(min_length=1)] = Field(
        (QuorumForm(approvals=1),),
        description="how many must have approved what",
        json_schema_extra={"default": [{"approvals": 1}]},
    )
    emergency: EmergencyForm | None = Field(None, description="who may open the way past windows and freezes")


class WindowForm(Shape):
    """When targets may be worked on."""

    groups: Groups = Field(description="targets in one of these groups of the inventory")
    zone: Zone = Field(description="time zone of `begins` and of all starts")
    begins: Begins = Field(description="local time from which on there are starts; gives them their time of day")
    rule: Text = Field(description="recurrence of the starts as in RFC 5545: FREQ=WEEKLY;BYDAY=SA")
    duration: Lasting = Field(description="exact time from each start")


class FreezeForm(Shape):
    """When nothing may be started."""

    calendar: Text = Field(description="file of events (iCalendar); nothing starts while one of them lasts")
    groups: Groups = Field(description="targets in one of these groups of the inventory")
    zone: Zone = Field(description="time zone of whole days, and of times without one")


class LimitForm(Shape):
    """How many targets with something in common may be worked on at once. Either ``label`` or ``group`` is given."""

    at_once: SomeAmount = Field(description="how many, or which share of those in the plan that have it in common")
    label: Text | None = Field(None, description="a variable of the inventory: the limit is for each of its values")
    group: Group | None = Field(None, description="a group of the inventory")
    risk: Risks | None = Field(None, description="remedies that count; left out: service-restart and reboot")


class WavesForm(Shape):
    """Few targets first, then more."""

    sizes: Annotated[tuple[SomeAmount, ...], Field(min_length=1)] = Field(
        description="how many targets are begun up to the end of each wave; all others are the last one"
    )
    pause: Duration = Field(0.0, description="time between two waves", json_schema_extra={"default": "0s"})
    in_order: AnyAmount = Field(
        Amount(share=1.0),
        description="how much of a wave must end in order before the next",
        json_schema_extra={"default": "100%"},
    )


class PolicyDocument(Shape):
    """A whole policy file."""

    vmfix: Literal[1] = Field(description="version of the format")
    policy: Identifier = Field(description="its name, for plans and reports")
    approvals: ApprovalsForm = Field(description="who must consent")
    windows: Annotated[tuple[WindowForm, ...], Field(min_length=1)] | None = Field(
        None, description="when targets may be worked on; those in none of the groups always"
    )
    freezes: Annotated[tuple[FreezeForm, ...], Field(min_length=1)] | None = Field(
        None, description="when nothing is started, window or not"
    )
    limits: Annotated[tuple[LimitForm, ...], Field(min_length=1)] | None = Field(None, description="how much at once")
    waves: WavesForm | None = Field(None, description="few targets first")
    budget: AnyAmount | None = Field(
        None, description="how many targets may fail, be unreachable or indeterminate before nothing new starts"
    )
    most_targets: SomeAmount | None = Field(None, description="how many targets a plan may have")
