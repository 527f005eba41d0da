"""Ansible inventories: three forms, their variables, and which of them win."""

from __future__ import annotations

import json

import pytest

from runner.diagnostics import Diagnostics
from runner.load.ansible_raw import VarFile
from runner.load.inventory import looks_like_ini, read_inventory
from runner.model.inventory import Inventory, Platform, Target, TransportKind
from runner.model.secret import SecretKind, SecretRef

ENV = SecretRef(SecretKind.ENV, ("X",))


def load(text: str, source: str = "inv", files: tuple[VarFile, ...] = ()) -> tuple[Inventory | None, list[str]]:
    """The inventory, and the complaints, each in one line."""
    diagnostics = Diagnostics()
    found = read_inventory(text, source, diagnostics, var_files=files)
    return found, [str(item).replace("\n    ", " | ") for item in diagnostics]


def right(text: str, source: str = "inv", files: tuple[VarFile, ...] = ()) -> Inventory:
    """An inventory without complaints."""
    found, said = load(text, source, files)
    assert found is not None, said
    assert not said
    return found


def host(variables: str) -> Target:
    """A target with these variables in INI form."""
    (target,) = right(f"[g]\nh {variables}").targets
    return target


INI = """\
# comment
; comment
lonely

[web]   # comment
web[01:03].example.com tier=front  # comment
db-[a:c:2] ansible_port=2222
other:2200

[outer:children]
web

[outer:vars]
tier = outer
n=3
flag=True
quoted='a b'
list=[1, 2]
text=1:30
"""


def test_ini_form() -> None:
    """Sections, ranges, ports, comments, and values typed as Python literals."""
    found = right(INI)
    by_name = found.by_name()

    assert list(by_name) == [
        "lonely",
        "web01.example.com",
        "web02.example.com",
        "web03.example.com",
        "db-a",
        "db-c",
        "other",
    ]
    assert dict(by_name["db-a"].vars) == {
        "tier": "outer",
        "n": 3,
        "flag": True,
        "quoted": "a b",
        "list": (1, 2),
        "text": "1:30",
    }
    assert by_name["web01.example.com"].vars["tier"] == "front"
    assert (by_name["db-a"].port, by_name["other"].port) == (2222, 2200)
    assert by_name["other"].groups == ("outer", "web")
    assert by_name["lonely"].groups == ()
    assert str(by_name["db-c"].span) == "inv:7:1"


YAML = """\
all:
  vars: {a: all, b: all, c: all, d: all}
  hosts:
    lonely:
  children:
    outer:
      vars: {b: outer, c: outer, d: outer}
      children:
        inner:
          vars: {c: inner, d: inner}
          hosts:
            web[1:2]:
              d: host
              flag: yes
              mode: 0644
"""


def test_yaml_form_and_precedence() -> None:
    """all < parent < child < host, and values by YAML 1.1."""
    found = right(YAML)

    assert dict(found.by_name()["web2"].vars) == {
        "a": "all",
        "b": "outer",
        "c": "inner",
        "d": "host",
        "flag": True,
        "mode": 0o644,
    }
    assert found.by_name()["lonely"].vars["d"] == "all"
    assert dict(found.groups) == {"outer": ("web1", "web2"), "inner": ("web1", "web2")}


def test_list_form() -> None:
    """What scripts print, with lists of machines and _meta."""
    text = json.dumps(
        {
            "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.1"}}},
            "all": {"children": ["web", "ungrouped"]},
            "ungrouped": {"hosts": ["c"]},
            "web": {"hosts": ["a"], "vars": {"x": True}},
            "short": ["b"],
        }
    )
    found = right(text)

    assert set(found.by_name()) == {"a", "b", "c"}
    assert found.by_name()["a"].address == "192.0.2.1"
    assert found.by_name()["a"].vars["x"] is True
    assert found.by_name()["b"].groups == ("short",)
    assert found.by_name()["c"].groups == ()


def test_a_list_without_hostvars_is_said() -> None:
    """Addresses may be missing, so nobody should find out later."""
    found, said = load('{"g": {"hosts": ["a"]}}')

    assert found is not None
    assert "warning: there is no `_meta.hostvars`" in said[0]


def test_groups_side_by_side_follow_priority_and_the_alphabet() -> None:
    """The last in order wins."""
    text = "[a]\nh\n[b]\nh\n[a:vars]\nx=a\n[b:vars]\nx=b\n"

    assert right(text).targets[0].vars["x"] == "b"
    assert right(text + "[a:vars]\nansible_group_priority=2\n").targets[0].vars["x"] == "a"


