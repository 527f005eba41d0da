"""A plan's reference to a machine: what decides where, as whom and with what we work, and no secret."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from runner import codec
from runner.model.inventory import Platform, SshOptions, Target, TransportKind, WinrmOptions
from runner.model.secret import SecretKind, SecretRef
from runner.plan.assemble import target_differences, target_ref

PIN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF5wAUBGzpzcUPmzRhDCYqbHlBJlFU0sUSdrYxQZKzCH"


def target(**fields: Any) -> Target:  # noqa: ANN401 - any field of Target
    """A machine over SSH."""
    values: dict[str, Any] = {"name": "web", "address": "192.0.2.1", "transport": TransportKind.SSH}
    return Target(**{**values, "platform": Platform.LINUX, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "192.0.2.2"}, "address is 192.0.2.2, in the plan 192.0.2.1"),
        ({"user": "root"}, "user is root, in the plan not stated"),
        ({"hostname": "web-1"}, "hostname is web-1, in the plan not stated"),
        ({"vm_id": "0f3a"}, "vm_id is 0f3a, in the plan not stated"),
        ({"ssh": SshOptions(proxy_jump="jump")}, "ssh.proxy_jump is jump, in the plan not stated"),
        ({"ssh": SshOptions(host_key=PIN)}, f"ssh.host_key is {PIN}, in the plan not stated"),
        ({"ssh": SshOptions(known_hosts=("/k",))}, "ssh.known_hosts is /k, in the plan not stated"),
        ({"ssh": SshOptions(config=None)}, "ssh.config is none, in the plan not stated"),
        ({"ssh": SshOptions(sudo=False)}, "ssh.sudo is false, in the plan not stated"),
        ({"vars": {"tier": "gold"}}, "its vars differ"),
    ],
)
def test_what_decides_where_and_as_whom_is_part_of_the_plan(fields: dict[str, Any], said: str) -> None:
    """In its identity too, and a refusal names it."""
    before, after = target_ref(target()), target_ref(target(**fields))

    assert codec.digest(before, evidence=False) != codec.digest(after, evidence=False)
    assert target_differences(before, after) == [said]


@pytest.mark.parametrize("options", [{"https": False}, {"auth": "kerberos"}, {"certificate": "c"}, {"ca_file": "/ca"}])
def test_so_it_is_over_winrm(options: dict[str, Any]) -> None:
    """Its options are those of that way alone."""
    over_winrm: dict[str, Any] = {"transport": TransportKind.WINRM, "platform": Platform.WINDOWS}
    before = target_ref(target(**over_winrm))
    after = target_ref(target(**over_winrm, winrm=WinrmOptions(**options), ssh=SshOptions(proxy_jump="unused")))

    assert list(after.settings) == [f"winrm.{name}" for name in options]
    assert target_differences(before, after)


def test_how_to_log_in_is_no_part_of_it_and_no_secret_either() -> None:
    """A job may have its key elsewhere. Variables may hold anything, so only their digest is kept."""
    ref = SecretRef(kind=SecretKind.ENV, where=("PASSWORD",))
    ssh = SshOptions(key_files=("/k",), password=ref, sudo_password=ref, agent=False, connect_timeout=3.0)
    plain = target_ref(target())

    assert target_ref(target(ssh=ssh)) == plain
    assert plain.settings == {}
    assert "hunter2" not in str(codec.to_json(target_ref(target(vars={"db": "hunter2"}))))


def test_a_reference_comes_back_from_a_plan_file() -> None:
    """As it was."""
    ref = target_ref(target(ssh=SshOptions(known_hosts=("/k",), sudo=False)))

    again = codec.from_json(type(ref), codec.to_json(ref))

    assert not target_differences(again, ref)
    assert dataclasses.replace(again, settings={}) == dataclasses.replace(ref, settings={})
    assert codec.digest(again) == codec.digest(ref)
