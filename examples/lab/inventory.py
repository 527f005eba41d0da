"""Writes what a client needs to reach the targets: inventories, known hosts, an OpenSSH configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USER = "azureuser"
PASSWORD_VARIABLE = "VMFIX_LAB_PASSWORD"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a client has to know of a target: its port on 127.0.0.1, and its host key, or a file with its authority."""

    port: int
    trust: str


def write_client_files(
    folder: Path, linux: Mapping[str, Client], windows: Mapping[str, Client], *, windows_user: str
) -> None:
    """Write known_hosts, inventory.yml, ansible.ini and ssh_config; what is not running is left out."""
    known = "".join(f"[127.0.0.1]:{client.port} {client.trust}\n" for client in linux.values())
    (folder / "known_hosts").write_text(known, encoding="ascii")
    vmfix = ["vmfix: 1", *(_vmfix_linux(folder, linux)), *(_vmfix_windows(folder, windows, windows_user))]
    (folder / "inventory.yml").write_text("\n".join(vmfix) + "\n", encoding="utf-8")
    ansible = [*_ansible_linux(folder, linux), *_ansible_windows(windows, windows_user)]
    (folder / "ansible.ini").write_text("\n".join(ansible) + "\n", encoding="utf-8")
    (folder / "ssh_config").write_text(_openssh(folder, linux), encoding="utf-8")


def _vmfix_linux(folder: Path, clients: Mapping[str, Client]) -> list[str]:
    # JSON strings are YAML strings, whatever is in them.
    key, hosts = json.dumps(str(folder / "client_key")), json.dumps(str(folder / "known_hosts"))
    return [
        "defaults:",
        "  transport: ssh",
        f"  user: {USER}",
        f"  ssh: {{key_files: [{key}], known_hosts: [{hosts}], config: none, sudo: true}}",
        "groups:",
        "  linux:",
        "    targets:" if clients else "    targets: {}",
        *(f"      {name}: {{address: 127.0.0.1, port: {client.port}}}" for name, client in clients.items()),
    ]


def _vmfix_windows(folder: Path, clients: Mapping[str, Client], user: str) -> list[str]:
    if not clients:
        return []
    password = json.dumps(str(folder / "password"))
    return [
        "  windows:",
        "    transport: winrm",
        f"    winrm: {{https: true, auth: ntlm, user: {user}, password: {{file: {password}}}}}",
        "    targets:",
        *(
            f"      {name}: {{address: 127.0.0.1, port: {client.port}, winrm: {{ca_file: {json.dumps(client.trust)}}}}}"
            for name, client in clients.items()
        ),
    ]


def _ansible_linux(folder: Path, clients: Mapping[str, Client]) -> list[str]:
    options = f'-F none -o UserKnownHostsFile="{folder / "known_hosts"}"'
    return [
        "[linux]",
        *(f"{name} ansible_host=127.0.0.1 ansible_port={client.port}" for name, client in clients.items()),
        "",
        "[linux:vars]",
        "ansible_connection=ssh",
        f"ansible_user={USER}",
        f"ansible_ssh_private_key_file={folder / 'client_key'}",
        f"ansible_ssh_common_args='{options}'",
        "ansible_become=true",
    ]


def _ansible_windows(clients: Mapping[str, Client], user: str) -> list[str]:
    if not clients:
        return []
    hosts = [
        f"{name} ansible_host=127.0.0.1 ansible_port={client.port} ansible_winrm_ca_trust_path={client.trust}"
        for name, client in clients.items()
    ]
    return [
        "",
        "[windows]",
        *hosts,
        "",
        "[windows:vars]",
        "ansible_connection=winrm",
        "ansible_shell_type=cmd",
        "ansible_winrm_scheme=https",
        "ansible_winrm_transport=ntlm",
        f"ansible_user={user}",
        f"ansible_password=\"{{{{ lookup('env', '{PASSWORD_VARIABLE}') }}}}\"",
    ]


def _openssh(folder: Path, clients: Mapping[str, Client]) -> str:
    lines = [line for name, client in clients.items() for line in (f"Host {name}", f"  Port {client.port}")]
    lines += [
        "Host *",
        "  HostName 127.0.0.1",
        f"  User {USER}",
        f'  IdentityFile "{folder / "client_key"}"',
        "  IdentitiesOnly yes",
        f'  UserKnownHostsFile "{folder / "known_hosts"}"',
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
    ]
    return "\n".join(lines) + "\n"
