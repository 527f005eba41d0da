"""Entries to a plan, and exactly which playbooks and machines it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner import codec
from runner.model.inventory import SshOptions, Target, TransportKind, WinrmOptions
from runner.model.plan import PLAN_FORMAT, Entry, LeftOut, Plan, PlaybookRef, TargetRef
from runner.model.playbook import Playbook
from runner.model.times import stamp

PLAN_LIFETIME = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a plan came about: when, by whom, with which version, and what its maker says about it."""

    at: dt.datetime
    creator: str
    tool_version: str
    note: str
    offline: bool
    lifetime: dt.timedelta = PLAN_LIFETIME


def assemble(
    entries: tuple[Entry, ...],
    playbooks: Sequence[tuple[Playbook, Mapping[str, object]]],
    targets: Sequence[Target],
    *,
    made: Made,
) -> Plan:
    """The plan of these entries. ``playbooks`` come with their parameters; it names the targets without an entry."""
    looked_at = {entry.target for entry in entries}
    return Plan(
        format=PLAN_FORMAT,
        tool_version=made.tool_version,
        offline=made.offline,
        creator=made.creator,
        note=made.note,
        created_at=stamp(made.at),
        expires_at=stamp(made.at + made.lifetime),
        playbooks=tuple(playbook_ref(playbook, params) for playbook, params in playbooks),
        targets=tuple(target_ref(target) for target in targets if target.name in looked_at),
        entries=entries,
        left_out=tuple(_left_out(t, playbooks) for t in targets if t.name not in looked_at),
    )


def _left_out(target: Target, playbooks: Sequence[tuple[Playbook, Mapping[str, object]]]) -> LeftOut:
    wanted = (f"{book.id} is for {book.platform.value if book.platform else 'any'}" for book, _ in playbooks)
    return LeftOut(target=target.name, reason=f"{target.platform.value}; {', '.join(wanted)}")


def playbook_ref(playbook: Playbook, params: Mapping[str, object]) -> PlaybookRef:
    """Which playbook: its text by digest, and its parameters."""
    return PlaybookRef(
        id=playbook.id,
        title=playbook.title,
        digest=playbook.digest,
        source=playbook.source,
        params=dict(params),
        platform=playbook.platform.value if playbook.platform else None,
    )


def target_ref(target: Target) -> TargetRef:
    """Which machine, and how it is reached. How to prove to it who we are is not part of it."""
    return TargetRef(
        name=target.name,
        address=target.address,
        port=target.port,
        user=target.user,
        transport=target.transport.value,
        platform=target.platform.value,
        azure_id=target.azure_id,
        opt_outs=target.opt_outs,
        settings=_settings(target),
        groups=tuple(sorted(target.groups)),
    )


_NO_SSH, _NO_WINRM = SshOptions(), WinrmOptions()
_SSH = ("config", "proxy_jump", "host_key", "known_hosts", "sudo")
_WINRM = ("https", "auth", "certificate", "service", "kerberos_hostname", "kerberos_delegation", "ca_file")


def _settings(target: Target) -> dict[str, object]:
    """What is not as by default and decides where and as whom we connect, or what is done there.

    Of its variables, which may hold secrets, only their digest.
    """
    found: dict[str, object] = {"hostname": target.hostname, "vm_id": target.vm_id}
    if target.transport is TransportKind.SSH:
        found |= _given("ssh", _SSH, target.ssh, _NO_SSH)
    elif target.transport is TransportKind.WINRM:
        found |= _given("winrm", _WINRM, target.winrm, _NO_WINRM)
    elif not target.ssh.sudo:
        found["ssh.sudo"] = False
    if target.vars:
        found["vars"] = f"SHA-256 {codec.digest(target.vars)}"
    return {name: value for name, value in found.items() if value is not None}


def _given(section: str, names: Sequence[str], options: object, usual: object) -> dict[str, object]:
    """The options that are not as usual, as JSON. One that was taken away, such as the SSH configuration, is `none`."""
    return {
        f"{section}.{name}": "none" if getattr(options, name) is None else codec.to_json(getattr(options, name))
        for name in names
        if getattr(options, name) != getattr(usual, name)
    }


def target_differences(planned: TargetRef, now: TargetRef) -> list[str]:
    """In plain words, what of a target is not as in the plan; empty if all is."""
    before, after = _flat(planned), _flat(now)
    changed = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    return [_difference(name, before.get(name), after.get(name)) for name in changed]


def _difference(name: str, before: object, after: object) -> str:
    return "its vars differ" if name == "vars" else f"{name} is {_shown(after)}, in the plan {_shown(before)}"


def _flat(ref: TargetRef) -> dict[str, object]:
    data = codec.to_json(ref)
    return {**{name: value for name, value in data.items() if name != "settings"}, **data["settings"]}


def _shown(value: object) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