def test_files_of_variables_beat_the_groups_of_the_inventory() -> None:
    """group_vars/all < group_vars/GROUP < the machine's own < host_vars."""
    text = "[g]\nh d=own e=own\n[g:vars]\na=inv\nb=inv\nc=inv\n"
    files = (
        VarFile(kind="group", name="all", text="b: all\nc: all\n", source="group_vars/all.yml"),
        VarFile(kind="group", name="g", text="c: g\nd: g\n", source="group_vars/g.yml"),
        VarFile(kind="host", name="h", text="e: host\n", source="host_vars/h.yml"),
        VarFile(kind="host", name="h", text="", source="host_vars/h.json"),
    )

    assert dict(right(text, files=files).targets[0].vars) == {"a": "inv", "b": "all", "c": "g", "d": "own", "e": "host"}


def test_an_encrypted_file_is_said() -> None:
    """It is not read, and nobody has to guess so."""
    file = VarFile(kind="group", name="all", text="$ANSIBLE_VAULT;1.1;AES256\n6136", source="group_vars/all.yml")

    assert "group_vars/all.yml: warning: the file is encrypted" in load("[g]\nh\n", files=(file,))[1][0]


def test_ssh_variables() -> None:
    """Address, port, user, keys, secrets, sudo."""
    target = host(
        "ansible_host=192.0.2.1 ansible_port=22 ansible_ssh_user=u ansible_ssh_private_key_file=~/k "
        "ansible_ssh_pass=\"{{ lookup('env', 'X') }}\" ansible_become=no ansible_become_method=sudo "
        'ansible_become_password=\'{{ lookup("ansible.builtin.env", "X") }}\' ansible_python_interpreter=/x'
    )

    assert (target.address, target.port, target.user) == ("192.0.2.1", 22, "u")
    assert target.ssh.key_files == ("~/k",)
    assert target.ssh.password == target.ssh.sudo_password == ENV
    assert not target.ssh.sudo
    assert not target.vars


def test_winrm_variables() -> None:
    """Transport, scheme, authentication, certificates."""
    target = host(
        "ansible_connection=winrm ansible_port=5985 ansible_user='D\\u' ansible_winrm_transport=kerberos,ntlm "
        "ansible_password=\"{{ lookup('env', 'X') }}\" ansible_winrm_ca_trust_path=ca.pem"
    )

    assert (target.transport, target.platform) == (TransportKind.WINRM, Platform.WINDOWS)
    assert (target.winrm.https, target.winrm.auth, target.winrm.ca_file) == (False, "kerberos", "ca.pem")
    assert (target.user, target.winrm.password) == ("D\\u", ENV)
    assert host("ansible_connection=winrm ansible_port=5985 ansible_winrm_scheme=https").winrm.https


def test_winrm_certificates_and_kerberos() -> None:
    """What Ansible and pywinrm call them."""
    target = host(
        "ansible_connection=winrm ansible_winrm_transport=certificate ansible_winrm_cert_pem=c "
        "ansible_winrm_cert_key_pem=k ansible_winrm_service=WSMAN ansible_winrm_kerberos_hostname_override=h "
        "ansible_winrm_kerberos_delegation=yes ansible_winrm_connection_timeout=7 ansible_winrm_read_timeout_sec=9"
    )

    assert (target.winrm.auth, target.winrm.certificate, target.winrm.certificate_key) == ("certificate", "c", "k")
    assert (target.winrm.service, target.winrm.kerberos_hostname) == ("WSMAN", "h")
    assert target.winrm.kerberos_delegation
    assert target.winrm.connect_timeout == 7
    assert host("ansible_connection=winrm ansible_winrm_transport=ssl").winrm.auth == "basic"


@pytest.mark.parametrize(("name", "kind"), [("ssh", "ssh"), ("smart", "ssh"), ("paramiko", "ssh"), ("local", "local")])
def test_connections(name: str, kind: str) -> None:
    """Ansible's names for what we have."""
    assert host(f"ansible_connection={name}").transport.value == kind


def test_windows_over_ssh() -> None:
    """The shell type tells the platform."""
    assert host("ansible_shell_type=powershell").platform is Platform.WINDOWS
    assert host("ansible_shell_type=sh").platform is Platform.LINUX


