"""vmfix's own inventory format."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from runner.diagnostics import Diagnostics
from runner.load.document import read
from runner.load.inventory import read_inventory
from runner.load.inventory_form import InventoryDocument
from runner.model.inventory import Inventory, Platform, Target, TransportKind
from runner.model.secret import SecretKind, SecretRef

SAMPLES = Path(__file__).parents[3] / "inventory"
VM = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
)
VM_ID = "02aab8a4-74ef-476e-8182-f6d2ba4166a6"


def load(body: str) -> Inventory:
    """An inventory without complaints."""
    diagnostics = Diagnostics()
    found = read_inventory(f"vmfix: 1\n{body}", "inv.yml", diagnostics)
    assert found is not None, list(map(str, diagnostics))
    assert not list(diagnostics)
    return found


def only(body: str) -> Target:
    """The one target of an inventory."""
    (target,) = load(body).targets
    return target


def complaints(text: str) -> list[str]:
    """The complaints, each in one line."""
    diagnostics = Diagnostics()
    found = read_inventory(text, "inv.yml", diagnostics)
    assert (found is None) == bool(diagnostics.errors)
    return [str(item).replace("\n    ", " | ") for item in diagnostics]


def test_a_target_needs_only_a_name() -> None:
    """Its address is its name, and it is a Linux machine reached over SSH."""
    target = only("targets: {web.example.com: }")

    assert (target.name, target.address) == ("web.example.com", "web.example.com")
    assert (target.transport, target.platform) == (TransportKind.SSH, Platform.LINUX)
    assert target.ssh.sudo
    assert target.ssh.known_hosts
    assert target.groups == ()
    assert str(target.span) == "inv.yml:2:11"


@pytest.mark.parametrize(
    ("transport", "platform"), [("ssh", "linux"), ("winrm", "windows"), ("local", "linux"), ("fake", "linux")]
)
def test_the_transport_tells_the_platform(transport: str, platform: str) -> None:
    """Unless the platform is stated."""
    assert only(f"targets: {{t: {{transport: {transport}}}}}").platform.value == platform
    assert only(f"targets: {{t: {{transport: {transport}, platform: windows}}}}").platform is Platform.WINDOWS


def test_the_nearest_setting_wins() -> None:
    """Defaults, group, inner group, target; options of ssh one by one, vars key by key."""
    target = only("""
defaults: {user: a, port: 1, vars: {a: 1, b: 1, c: 1, d: 1}, ssh: {agent: false, proxy_jump: p}}
groups:
  outer:
    user: b
    vars: {b: 2, c: 2, d: 2}
    groups:
      inner:
        user: c
        vars: {c: 3, d: 3}
        ssh: {proxy_jump: q}
        targets: {t: {user: d, vars: {d: 4}}}
""")

    assert (target.user, target.port) == ("d", 1)
    assert dict(target.vars) == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert (target.ssh.agent, target.ssh.proxy_jump) == (False, "q")
    assert target.groups == ("outer", "inner")


def test_winrm_has_its_own_user_and_port() -> None:
    """They count only for WinRM, and a nearer general one beats them."""
    group = "groups: {w: {transport: winrm, user: a, winrm: {user: b, port: 5985}, targets: {t: %s}}}"

    assert (only(group % "{}").user, only(group % "{}").port) == ("b", 5985)
    assert (only(group % "{user: c, port: 1}").user, only(group % "{user: c, port: 1}").port) == ("c", 1)
    assert (only(group % "{transport: ssh}").user, only(group % "{transport: ssh}").port) == ("a", None)


def test_every_option_arrives() -> None:
    """All keys of ssh and winrm."""
    target = only(f"""
