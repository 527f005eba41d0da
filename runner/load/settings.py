"""What all inventory formats end in: settings with their positions, and targets made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from runner.diagnostics import Diagnostics, Span
from runner.model.inventory import Inventory, Platform, SshOptions, Target, TransportKind, WinrmOptions

Key = tuple[str, ...]  # ("port",), ("ssh", "key_files"), ("winrm", "user"), ("vars", "tier")

_OWN = ("address", "user", "azure_id", "hostname", "vm_id")  # settings that go into a Target as they are


@dataclass(frozen=True, slots=True)
class Setting:
    """One value and where it was given."""

    value: object
    span: Span


Settings = Mapping[Key, Setting]


def overlay(lower: Settings, upper: Settings) -> dict[Key, Setting]:
    """``lower`` with ``upper`` on top. A nearer ``port`` or ``user`` also beats a farther ``winrm.port``."""
    hidden = {("winrm", key[0]) for key in upper if key in {("port",), ("user",)}}
    return {key: value for key, value in lower.items() if key not in hidden} | dict(upper)


def freeze(value: object) -> object:
    """JSON-like data that nobody can change: lists become tuples, mappings read-only."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


def make_target(name: str, settings: Settings, groups: tuple[str, ...], span: Span, diagnostics: Diagnostics) -> Target:
    """The target that these settings describe. Settings of the transport that it does not use have no effect."""
    transport = _value(settings, "transport", TransportKind.SSH)
    is_winrm = transport is TransportKind.WINRM
    own: dict[str, Any] = {key: settings[key,].value for key in _OWN if (key,) in settings}
    if is_winrm and ("winrm", "user") in settings:
        own["user"] = settings["winrm", "user"].value
    port: Any = _value(settings, "port", None)
    if is_winrm and ("winrm", "port") in settings:
        port = settings["winrm", "port"].value
    target = Target(
        name=name,
        transport=transport,
        platform=_value(settings, "platform", Platform.WINDOWS if is_winrm else Platform.LINUX),
        port=port,
        groups=groups,
        vars=MappingProxyType({key[1]: freeze(it.value) for key, it in settings.items() if key[0] == "vars"}),
        ssh=SshOptions(**_section(settings, "ssh")),
        winrm=WinrmOptions(**_section(settings, "winrm", without=("port", "user"))),
        span=span,
        **({"address": name} | own),
    )
    _check(target, settings, diagnostics)
    return target


def _value(settings: Settings, key: str, default: object) -> Any:  # noqa: ANN401 - the schema has checked its type
    found = settings.get((key,))
    return default if found is None else found.value


def _section(settings: Settings, section: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {key[1]: setting.value for key, setting in settings.items() if key[0] == section and key[1] not in without}


def _check(target: Target, settings: Settings, diagnostics: Diagnostics) -> None:
    """What only the whole of a target's settings can show."""
    if target.transport is TransportKind.WINRM:
        _check_winrm(target, settings, diagnostics)
    if target.ssh.host_key and target.ssh.insecure_host_key:
        message = "`host_key` and `insecure_host_key` contradict each other"
        diagnostics.error(settings["ssh", "insecure_host_key"].span, message, "Remove `insecure_host_key`.")


def _check_winrm(target: Target, settings: Settings, diagnostics: Diagnostics) -> None:
    options = target.winrm
    given = settings.get(("winrm", "auth"), settings.get(("winrm", "https"))) or Setting(None, target.span)
    if options.auth == "basic" and not options.https:
        message = "basic authentication without https would send the password in the clear"
        diagnostics.error(given.span, message, "Use https, or one of the other kinds of authentication.")
    if options.auth == "certificate" and not options.https:
        message = "a client certificate can be shown only over https"
        diagnostics.error(given.span, message, "Use https, or one of the other kinds of authentication.")
    if options.auth == "certificate" and options.certificate is None:
        diagnostics.error(given.span, "`auth: certificate` without a certificate", "Name its file under `certificate`.")


def make_inventory(
    targets: Iterable[Target], groups: Iterable[str], source: str, diagnostics: Diagnostics
) -> Inventory:
    """An inventory of targets that know their groups, after a look for machines that occur twice."""
    targets = tuple(targets)
    members: dict[str, list[str]] = {group: [] for group in groups}
    for target in targets:
        for group in target.groups:
            members.setdefault(group, []).append(target.name)
    find_twins(targets, diagnostics)
    frozen = MappingProxyType({group: tuple(names) for group, names in members.items()})
    return Inventory(targets=targets, groups=frozen, source=source)


def find_twins(targets: Iterable[Target], diagnostics: Diagnostics) -> None:
    """Two names for one machine would mean two remedies on it at once."""
    seen: dict[tuple[str, ...], Target] = {}
    for target in targets:
        for kind, identity in (("azure_id", target.azure_id), ("vm_id", target.vm_id)):
            if identity is None:
                continue
            first = seen.setdefault((kind, identity.lower()), target)
            if first.name != target.name:
                message = f"targets `{first.name}` and `{target.name}` have the same {kind}: they are one machine"
                diagnostics.error(target.span, message, "Keep one of them.")
