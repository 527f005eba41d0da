"""Each rule: a playbook in which it finds something, at its place, and a near miss in which nothing is found."""

from __future__ import annotations

import pytest

from runner.lint import RULES
from tests.unit.lint.playbooks import LINUX, WINDOWS, changed, found

Change = tuple[str, str]

ARGV = 'argv: [demo, "{{ folder }}"]'
CHECK = "\n          check: {command: [test, -e, /srv/called]}"
UNDO = "\n          undo: [demo, --back]"
HEALTHY = "healthy: not bad and mounts"
CALL = f"""\
        command:
          {ARGV}{CHECK}{UNDO}
"""
RISK = "risk: [config, service-restart]"
MEND = "    steps:\n      - id: write\n"
BY_HAND = "  - id: by-hand\n    title: A person mends it\n"
SET = """\
        registry_value: {key: HKLM\\SOFTWARE\\Demo, name: Demo, type: REG_DWORD, data: "1"}
"""


INSTALLER = "{argv: [msiexec, /?], ok_exit: [0, 3010], check: {command: [sc, query, X]}, undo: [x]}"


def argv(words: str) -> Change:
    """Another program for the step `call`."""
    return ARGV, f"argv: [{words}]"


def powershell(script: str) -> list[Change]:
    """A script for the step `set`."""
    step = f"        powershell: {{script: '{script}', check: {{command: [sc, query, Demo]}}, undo: {{script: x}}}}\n"
    return [(SET, step)]


def command(words: str, check: str) -> Change:
    """A program for the step `set`."""
    return SET, f"        command: {{argv: [{words}], check: {{{check}}}, undo: [x]}}\n"


def shell(script: str, check: str = "check: {command: [test, -e, /x]}") -> list[Change]:
    """A script for the step `call`."""
    lines = "".join(f"            {line}\n" for line in script.splitlines())
    rest = '          args: ["{{ folder }}"]\n          undo: {script: x}\n'
    return [(CALL, f"        shell:\n          script: |\n{lines}{rest}" + (f"          {check}\n" if check else ""))]


def manual(when: str) -> list[Change]:
    """A rung for a person before the last one."""
    return [(BY_HAND, f"  - id: ask\n    title: Ask\n{when}    manual: Ask.\n{BY_HAND}")]


def when(condition: str) -> list[Change]:
    """A condition for the last rung."""
    return [(BY_HAND, f"{BY_HAND}    when: {condition}\n")]


def installer(words: str = "/quiet, /norestart", more: str = "", waits: str = "") -> Change:
    """An installer for the step `set`."""
    checks = "checks: [{command: [reg, query, 'HKLM\\SOFTWARE\\Demo', /reg:64], parse: reg_query, that: value.exists}]"
    step = f"{more}        installer: {{path: 'C:\\x\\a.exe', args: [{words}], {checks}{waits}}}\n"
    return SET, step


LASTS = (RISK, f"{RISK}\n    approval: It cannot be undone.")