targets:
  t:
    address: 192.0.2.1
    azure_id: {VM}
    vm_id: {VM_ID}
    hostname: T
    ssh:
      key_files: [~/.ssh/id]
      key_passphrase: {{prompt: Passphrase}}
      password: {{env: A}}
      known_hosts: [k]
      host_key: ssh-ed25519 AAAA
      config: none
      sudo: false
      sudo_password: {{command: [pass, show, x]}}
      connect_timeout: 1m
      keepalive: 0s
    winrm:
      https: false
      auth: kerberos
      password: {{keyring: a/b}}
      certificate: d
      certificate_key: e
      certificate_passphrase: {{env: B}}
      service: WSMAN
      kerberos_hostname: f
      kerberos_delegation: true
      ca_file: c
      connect_timeout: 2m
      insecure_certificate: true
""")

    assert (target.azure_id, target.vm_id, target.hostname) == (VM, VM_ID, "T")
    assert target.ssh.key_files == ("~/.ssh/id",)
    assert target.ssh.key_passphrase == SecretRef(SecretKind.PROMPT, ("Passphrase",))
    assert target.ssh.password == SecretRef(SecretKind.ENV, ("A",))
    assert (target.ssh.known_hosts, target.ssh.host_key) == (("k",), "ssh-ed25519 AAAA")
    assert (target.ssh.config, target.ssh.sudo) == (None, False)
    assert target.ssh.sudo_password == SecretRef(SecretKind.COMMAND, ("pass", "show", "x"))
    assert (target.ssh.connect_timeout, target.ssh.keepalive) == (60, 0)
    assert (target.winrm.https, target.winrm.auth, target.winrm.ca_file) == (False, "kerberos", "c")
    assert target.winrm.password == SecretRef(SecretKind.KEYRING, ("a/b",))
    assert (target.winrm.certificate, target.winrm.certificate_key) == ("d", "e")
    assert target.winrm.certificate_passphrase == SecretRef(SecretKind.ENV, ("B",))
    assert (target.winrm.service, target.winrm.kerberos_hostname) == ("WSMAN", "f")
    assert target.winrm.kerberos_delegation
    assert target.winrm.connect_timeout == 120
    assert target.winrm.insecure_certificate


def test_a_target_may_be_in_several_groups() -> None:
    """What they say adds up, and a group side by side does not lose to the defaults."""
    found = load("""
defaults: {transport: ssh}
groups:
  windows: {transport: winrm, targets: {t: {vars: {a: 1}}}}
  prod: {vars: {b: 2}, targets: {t: , u: }}
