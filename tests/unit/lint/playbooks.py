"""A playbook in which nothing is found, and how tests change it."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Diagnostics
from runner.lint import lint
from runner.load.document import read
from runner.load.playbook import load_playbook

LINUX = """\
vmfix: 1
playbook: demo
title: A demonstration
platform: linux
solves: [Demo]
source: https://example.com/demo
params:
  folder: {type: str, default: /srv, help: Where it is}
observe:
  state: {command: [cat, /etc/demo], parse: text}
  units: {command: [systemctl, show, demo.service], parse: systemctl_show}
  mounts: {command: [findmnt, --json], parse: findmnt}
define:
  bad: state == "bad" or units.active_state != "active"
healthy: not bad and mounts
remedies:
  - id: mend
    title: Mend it
    risk: [config, service-restart]
    takes: 5m
    steps:
      - id: write
        title: Write it
        file: {path: /etc/demo, content: good}
      - id: call
        title: Call it
        command:
          argv: [demo, "{{ folder }}"]
          check: {command: [test, -e, /srv/called]}
          undo: [demo, --back]
    verify: {within: 10s, every: 5s}
  - id: by-hand
    title: A person mends it
    manual: Mend it.
"""

WINDOWS = """\
vmfix: 1
playbook: demo
title: A demonstration
platform: windows
solves: [Demo]
source: https://example.com/demo
observe:
  service: {command: [sc, queryex, Demo], parse: sc_query, ok_exit: [0, 1060]}
  setting: {command: [reg, query, 'HKLM\\SOFTWARE\\Demo', /reg:64], parse: reg_query, ok_exit: [0, 1]}
  services: {command: [sc, enumdepend, Demo, "65536"], parse: sc_enumdepend}
healthy: service.state == 4 and setting.exists and services.exists
remedies:
  - id: mend
    title: Mend it
    risk: [config, service-restart]
    takes: 5m
    steps:
      - id: set
        title: Set it
        registry_value: {key: HKLM\\SOFTWARE\\Demo, name: Demo, type: REG_DWORD, data: "1"}
    verify: {within: 10s, every: 5s}
  - id: by-hand
    title: A person mends it
    manual: Mend it.
"""


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """The playbook with texts in it replaced, each of which must stand there."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def diagnostics_of(text: str) -> list[Diagnostic]:
    """Everything that is found in a playbook, which must have no errors of the language."""
    diagnostics = Diagnostics()
    playbook = load_playbook(text, "p.yml", diagnostics)
    document = read(text, "p.yml", Diagnostics())
    assert playbook is not None, [str(item) for item in diagnostics]
    assert document is not None
    return lint(playbook, document)


def found(text: str) -> list[tuple[str, str]]:
    """The same as pairs: the rule's id, and the place."""
    return sorted({(item.rule, item.at) for item in diagnostics_of(text)})