CASES: list[tuple[str, str, str, list[Change], list[Change]]] = [
    # rule, place, playbook, what makes it wrong, what is near and right
    (
        "risk-too-low",
        "remedies.mend.steps.call",
        LINUX,
        [argv('rm, -r, "{{ folder }}"')],
        [argv('rm, -f, "{{ folder }}"')],
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.call",
        LINUX,
        [argv('env, LC_ALL=C, fsck, -y, "{{ folder }}"')],
        [argv('e2fsck, -fn, "{{ folder }}"')],
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.call",
        LINUX,
        [argv('shutdown, -r, now, "{{ folder }}"')],
        [argv('shutdown, -c, "{{ folder }}"')],
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.call",
        LINUX,
        [(RISK, "risk: [config]"), argv('timeout, "9", systemctl, restart, "{{ folder }}"')],
        [(RISK, "risk: [config]"), argv('systemctl, status, "{{ folder }}"')],
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.call",
        LINUX,
        shell('if test -e "$1"; then\n  mkfs.ext4 "$1"\nfi'),
        shell("echo 'mkfs.ext4 $1' # mkfs.ext4 don't\ncat <<E\nreboot\nE"),
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.set",
        WINDOWS,
        powershell("Remove-Item C:\\x -Recurse"),
        powershell('Write-Output "Remove-Item" # Remove-Item'),
    ),
    (
        "risk-too-low",
        "remedies.mend.steps.set",
        WINDOWS,
        powershell("if (1) { & net.exe stop X; Restart-Computer }"),
        powershell("if (1) { & net.exe stop X }"),
    ),
    (
        "no-approval-text",
        "remedies.mend",
        LINUX,
        [(RISK, "risk: [config, data, service-restart]")],
        [(RISK, "risk: [config, data, service-restart]\n    approval: Ask.")],
    ),
    (
        "installer-may-ask",
        "remedies.mend.steps.set",
        WINDOWS,
        [LASTS, installer("/install, /norestart, /squiet")],
        [LASTS, installer("/install, /norestart, -Silent")],
    ),
    (
        "installer-may-ask",
        "remedies.mend.steps.set",
        WINDOWS,
        [LASTS, installer("/qb, /norestart")],
        [LASTS, installer("/qn, /norestart")],
    ),
    (
        "kills-a-repair",
        "remedies.mend.steps.set",
        WINDOWS,
        [LASTS, installer(more="        at_deadline: kill\n")],
        [LASTS, installer(more="        at_deadline: leave\n")],
    ),
    (
        "takes-too-short",
        "remedies.mend",
        WINDOWS,
        [LASTS, installer(waits=", within: 3m, wait_for_others: 2m")],
        [LASTS, installer()],
    ),
    (
        "quotes-in-argument",
        "remedies.mend.steps.set",
        WINDOWS,
        [LASTS, installer("/quiet, /norestart, '\"{{ target.name }}\"'")],
        [LASTS, installer("/quiet, /norestart, '{{ target.name }}'")],
    ),
    (
        "no-such-field",
        "remedies.mend.steps.set",
        WINDOWS,
        [LASTS, installer(), ("that: value.exists", "that: value.exist")],
        [LASTS, installer()],
    ),
    (
        "no-undo",
        "remedies.mend",
        WINDOWS,
        [installer()],
        [LASTS, installer()],
    ),
    (
        "no-undo",
        "remedies.mend",
        LINUX,
        [(UNDO, "")],
        [(UNDO, ""), (RISK, f"{RISK}\n    approval: It cannot be undone.")],
    ),
    (
        "no-undo",
        "remedies.mend",
        LINUX,
        [(UNDO, ""), (RISK, f"{RISK}\n    approval: Ask first.")],
        [
            (UNDO, ""),
            (RISK, "risk: [service-restart]"),
            ("file: {path: /etc/demo, content: good}", "service: {name: demo, state: restarted}"),
        ],
    ),
    ("change-without-check", "remedies.mend.steps.call", LINUX, [(CHECK, "")], []),
    (
        "healthy-unmoved",
        "remedies.mend",
        LINUX,
        [
            (HEALTHY, "healthy: state == 'good'\nkeeps: '[bad, mounts]'"),
            ("path: /etc/demo", "path: /etc/other"),
            (CALL, "        file: {path: '/srv/x', content: '{{ folder }}'}\n"),
        ],
        [
            (HEALTHY, "healthy: state == 'good'\nkeeps: '[bad, mounts]'"),
            (CALL, "        file: {path: '/srv/x', content: '{{ folder }}'}\n"),
        ],
    ),
    (
        "healthy-unmoved",
        "remedies.mend",
        LINUX,
        [(HEALTHY, "healthy: folder == '/srv'\nkeeps: '[bad, mounts]'")],
        [(HEALTHY, "healthy: mounts\nkeeps: '[bad]'")],
    ),
    (
        "proof-unused",
        "remedies.mend",
        LINUX,
        [("    verify: {within: 10s, every: 5s}", "    proves: next-backup")],
        [("    verify: {within: 10s, every: 5s}", "    proves: next-backup"), ("path: /etc/demo", "path: /etc/other")],
    ),
    ("verify-too-short", "remedies.mend", LINUX, [("within: 10s", "within: 3s")], [("within: 10s", "within: 5s")]),
    (
        "verify-at-once",
        "remedies.mend",
        LINUX,
        [
            ("    verify: {within: 10s, every: 5s}\n", ""),
            (CALL, "        service: {name: demo, state: restarted}\n"),
            (HEALTHY, "healthy: not bad and mounts and folder"),
        ],
        [("    verify: {within: 10s, every: 5s}\n", "")],
    ),
    (
        "value-in-program-text",
        "remedies.mend.steps.call",
        LINUX,
        [argv("sh, -c, 'demo {{ folder }}'")],
        [argv("sh, -c, 'demo \"$1\"', sh, '{{ folder }}'")],
    ),
    (
        "value-in-program-text",
        "remedies.mend.steps.call",
        LINUX,
        [argv("sed, -e, 's/x/{{ folder }}/', /etc/x")],
        [argv("sed, s/x/y/, '{{ folder }}'")],
    ),
    (
        "value-in-program-text",
        "remedies.mend.steps.call",
        LINUX,
        [argv("find, /x, -exec, sh, -c, 'echo {{ folder }}', ;")],
        [argv("find, '{{ folder }}', -name, x")],
    ),
    (
        "value-in-program-text",
        "remedies.mend.steps.call",
        LINUX,
        [argv("awk, -F, x, '/{{ folder }}/'")],
        [argv("awk, -v, 'x={{ folder }}', '{print x}'")],
    ),
    (
        "value-in-program-text",
        "remedies.mend.steps.set",
        WINDOWS,
        [command("cmd, /c, 'del {{ target.name }}'", "command: [sc, query, X]")],
        [command("demo, /c, 'del {{ target.name }}'", "command: [sc, query, X]")],
    ),
    (
        "name-in-script",
        "remedies.mend.steps.call",
        LINUX,
        [(CALL, "        shell: {script: 'demo {{ folder }}', undo: {script: x}, check: {command: [test, -e, /x]}}\n")],
        shell("demo {{.Name}} {{ other }}"),
    ),
    (
        "no-such-word",
        "define.bad",
        LINUX,
        [('units.active_state != "active"', 'units.active_state != "running"')],
        [('units.active_state != "active"', 'units.sub_state != "running"')],
    ),
    (
        "no-such-word",
        "healthy",
        LINUX,
        [
            ("folder: {type: str, default: /srv,", "folder: {type: str, choices: [/srv, /x], default: /srv,"),
            (HEALTHY, "healthy: not bad and mounts and folder != '/y'"),
        ],
        [
            ("folder: {type: str, default: /srv,", "folder: {type: str, choices: [/srv, /x], default: /srv,"),
            (HEALTHY, "healthy: not bad and mounts and folder != '/x'"),
        ],
    ),
    (
        "no-such-word",
        "healthy",
        LINUX,
        [
            ("folder: {type: str, default: /srv,", "folder: {type: int, default: 1,"),
            (HEALTHY, "healthy: not bad and mounts and folder != '1'"),
        ],
        [
            ("folder: {type: str, default: /srv,", "folder: {type: int, default: 1,"),
            (HEALTHY, "healthy: not bad and mounts and folder != 2"),
        ],
    ),
    (
        "no-such-word",
        "healthy",
        WINDOWS,
        [("service.state == 4", "service.state == 'running'")],
        [("service.state == 4", "service.state_word == 'running' and service.state < 5")],
    ),
    (
        "no-such-word",
        "healthy",
        WINDOWS,
        [("service.state == 4", "service.state in ['4', 7]")],
        [("service.state == 4", "service.state in [4, 7]")],
    ),
    (
        "no-such-word",
        "healthy",
        WINDOWS,
        [("service.state == 4", "(service.state > '3')")],
        [("service.state == 4", "(service.state > 3)")],
    ),
    (
        "hidden-error",
        "remedies.mend.steps.call",
        LINUX,
        [
            argv("timeout, 5m, e2fsck, -n, '{{ folder }}'"),
            ("          check:", "          ok_exit: [0, 4]\n          check:"),
        ],
        [argv("e2fsck, -n, '{{ folder }}'"), ("          check:", "          ok_exit: [0, 1, 2]\n          check:")],
    ),
    (
        "hidden-error",
        "remedies.mend.steps.set",
        WINDOWS,
        [(SET, f"        command: {INSTALLER.replace('3010', '3010, 1618')}\n")],
        [(SET, f"        command: {INSTALLER}\n")],
    ),
    (
        "quotes-in-argument",
        "remedies.mend.steps.call",
        LINUX,
        [argv("demo, '--in=\"{{ folder }}\"'")],
        [argv("demo, '--in={{ folder }}', \"{{ 'it''s' if folder else '' }}\"")],
    ),
    (
        "no-such-field",
        "define.bad",
        LINUX,
        [("units.active_state", "units.active_stat")],
        [("units.active_state", "units.other.ActiveState[0]")],
    ),
    (
        "no-such-field",
        "healthy",
        LINUX,
        [(HEALTHY, 'healthy: not bad and mounts | selectattr("taget", "equalto", "/") | list')],
        [(HEALTHY, 'healthy: not bad and mounts | selectattr("target", "equalto", "/") | list')],
    ),
    (
        "no-such-field",
        "healthy",
        LINUX,
        [(HEALTHY, "healthy: not bad and mounts.target")],
        [(HEALTHY, "healthy: not bad and (mounts | first).target and first.mounts[0].target")],
    ),
    (
        "no-such-field",
        "remedies.by-hand",
        LINUX,
        [("manual: Mend it.", "manual: '{% for m in mounts %}{{ m.taget }}{% endfor %}'")],
        [("manual: Mend it.", "manual: '{% for m in mounts %}{{ m.target }}{{ loop.index }}{% endfor %}'")],
    ),
    (
        "no-such-field",
        "remedies.mend.steps.call",
        LINUX,
        [("        title: Call it", "        title: Call it\n        when: steps.write.chnged")],
        [("        title: Call it", "        title: Call it\n        when: steps.write.facts.anything")],
    ),
    (
        "no-such-field",
        "remedies.mend.steps.call",
        LINUX,
        [
            (ARGV, 'argv: [demo, "{{ item.taget }}", "{{ folder }}"]'),
            ("        title: Call it", "        title: Call it\n        for_each: mounts"),
        ],
        [
            (ARGV, 'argv: [demo, "{{ item.target }}", "{{ folder }}"]'),
            ("        title: Call it", "        title: Call it\n        for_each: mounts"),
        ],
    ),
    (
        "no-such-field",
        "remedies.mend.steps.call",
        LINUX,
        [("[test, -e, /srv/called]}", "[systemctl, show, x], parse: systemctl_show, that: value.status}")],
        [("[test, -e, /srv/called]}", "[systemctl, show, x], parse: systemctl_show, that: value.status_text}")],
    ),
    (
        "no-such-field",
        "healthy",
        WINDOWS,
        [("and setting.exists", "and setting.entries.Demo.dat == 1")],
        [("and setting.exists", "and setting.entries.Demo.data == 1 and setting.entries.items()")],
    ),
    (
        "no-such-word",
        "remedies.mend.steps.call",
        LINUX,
        [("        title: Call it", "        title: Call it\n        when: steps.write.status == 'chnged'")],
        [
            (
                "        title: Call it",
                "        title: Call it\n        when: steps.write.status in ['changed', 'not_run']",
            )
        ],
    ),
    (
        "loop-over-no-list",
        "remedies.mend.steps.call",
        LINUX,
        [("        title: Call it", "        title: Call it\n        for_each: units")],
        [("        title: Call it", "        title: Call it\n        for_each: units.names")],
    ),
    ("unreachable-rung", "remedies.by-hand", LINUX, manual(""), manual("    when: mounts\n")),
    (
        "unreachable-rung",
        "remedies.by-hand",
        LINUX,
        [*manual("    when: bad\n"), *when("bad and mounts")],
        [*manual("    when: bad and mounts\n"), *when("bad")],
    ),
    ("unreachable-rung", "remedies.by-hand", LINUX, when("not bad and mounts"), when("not bad")),
    (
        "unreachable-rung",
        "remedies.by-hand",
        LINUX,
        when("state == 'a' and state == 'b'"),
        when("state == 'a' or state == 'b'"),
    ),
    (
        "unreachable-rung",
        "remedies.mend",
        LINUX,
        [
            ("healthy:", "requires:\n  - {that: mounts, else: No.}\nhealthy:"),
            ("    risk: [", "    when: not mounts\n    risk: ["),
        ],
        [("healthy:", "requires:\n  - {that: mounts, else: No.}\nhealthy:"), *when("not mounts")],
    ),
    ("constant-condition", "remedies.by-hand", LINUX, when("1 == 1"), when("folder")),
    (
        "constant-condition",
        "remarks.1",
        LINUX,
        [("remedies:\n", "remarks:\n  - {when: 'false', say: X}\nremedies:\n")],
        [("remedies:\n", "remarks:\n  - {when: 'true', say: X}\nremedies:\n")],
    ),
    ("constant-healthy", "healthy", LINUX, [(HEALTHY, "healthy: 1 == 1\nkeeps: '[bad, mounts]'")], []),
    (
        "unused",
        "observe.extra",
        LINUX,
        [("observe:\n", "observe:\n  extra: {command: [id]}\n")],
        [("observe:\n", "observe:\n  extra: {command: [id]}\n"), ("manual: Mend it.", "manual: '{{ extra }}'")],
    ),
    (
        "unused",
        "params.extra",
        LINUX,
        [("params:\n", "params:\n  extra: {default: x, help: X}\n")],
        [
            ("params:\n", "params:\n  extra: {type: duration, default: 5s, help: X}\n"),
            ("within: 10s", 'within: "{{ extra }}"'),
        ],
    ),
    (
        "unused",
        "define.extra",
        LINUX,
        [("define:\n", "define:\n  extra: mounts\n")],
        [("define:\n", "define:\n  extra: mounts\n"), *when("extra")],
    ),
    (
        "slow-without-deadline",
        "observe.state",
        LINUX,
        [("[cat, /etc/demo]", "[grep, -r, x, /etc/demo]")],
        [("[cat, /etc/demo]", "[grep, x, /etc/demo]")],
    ),
    (
        "slow-without-deadline",
        "observe.state",
        LINUX,
        [("[cat, /etc/demo]", "[du, /etc/demo]")],
        [("[cat, /etc/demo]", "[du, /etc/demo], at_most: 5m")],
    ),
    ("takes-missing", "remedies.mend", LINUX, [("    takes: 5m\n", "")], []),
    (
        "takes-too-short",
        "remedies.mend",
        LINUX,
        [("        title: Call it", "        title: Call it\n        at_most: 5m")],
        [("        title: Call it", "        title: Call it\n        at_most: 4m")],
    ),
    (
        "kills-a-repair",
        "remedies.mend.steps.call",
        LINUX,
        [
            argv('dpkg, --configure, "{{ folder }}"'),
            ("        title: Call it", "        title: Call it\n        at_deadline: kill"),
        ],
        [("        title: Call it", "        title: Call it\n        at_deadline: kill")],
    ),
    (
        "hidden-error",
        "observe.state",
        LINUX,
        [("parse: text}", "parse: text, ok_exit: [0, 127]}")],
        [("parse: text}", "parse: text, ok_exit: [0, 1]}")],
    ),
    ("hidden-error", "remedies.mend.steps.call", LINUX, shell("demo || true", ""), shell("demo || true")),
    (
        "hidden-error",
        "remedies.mend.steps.call",
        LINUX,
        [(UNDO, UNDO + "\n          ok_exit: [0, 127]")],
        [(UNDO, UNDO + "\n          ok_exit: [0, 3]")],
    ),
    (
        "kills-a-repair",
        "remedies.mend.steps.call",
        LINUX,
        [
            (RISK, "risk: [config, data, service-restart]\n    approval: Data can be lost."),
            (CALL, '        at_deadline: kill\n        filesystem_check: {device: "{{ folder }}", repair: preen}\n'),
        ],
        [
            (RISK, "risk: [config, data, service-restart]\n    approval: Data can be lost."),
            (CALL, '        at_deadline: leave\n        filesystem_check: {device: "{{ folder }}", repair: preen}\n'),
        ],
    ),
    ("source-missing", "playbook", LINUX, [("source: https://example.com/demo\n", "")], []),
    ("title-missing", "remedies.by-hand", LINUX, [("    title: A person mends it\n", "")], []),
    (
        "late-limit",
        "requires.1",
        LINUX,
        [("healthy:", "requires:\n  - {that: folder != '', else: Give a folder.}\nhealthy:")],
        [("healthy:", "requires:\n  - {that: folder != state, else: Give another folder.}\nhealthy:")],
    ),
    (
        "late-limit",
        "requires.1",
        LINUX,
        [("healthy:", "  given: folder | length\nrequires:\n  - {that: given > 3, else: Too short.}\nhealthy:")],
        [("healthy:", "  given: state | length\nrequires:\n  - {that: given > 3, else: Too short.}\nhealthy:")],
    ),
    ("same-title", "remedies.by-hand", LINUX, [("title: A person mends it", "title: Mend it")], []),
    ("same-title", "remedies.mend.steps.call", LINUX, [("title: Call it", "title: Write it")], []),
    (
        "english-words",
        "healthy",
        WINDOWS,
        [("parse: sc_query, ", "parse: text, "), ("service.state == 4", "(service is matching('RUNNING'))")],
        [("parse: sc_query, ", "parse: text, "), ("service.state == 4", "(service is matching('[0-9]'))")],
    ),
    (
        "english-words",
        "remedies.mend.steps.set",
        WINDOWS,
        [command("demo", "command: [sc, query, X], that: '\"RUNNING\" in out'")],
        [command("demo", "command: [sc, query, X], that: exit_code == 1060")],
    ),
    (
        "unused-acceptance",
        "accepts",
        LINUX,
        [("remedies:\n", "accepts:\n  - {finding: no-undo, at: remedies.mend, why: X}\nremedies:\n")],
        [(UNDO, ""), ("remedies:\n", "accepts:\n  - {finding: no-undo, at: remedies.mend, why: X}\nremedies:\n")],
    ),
]


@pytest.mark.parametrize("text", [LINUX, WINDOWS], ids=["linux", "windows"])
def test_nothing_is_found_in_a_good_playbook(text: str) -> None:
    """Else the near misses would prove nothing."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("rule", "at", "text", "wrong", "right"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_it_is_found_where_it_is_and_nowhere_else(
    rule: str, at: str, text: str, wrong: list[Change], right: list[Change]
) -> None:
    """The near miss has no finding at all."""
    assert (rule, at) in found(changed(text, *wrong))
    assert found(changed(text, *right)) == []


def test_every_rule_has_a_case() -> None:
    """A rule without a test is no rule."""
    assert {case[0] for case in CASES} == set(RULES)
