"""Writes what a client needs to reach the targets: inventories, known hosts, an OpenSSH configuration."""

import json
from collections.abc import Mapping
from pathlib import Path

USER = "azureuser"


def write_client_files(folder: Path, ports: Mapping[str, int], host_keys: Mapping[str, str]) -> None:
    """Write known_hosts, inventory.yml, ansible.ini and ssh_config; what is not running is left out."""
    known = "".join(f"[127.0.0.1]:{port} {host_keys[name]}\n" for name, port in ports.items())
    (folder / "known_hosts").write_text(known, encoding="ascii")
    (folder / "inventory.yml").write_text(_vmfix(folder, ports), encoding="utf-8")
    (folder / "ansible.ini").write_text(_ansible(folder, ports), encoding="utf-8")
    (folder / "ssh_config").write_text(_openssh(folder, ports), encoding="utf-8")


def _vmfix(folder: Path, ports: Mapping[str, int]) -> str:
    # JSON strings are YAML strings, whatever is in them.
    key, hosts = json.dumps(str(folder / "client_key")), json.dumps(str(folder / "known_hosts"))
    lines = [
        "vmfix: 1",
        "defaults:",
        "  transport: ssh",
        f"  user: {USER}",
        f"  ssh: {{key_files: [{key}], known_hosts: [{hosts}], config: none, sudo: true}}",
        "groups:",
        "  linux:",
        "    targets:",
        *(f"      {name}: {{address: 127.0.0.1, port: {port}}}" for name, port in ports.items()),
    ]
    return "\n".join(lines) + "\n"


def _ansible(folder: Path, ports: Mapping[str, int]) -> str:
    options = f'-F none -o UserKnownHostsFile="{folder / "known_hosts"}"'
    lines = [
        "[linux]",
        *(f"{name} ansible_host=127.0.0.1 ansible_port={port}" for name, port in ports.items()),
        "",
        "[linux:vars]",
        "ansible_connection=ssh",
        f"ansible_user={USER}",
        f"ansible_ssh_private_key_file={folder / 'client_key'}",
        f"ansible_ssh_common_args='{options}'",
        "ansible_become=true",
    ]
    return "\n".join(lines) + "\n"


def _openssh(folder: Path, ports: Mapping[str, int]) -> str:
    lines = [line for name, port in ports.items() for line in (f"Host {name}", f"  Port {port}")]
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