def test_our_own_variables() -> None:
    """What Ansible has no words for."""
    target = host("vmfix_hostname=H vmfix_insecure_host_key=true vmfix_platform=windows")

    assert (target.hostname, target.ssh.insecure_host_key, target.platform) == ("H", True, Platform.WINDOWS)


def test_a_reference_in_yaml() -> None:
    """Our own form of a reference is understood in Ansible's files too."""
    found = right("all: {hosts: {h: {ansible_password: {env: X}}}}")

    assert found.targets[0].ssh.password == found.targets[0].winrm.password == ENV


def test_simple_templates() -> None:
    """The machine's name, and its other variables."""
    target = host("ansible_host='{{ inventory_hostname }}.{{ zone }}' zone='{{ top }}' top=example.com port=1")

    assert target.address == "h.example.com"
    assert target.vars["zone"] == "example.com"


@pytest.mark.parametrize(
    ("arguments", "section"),
    [
        ("-o ProxyJump=u@b:22", {"proxy_jump": "u@b:22"}),
        ("-oProxyJump=b", {"proxy_jump": "b"}),
        ("-J b", {"proxy_jump": "b"}),
        ('-o ProxyCommand="ssh -W %h:%p -q u@b"', {"proxy_jump": "u@b"}),
        ('-o ProxyCommand="ssh -q b -W %h:%p"', {"proxy_jump": "b"}),
        ("-o ControlMaster=auto -o ControlPersist=60s -C -q", {}),
        (
            "-i k -o ConnectTimeout=5 -o ServerAliveInterval=7",
            {"key_files": ("k",), "connect_timeout": 5, "keepalive": 7},
        ),
        ("-F none -o UserKnownHostsFile=a", {"config": None, "known_hosts": ("a",)}),
        ("-o StrictHostKeyChecking=yes", {}),
    ],
)
def test_arguments_for_ssh(arguments: str, section: dict[str, object]) -> None:
    """What has an equal here is taken over."""
    target = right(f"all: {{hosts: {{h: {{ansible_ssh_common_args: '{arguments}'}}}}}}").targets[0]

    assert {key: getattr(target.ssh, key) for key in section} == section


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ("ansible_password=hunter2", "error: ansible_password: a secret cannot stand in a file"),
        ("ansible_become_pass=hunter2", "error: ansible_become_pass: a secret cannot stand in a file"),
        ('ansible_password="{{ vault_x }}"', "error: ansible_password: this template cannot be evaluated here"),
        ("ansible_connection=psrp", "error: ansible_connection: the connection `psrp` is not supported"),
        ("ansible_connection=docker", "the connection `docker` is not supported"),
        ("ansible_become_method=su", "error: ansible_become_method: `su` is not supported"),
        ("ansible_become_user=app", "error: ansible_become_user: `app` is not supported"),
        ("ansible_become=perhaps", "`perhaps` is neither true nor false"),
        ("ansible_port=0", "`0` is not a port"),
        ("ansible_port=99999", "`99999` is not a port"),
        ("ansible_host='{{ x | y }}'", "error: the value of `ansible_host` is a template"),
        ("ansible_host='{{ ansible_host }}'", "error: the value of `ansible_host` is a template"),
        ("x='{{ y }}'", "warning: the variable `x` is a template"),
        ("ansible_foo=1", "inv:2:1: warning: the variable `ansible_foo` is not supported: it was ignored"),
        (
            "ansible_winrm_server_cert_validation=ignore",
            "warning: ansible_winrm_server_cert_validation: the certificate is",
        ),
        ("ansible_winrm_transport=plaintext", "the authentication `plaintext` is not supported"),
        ("ansible_host_key_checking=False", "warning: ansible_host_key_checking: host keys are checked all the same"),
        ("ansible_ssh_args='-o StrictHostKeyChecking=no'", "warning: StrictHostKeyChecking=no is not followed"),
        ("ansible_ssh_args='-o UserKnownHostsFile=/dev/null'", "warning: UserKnownHostsFile=/dev/null is not followed"),
        ("ansible_ssh_args='-o ForwardAgent=yes'", "warning: the ssh argument `forwardagent yes` is not supported"),
        ("ansible_ssh_args='-o ProxyCommand=nc'", "error: ansible_ssh_args: the ProxyCommand `nc` is not supported"),
        ("y", "error: `y` is not a variable"),
        ("a='x", "error: the line cannot be taken apart"),
        ("vmfix_vm_id=1", "this is not a vmId"),
    ],
)
def test_what_is_not_supported_is_named(variables: str, complaint: str) -> None:
    """Nothing is dropped in silence, and nothing weakens a connection."""
    found, said = load(f"[g]\nh {variables}")

    assert any(complaint in line for line in said), said
    assert "hunter2" not in "".join(said)
    if found is not None:
        assert not any(target.opt_outs for target in found.targets)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a:children]\nb\n", "inv:2:1: error: [a:children] names the group `b`, which is not declared"),
        ("[wbe:vars]\nx=1\n[web]\nh\n", "[wbe:vars] names the group `wbe`, which is not declared; did you mean `web`?"),
        ("[a:var]\n", "unknown kind of section: [a:var]; did you mean :vars?"),
        ("[a]\nh\n[a:vars]\nx\n", "inv:4:1: error: `x` is not a variable"),
        ("[a:children]\nb\n[b:children]\na\n", "the groups `a`, `b` contain each other"),
        ("[a]\nh[1:x]\n", "[1:x] is not a range"),
        ("[a]\nh[01:100]\n", "the ends of the range [01:100] differ in width"),
        ("[a]\nh[9:1]\n", "[9:1] is not a range"),
        ("[a]\nh[1:999999]\n", "more than 100000 machines"),
        ("[a]\n2001:db8::1\n", "`2001:db8::1` cannot be a target's name"),
        ("[a]\na\n", "warning: `a` is the name of a target and of a group"),
        ("all: {hots: {}}", "inv:1:7: error: unknown key `hots` in a group; did you mean `hosts`?"),
        ("all: {hosts: [a]}", "`hosts` must be a mapping, not a list | Write each name with a colon: `name:`."),
        ('{"g": {"hosts": "a"}, "_meta": {"hostvars": {}}}', "`hosts` must be a list of names, not the text `a`"),
        ("all: {hosts: x}", "`hosts` must be a mapping, not the text `x`"),
        ("all: {vars: x}", "variables must be a mapping"),
        ("all: {hosts: {h: {ansible_password: !vault x}}}", "values encrypted with Ansible Vault are not supported"),
        ("all: {hosts: {h: {x: !vault x}}}", "warning: the variable `x` is a template or encrypted"),
        ("all: {hosts: {h: {x: !other x}}}", "tags (!other) are not allowed"),
        ("all: {hosts: {h: {x: *y}}}", "aliases (*y) are not allowed"),
    ],
)
def test_each_fault_has_its_complaint(text: str, complaint: str) -> None:
    """What is wrong, where, and what to do."""
    assert any(complaint in line for line in load(text)[1]), load(text)[1]


