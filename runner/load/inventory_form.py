"""vmfix's own inventory format as pydantic models: they validate it, and its JSON Schema is made from them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from runner.model.fields import Duration, Shape
from runner.model.inventory import Platform, TransportKind, WinrmAuth
from runner.model.secret import SecretKind, SecretRef

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"
_NAME = re.compile(NAME_PATTERN)
_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_VM = re.compile(
    rf"/subscriptions/{_GUID}/resourceGroups/[^/\s]+/providers/Microsoft\.Compute/virtualMachines/[^/\s]+",
    re.IGNORECASE,
)
_HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?")
RESERVED = ("all", "ungrouped")
_LONGEST_NAME = 253  # characters: what a DNS name may have

REFERENCE = (
    "Use a reference: {env: NAME}, {file: PATH}, {keyring: service/user}, {command: [program, argument]} "
    "or {prompt: Question}."
)


def check_name(name: str) -> str:
    """A name of a target or group: it becomes part of file names and of patterns."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = f"`{name}` cannot be a name\nUse letters, digits and . _ -, and put an address under `address`."
        raise ValueError(message)
    return name


def check_group_name(name: str) -> str:
    """As ``check_name``, without the names that patterns give a meaning to."""
    if name in RESERVED:
        message = f"`{name}` cannot be a group's name, for every inventory has it\nChoose another name."
        raise ValueError(message)
    return check_name(name)


def check_address(address: str) -> str:
    """A host name or IP address. Whether it exists is the transport's business."""
    if re.fullmatch(r"[^\s:\[\]]+:[0-9]+|\[.*\](:[0-9]+)?", address):
        message = f"`{address}` is not a mere address\nWrite the port under `port`, and IPv6 without brackets."
        raise ValueError(message)
    if not re.fullmatch(r"[A-Za-z0-9_:.][A-Za-z0-9_:.%-]*", address):
        message = f"`{address}` is not an address\nWrite a host name or an IP address."
        raise ValueError(message)
    return address


def check_azure_id(text: str) -> str:
    """The resource id of a virtual machine, with any names in it."""
    if not _VM.fullmatch(text):
        message = (
            "this is not the resource id of a virtual machine\nWrite /subscriptions/<guid>/resourceGroups/<name>"
            "/providers/Microsoft.Compute/virtualMachines/<name>."
        )
        raise ValueError(message)
    return text


def check_vm_id(text: str) -> str:
    """What Azure and the machine's own instance metadata call the machine."""
    if not re.fullmatch(_GUID, text):
        message = "this is not a vmId\nWrite a GUID: it is properties.vmId in the portal's JSON view."
        raise ValueError(message)
    return text


def check_host_key(text: str) -> str:
    """A public key as in a known_hosts line, without the names before it."""
    if not _HOST_KEY.fullmatch(text):
        message = "this is not an SSH host key\nWrite type and key: ssh-ed25519 AAAA..."
        raise ValueError(message)
    return text


def parse_secret(value: object) -> SecretRef:
    """A reference from its mapping. The complaint never repeats the value: it may be the secret."""
    if not isinstance(value, dict):
        message = f"a secret cannot stand in a file\n{REFERENCE}"
        raise ValueError(message)  # noqa: TRY004 - pydantic turns only a ValueError into a complaint
    if len(value) != 1 or next(iter(value)) not in {kind.value for kind in SecretKind}:
        message = f"this is not a reference to a secret\n{REFERENCE}"
        raise ValueError(message)
    word, where = next(iter(value.items()))
    kind = SecretKind(word)
    parts = where if isinstance(where, list) and kind is SecretKind.COMMAND else [where]
    if not parts or not all(isinstance(part, str) and part for part in parts):
        wanted = "a list of texts: [program, argument]" if kind is SecretKind.COMMAND else "a text"
        message = f"`{word}` must be {wanted}"
        raise ValueError(message)
    if kind is SecretKind.COMMAND and not isinstance(where, list):
        message = "`command` must be a list of texts\nWrite [program, argument]; no shell reads it."
        raise ValueError(message)
    if kind is SecretKind.KEYRING and not re.fullmatch(r".+/[^/]+", str(where)):
        message = "`keyring` must be service/user"
        raise ValueError(message)
    return SecretRef(kind, tuple(parts))


_TEXT = {"type": "string", "minLength": 1}
_SECRET_SCHEMA = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        **{kind.value: _TEXT for kind in SecretKind},
        "command": {"type": "array", "items": _TEXT, "minItems": 1},
    },
}