""")
    target = found.by_name()["t"]

    assert target.transport is TransportKind.WINRM
    assert dict(target.vars) == {"a": 1, "b": 2}
    assert dict(found.groups) == {"windows": ("t",), "prod": ("t", "u")}


def test_the_targets_own_word_settles_a_conflict_of_groups() -> None:
    """Only an undecided conflict is an error."""
    assert only("groups: {a: {port: 1, targets: {t: }}, b: {port: 2, targets: {t: {port: 3}}}}").port == 3


def test_nobody_can_change_an_inventory() -> None:
    """Values are frozen to the bottom."""
    target = only("targets: {t: {vars: {a: [1, {b: 2}]}}}")

    assert target.vars["a"] == (1, {"b": 2})
    with pytest.raises(TypeError):
        target.vars["a"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "groups: {a: {port: 1, targets: {t: }}, b: {port: 2, targets: {t: }}}",
            "inv.yml:2:50: error: target `t` gets two values for `port`; the other stands on line 2, column 20",
        ),
        ("groups: {a: {targets: {t: {port: 1}}}, b: {targets: {t: {port: 2}}}}", "gets two values for `port`"),
        ("groups: {a: {groups: {b: }}, b: }", "the group `b` is defined twice"),
        ("groups: {t: {targets: {t: }}}", "is the name of a target and of a group"),
        ("groups: {all: }", "`all` cannot be a group's name"),
        ("targets: {'a b': }", "inv.yml:2:11: error: `a b` cannot be a name"),
        ("targets: {-a: }", "`-a` cannot be a name"),
        ("targets: {'2001:db8::1': }", "`2001:db8::1` cannot be a name"),
        ("targets: {t: {addres: x}}", "unknown key `addres`; did you mean `address`?"),
        ("targets: {t: {address: 'a:22'}}", "Write the port under `port`"),
        ("targets: {t: {address: '-oProxyCommand=x'}}", "is not an address"),
        ("targets: {t: {port: 0}}", "`port` cannot be `0`"),
        ("targets: {t: {transport: sssh}}", "`transport` cannot be `sssh`; did you mean `ssh`?"),
        ("targets: {t: {azure_id: /subscriptions/x}}", "inv.yml:2:25: error: this is not the resource id"),
        ("targets: {t: {vm_id: x}}", "this is not a vmId"),
        ("targets: {t: {ssh: {password: hunter2}}}", "inv.yml:2:31: error: a secret cannot stand in a file"),
        ("targets: {t: {ssh: {password: {evn: X}}}}", "this is not a reference to a secret"),
        ("targets: {t: {ssh: {password: {env: [X]}}}}", "`env` must be a text"),
        ("targets: {t: {ssh: {password: {command: pass x}}}}", "`command` must be a list of texts"),
        ("targets: {t: {ssh: {password: {keyring: x}}}}", "`keyring` must be service/user"),
        ("targets: {t: {ssh: {connect_timeout: 15}}}", "a duration needs a unit"),
        ("targets: {t: {ssh: {host_key: abc}}}", "this is not an SSH host key"),
        ("targets: {t: {ssh: {host_key: ssh-rsa AAAA, insecure_host_key: true}}}", "contradict each other"),
        (
            "targets: {t: {transport: winrm, winrm: {https: false, auth: basic}}}",
            "inv.yml:2:61: error: basic authentication without https",
        ),
        (
            "targets: {t: {transport: winrm, winrm: {https: false, auth: certificate, certificate: c}}}",
            "inv.yml:2:61: error: a client certificate can be shown only over https",
        ),
        (
            "targets: {t: {transport: winrm, winrm: {auth: certificate}}}",
            "inv.yml:2:47: error: `auth: certificate` without a certificate",
        ),
        (f"targets: {{a: {{vm_id: {VM_ID}}}, b: {{vm_id: {VM_ID.upper()}}}}}", "they are one machine"),
        ("defaults: {address: x}", "unknown key `address`"),
    ],
)
def test_each_fault_has_its_complaint(body: str, complaint: str) -> None:
    """What is wrong, where, and what to do."""
    assert any(complaint in line for line in complaints(f"vmfix: 1\n{body}")), complaints(f"vmfix: 1\n{body}")


def test_a_complaint_never_repeats_a_secret() -> None:
    """The value in the place of a reference may be the secret itself."""
    assert "hunter2" not in "".join(complaints("vmfix: 1\ntargets: {t: {ssh: {password: hunter2}}}"))


@pytest.mark.parametrize("text", ["", "a: 1", "[x, y]", "hello: [", "- a"])
def test_what_is_no_inventory(text: str) -> None:
    """Neither form is recognised."""
    assert complaints(text)


def test_the_version_is_checked() -> None:
    """A file of a later format is not guessed at."""
    assert "`vmfix` must be one of `1`, not the number 2" in complaints("vmfix: 2\ntargets: {t: }")[0]
    assert "the key `vmfix` is missing" in complaints("targets: {t: }")[0]


@pytest.mark.parametrize("name", ["example.yml", "ansible-example.ini"])
def test_the_samples_are_right(name: str) -> None:
    """Both sample inventories have Linux and Windows targets."""
    diagnostics = Diagnostics()
    found = read_inventory((SAMPLES / name).read_text(), name, diagnostics)

    assert found is not None
    assert not list(diagnostics)
    assert {target.platform for target in found.targets} == set(Platform)


def test_the_json_schema_accepts_the_sample() -> None:
    """What editors check agrees with what we check."""
    schema = InventoryDocument.model_json_schema()
    document = read((SAMPLES / "example.yml").read_text(), "example.yml", Diagnostics())
    assert document is not None

    jsonschema.validate(document.data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"vmfix": 1, "targets": {"t": {"ssh": {"password": "hunter2"}}}}, schema)