def test_a_group_may_be_called_targets() -> None:
    """Names of groups do not make it our own format."""
    assert right("targets: {hosts: {h: }}").by_name()["h"].groups == ("targets",)


def test_tags_as_ansible_prints_them_in_json() -> None:
    """``ansible-inventory --list`` has no tags, but mappings with one key."""
    text = (
        '{"_meta": {"hostvars": {"h": {"ansible_password": {"__ansible_vault": "x"}, "y": {"__ansible_unsafe": "z"}}}}}'
    )
    said = load(text)[1]

    assert [line for line in said if "encrypted with Ansible Vault" in line] == said
    assert right(text.replace("ansible_password", "y2").replace("__ansible_vault", "__ansible_unsafe")).targets[
        0
    ].vars == {
        "y": "z",
        "y2": "x",
    }


def test_unsafe_text_is_text() -> None:
    """Ansible's tag against templates."""
    assert right("all: {hosts: {h: {x: !unsafe 'a'}}}").targets[0].vars["x"] == "a"


@pytest.mark.parametrize(
    ("text", "source", "ini"),
    [
        ("[web]\nh", "inv", True),
        ("# c\n\nh ansible_host=x", "inv", True),
        ("h", "inv", True),
        ("h[1:3].example.com:22", "inv", True),
        ("vmfix: 1", "inv", False),
        ("all:\n  hosts:", "inv", False),
        ("---\nall:", "inv", False),
        ("[a, b]", "inv", False),
        ('{"a": 1}', "inv", False),
        ("all:", "inv.ini", True),
        ("[web]", "inv.yml", False),
    ],
)
def test_forms_are_told_apart(text: str, source: str, ini: bool) -> None:
    """By the ending of the name, else by the first line with a meaning."""
    assert looks_like_ini(text, source) is ini
