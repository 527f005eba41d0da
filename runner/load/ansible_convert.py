"""Tables of Ansible's connection variables, and how the value of each becomes a setting of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import get_args

from runner.diagnostics import Diagnostics, Span
from runner.load.ansible_ssh_args import parse_ssh_args
from runner.load.ansible_value import truth
from runner.load.inventory_form import check_address, check_azure_id, check_host_key, check_vm_id
from runner.load.settings import Key
from runner.model.inventory import Platform, TransportKind, WinrmAuth

_HIGHEST_PORT = 65535

Converted = list[tuple[Key, object]]


class Unsupported(Exception):
    """The value is understood and cannot be had here: a warning, and the setting keeps its default."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


Converter = Callable[[object, Span, Diagnostics], Converted]


def _text(*targets: Key, check: Callable[[str], str] = str) -> Converter:
    def convert(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            message = "a text is wanted here"
            raise ValueError(message)
        return [(target, check(str(value))) for target in targets]

    return convert


def _port(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        message = f"`{text}` is not a port\nWrite a number from 1 to {_HIGHEST_PORT}."
        raise ValueError(message)
    return [(("port",), int(text))]


def _bool(target: Key) -> Converter:
    def convert(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
        meant = truth(value)
        if meant is None:
            message = f"`{value}` is neither true nor false\nWrite true or false."
            raise ValueError(message)
        return [(target, meant)]

    return convert


def _seconds(*targets: Key) -> Converter:
    def convert(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,7}(\.[0-9]+)?", str(value)):
            message = f"`{value}` is not a number of seconds"
            raise ValueError(message)
        return [(target, float(str(value))) for target in targets]

    return convert


def _files(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    return [(("ssh", "key_files"), (str(value),))]


def _connection(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    short = str(value).removeprefix("ansible.builtin.").removeprefix("ansible.netcommon.")
    if short in _CONNECTIONS:
        return [(("transport",), _CONNECTIONS[short])]
    message = f"the connection `{value}` is not supported\nUse ssh, winrm or local."
    if short == "psrp":
        message = "the connection `psrp` is not supported\nUse winrm: it talks to the same service of the machine."
    raise ValueError(message)


def _only(*allowed: str, what: str) -> Converter:
    def convert(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
        if str(value).removeprefix("ansible.builtin.") not in allowed:
            message = f"`{value}` is not supported, only {' or '.join(allowed)}\n{what}"
            raise ValueError(message)
        return []

    return convert


def _shell(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    return [(("platform",), Platform.WINDOWS)] if str(value) in {"powershell", "cmd"} else []


def _auth(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    offered = value if isinstance(value, list) else str(value).split(",")
    for one in (str(item).strip() for item in offered):
        if one in get_args(WinrmAuth):
            return [(("winrm", "auth"), one)]
        if one == "ssl":  # Ansible's word for basic over https
            return [(("winrm", "auth"), "basic")]
    message = f"the authentication `{value}` is not supported\nUse {', '.join(get_args(WinrmAuth))}."
    raise ValueError(message)


def _scheme(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    if value not in {"http", "https"}:
        message = f"`{value}` is neither http nor https"
        raise ValueError(message)
    return [(("winrm", "https"), value == "https")]


def _certificates(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    if str(value) == "ignore":
        message = "the certificate is checked all the same"
        remedy = "Name its authority in ansible_winrm_ca_trust_path, or set vmfix_insecure_certificate."
        raise Unsupported(message, remedy)
    return []


def _host_key_checking(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    if truth(value) is False:
        message = "host keys are checked all the same"
        raise Unsupported(message, "Add the key to known_hosts, or set vmfix_host_key or vmfix_insecure_host_key.")
    return []


def _platform(value: object, _span: Span, _diagnostics: Diagnostics) -> Converted:
    if value not in {platform.value for platform in Platform}:
        message = f"`{value}` is not a platform\nWrite linux or windows."
        raise ValueError(message)
    return [(("platform",), Platform(value))]


_SSH, _WINRM, _LOCAL = TransportKind.SSH, TransportKind.WINRM, TransportKind.LOCAL
_CONNECTIONS = MappingProxyType(
    {"ssh": _SSH, "smart": _SSH, "paramiko": _SSH, "paramiko_ssh": _SSH, "winrm": _WINRM, "local": _LOCAL}
)
_PASSWORD: tuple[Key, ...] = (("ssh", "password"), ("winrm", "password"))
_SUDO_PASSWORD: tuple[Key, ...] = (("ssh", "sudo_password"),)
_PASSPHRASE: tuple[Key, ...] = (("ssh", "key_passphrase"),)
SECRETS: Mapping[str, tuple[Key, ...]] = MappingProxyType(
    {
        "ansible_password": _PASSWORD,
        "ansible_pass": _PASSWORD,
        "ansible_ssh_pass": _PASSWORD[:1],
        "ansible_ssh_password": _PASSWORD[:1],
        "ansible_winrm_pass": _PASSWORD[1:],
        "ansible_winrm_password": _PASSWORD[1:],
        "ansible_become_password": _SUDO_PASSWORD,
        "ansible_become_pass": _SUDO_PASSWORD,
        "ansible_sudo_pass": _SUDO_PASSWORD,
        "ansible_private_key_passphrase": _PASSPHRASE,
        "ansible_ssh_private_key_passphrase": _PASSPHRASE,
    }
)
VALUES: Mapping[str, Converter] = MappingProxyType(
    {
        "ansible_host": _text(("address",), check=check_address),
        "ansible_ssh_host": _text(("address",), check=check_address),
        "ansible_winrm_host": _text(("address",), check=check_address),
        "ansible_port": _port,
        "ansible_ssh_port": _port,
        "ansible_winrm_port": _port,
        "ansible_user": _text(("user",)),
        "ansible_ssh_user": _text(("user",)),
        "ansible_winrm_user": _text(("user",)),
        "ansible_connection": _connection,
        "ansible_shell_type": _shell,
        "ansible_private_key_file": _files,
        "ansible_ssh_private_key_file": _files,
        "ansible_timeout": _seconds(("ssh", "connect_timeout"), ("winrm", "connect_timeout")),
        "ansible_ssh_timeout": _seconds(("ssh", "connect_timeout")),
        "ansible_ssh_args": parse_ssh_args,
        "ansible_ssh_common_args": parse_ssh_args,
        "ansible_ssh_extra_args": parse_ssh_args,
        "ansible_host_key_checking": _host_key_checking,
        "ansible_ssh_host_key_checking": _host_key_checking,
        "ansible_become": _bool(("ssh", "sudo")),
        "ansible_become_method": _only("sudo", "runas", what="Log in as root, or let the login use sudo."),
        "ansible_become_user": _only("root", what="Remedies need root."),
        "ansible_winrm_scheme": _scheme,
        "ansible_winrm_transport": _auth,
        "ansible_winrm_server_cert_validation": _certificates,
        "ansible_winrm_cert_pem": _text(("winrm", "certificate")),
        "ansible_winrm_cert_key_pem": _text(("winrm", "certificate_key")),
        "ansible_winrm_service": _text(("winrm", "service")),
        "ansible_winrm_kerberos_hostname_override": _text(("winrm", "kerberos_hostname")),
        "ansible_winrm_kerberos_delegation": _bool(("winrm", "kerberos_delegation")),
        "ansible_winrm_connection_timeout": _seconds(("winrm", "connect_timeout")),
        "ansible_winrm_ca_trust_path": _text(("winrm", "ca_file")),
        "ansible_winrm_ca_cert": _text(("winrm", "ca_file")),
        "vmfix_platform": _platform,
        "vmfix_azure_id": _text(("azure_id",), check=check_azure_id),
        "vmfix_hostname": _text(("hostname",)),
        "vmfix_vm_id": _text(("vm_id",), check=check_vm_id),
        "vmfix_host_key": _text(("ssh", "host_key"), check=check_host_key),
        "vmfix_insecure_host_key": _bool(("ssh", "insecure_host_key")),
        "vmfix_insecure_certificate": _bool(("winrm", "insecure_certificate")),
    }
)
SILENT = frozenset(
    {
        "ansible_group_priority",
        "ansible_shell_executable",
        "ansible_interpreter_python",
        "ansible_winrm_message_encryption",
        "ansible_winrm_operation_timeout_sec",
        "ansible_winrm_read_timeout_sec",
        "ansible_winrm_kinit_mode",
    }
)