Text = Annotated[str, Field(min_length=1)]
_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})
Name = Annotated[str, AfterValidator(check_name), _NAME_SCHEMA]
GroupName = Annotated[str, AfterValidator(check_group_name), _NAME_SCHEMA]
Address = Annotated[str, AfterValidator(check_address)]
AzureId = Annotated[str, AfterValidator(check_azure_id)]
VmId = Annotated[str, AfterValidator(check_vm_id)]
HostKey = Annotated[str, AfterValidator(check_host_key)]
Port = Annotated[int, Field(ge=1, le=65535)]
SecretField = Annotated[SecretRef, PlainValidator(parse_secret), WithJsonSchema(_SECRET_SCHEMA)]
ConfigFile = Annotated[str | None, BeforeValidator(lambda value: None if value == "none" else value)]


class SshForm(Shape):
    """How to log in over SSH."""

    key_files: tuple[Text, ...] | None = Field(None, description="private key files, tried in order")
    key_passphrase: SecretField | None = Field(None, description="opens the private keys")
    password: SecretField | None = Field(None, description="for password authentication")
    agent: bool | None = Field(None, description="whether the SSH agent's keys are tried")
    known_hosts: tuple[Text, ...] | None = Field(None, description="files with known host keys")
    host_key: HostKey | None = Field(None, description="the only key believed")
    config: ConfigFile = Field(None, description="OpenSSH client configuration file, or none")
    proxy_jump: Text | None = Field(None, description="[user@]host[:port][,...], or none")
    sudo: bool | None = Field(None, description="whether to become root by sudo where the login is not root")
    sudo_password: SecretField | None = Field(None, description="what sudo asks for")
    connect_timeout: Duration | None = Field(None, description="for name, TCP, key exchange and login together")
    keepalive: Duration | None = Field(None, description="time between signs of life; 0s switches them off")


class TargetSshForm(SshForm):
    """Of one machine. Safety is given up for one machine at a time, never for a group."""

    insecure_host_key: bool | None = Field(None, description="believe any host key: gives up safety")


class WinrmForm(Shape):
    """How to log in over WinRM."""

    port: Port | None = None
    https: bool | None = Field(None, description="false: http, with NTLM, Kerberos or CredSSP encryption")
    auth: WinrmAuth | None = Field(None, description="basic and certificate need https")
    user: Text | None = Field(None, description=r"DOMAIN\user, user@domain, or a local user")
    password: SecretField | None = Field(None, description="not for kerberos, which takes your ticket (kinit)")
    certificate: Text | None = Field(None, description="PEM file with the client's certificate")
    certificate_key: Text | None = Field(None, description="PEM file with its key, if that is another one")
    certificate_passphrase: SecretField | None = Field(None, description="opens the key")
    service: Text | None = Field(None, description="first part of the service's name in Kerberos; default: HTTP")
    kerberos_hostname: Text | None = Field(None, description="its second part; default: the address")
    kerberos_delegation: bool | None = Field(None, description="let the machine use your ticket elsewhere")
    ca_file: Text | None = Field(None, description="certificates of the authorities to believe; default: the system's")
    connect_timeout: Duration | None = Field(None, description="for name, TCP and TLS, and each message of the login")


class TargetWinrmForm(WinrmForm):
    """Of one machine, as above."""

    insecure_certificate: bool | None = Field(None, description="believe any certificate: gives up safety")


class CommonForm(Shape):
    """What may be said at every level; the nearest to the target wins."""

    transport: TransportKind | None = Field(None, description="how the target is reached")
    platform: Platform | None = Field(None, description="default: windows for winrm, else linux")
    port: Port | None = None
    user: Text | None = None
    vars: dict[str, object] = Field({}, description="values for the expressions of playbooks; merged key by key")
    ssh: SshForm = SshForm()
    winrm: WinrmForm = WinrmForm()


class TargetForm(CommonForm):
    """One machine."""

    ssh: TargetSshForm = TargetSshForm()
    winrm: TargetWinrmForm = TargetWinrmForm()
    address: Address | None = Field(None, description="default: the target's name")
    azure_id: AzureId | None = Field(None, description="resource id of the VM")
    hostname: Text | None = Field(None, description="what the machine must call itself before the first change")
    vm_id: VmId | None = Field(None, description="the VM's vmId, compared likewise")


class GroupForm(CommonForm):
    """Targets with something in common, and groups inside the group."""

    targets: dict[Name, TargetForm | None] = Field({})
    groups: dict[GroupName, GroupForm | None] = Field({})


class InventoryDocument(Shape):
    """A whole inventory file."""

    vmfix: Literal[1] = Field(description="version of the format")
    defaults: CommonForm = CommonForm()
    targets: dict[Name, TargetForm | None] = Field({}, description="targets that are in no group")
    groups: dict[GroupName, GroupForm | None] = Field({})
