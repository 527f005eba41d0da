"""Scripts to commands, commands to risks."""

from __future__ import annotations

import shlex

import pytest

from runner.lint import powershell_words, programs, sh_words
from runner.model.playbook import Risk


def test_substitutions_in_each_other_are_looked_into_to_some_depth() -> None:
    """However many there are: a playbook may come from anybody."""
    deep = sh_words.commands('a "$(' * 3000 + "b" + ')"' * 3000)

    assert len(deep) < 100_000
    assert ("b",) in sh_words.commands('a "$(' * 4 + "b" + ')"' * 4)


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("a b; c 'd e' && f | g", [("a", "b"), ("c", "d e"), ("f",), ("g",)]),
        ("x=$#\ny=${x#a} b # c; d\ne", [("b",), ("e",)]),
        ("# it's a comment\na", [("a",)]),
        ("a '#b' c#d", [("a", "#b", "c#d")]),
        ("if a; then b; else c; fi", [("a",), ("b",), ("c",), ("fi",)]),
        ("a >/b 2>&1 <c", [("a", "2")]),
        ("x=$(a b); ! c", [("a", "b"), ("c",)]),
        ("cat <<'E' >x\na; b\nE\nc", [("cat",), ("c",)]),
        ("a 'b", []),
        (
            'a "$(b "c" | d)" e',
            [("a", "$(b c | d)", "e"), ("b", "c"), ("d",)],
        ),
        ('a \'"$(b)"\' "\\$(c)" "$((1+2))"', [("a", '"$(b)"', "\\$(c)", "$((1+2))")]),
        ("# \"it's\na '$(b)'", [("a", "$(b)")]),
    ],
)
def test_simple_commands_of_sh(script: str, commands: list[tuple[str, ...]]) -> None:
    """Without comments, here documents and redirections; a script that cannot be read has none."""
    assert sh_words.commands(script) == commands


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("A-B 'c d'; E-F", [("A-B", "c d"), ("E-F",)]),
        ("$x = A-B # C-D\n<# E-F\n#> G-H", [("A-B",), ("G-H",)]),
        ("if ($a -eq 1) { A-B } else { & c.exe d }", [("A-B",), ("c.exe", "d")]),
        ('A-B "it\'s; C-D" `\n  -E', [("A-B", "it's; C-D", "-E")]),
        ("$x = @'\nRemove-Item y\n'@\nA-B $x", [("Remove-Item y",), ("A-B", "$x")]),
        ("A-B | ForEach-Object { C-D $_ }", [("A-B",), ("ForEach-Object",), ("C-D", "$_")]),
    ],
)
def test_commands_of_powershell(script: str, commands: list[tuple[str, ...]]) -> None:
    """A text is never mistaken for the name of a known cmdlet: it is one word with all that stands in it."""
    assert powershell_words.commands(script) == commands


@pytest.mark.parametrize(
    ("line", "risk"),
    [
        ("net stop vss", Risk.SERVICE_RESTART),
        ("NET.EXE START", Risk.SERVICE_RESTART),
        ("net user", None),
        ("sc config x start= auto", Risk.CONFIG),
        ("sc query x", None),
        ("systemctl --quiet try-restart x", Risk.SERVICE_RESTART),
        ("systemctl is-active x", None),
        ("systemctl reboot", Risk.REBOOT),
        ("reg add HKLM/x", Risk.CONFIG),
        ("reg delete HKLM/x", Risk.DATA),
        ("reg query HKLM/x", None),
        ("sed -i s/a/b/ x", Risk.CONFIG),
        ("sed s/a/b/ x", None),
        ("icacls x /reset", Risk.DATA),
        ("icacls x", None),
        ("certutil -delstore my x", Risk.DATA),
        ("certutil -store my", None),
        ("msdtc -uninstall", Risk.DATA),
        ("dd if=/dev/zero of=/dev/sda", Risk.DATA),
        ("dd if=/dev/sda of=/dev/null", None),
        ("xfs_repair -L /dev/sda", Risk.DATA),
        ("xfs_repair -n /dev/sda", None),
        ("fsck -y /dev/sda", Risk.DATA),
        ("rm -rf /x", Risk.DATA),
        ("rm /x", None),
        ("find /x -name y -delete", Risk.DATA),
        ("sudo -u root env A=b timeout -k 5 10 /sbin/mkfs.ext4 /dev/sda", Risk.DATA),
        ("sh -euc 'a; reboot'", Risk.REBOOT),
        ("cmd /c net stop vss", Risk.SERVICE_RESTART),
        ("cmd /d /c 'shutdown /r /t 0'", Risk.REBOOT),
        ("cmd.exe /c 'cd C:\\x && call msdtc -uninstall'", Risk.DATA),
        ('cmd /c \'start "" /wait "C:\\Windows\\System32\\msdtc.exe" -uninstall\'', Risk.DATA),
        ("cmd /c '(echo a) | sc stop x'", Risk.SERVICE_RESTART),
        ("cmd /c 'echo shutdown /r'", None),
        ("cmd /c", None),
        ("cmd /c del /s /q C:/x", Risk.DATA),
        ("cmd /c del C:/x", None),
        ("powershell -Command rm -Recurse C:/x", Risk.DATA),
        ("powershell -Command 'Set-Location x; sc y z'", Risk.CONFIG),
        ("powershell -Command sc.exe query x", None),
        ("powershell -Command \"iex 'shutdown /r /t 0'\"", Risk.REBOOT),
        ("powershell -Command Start-Process -Wait msdtc.exe -ArgumentList '-uninstall'", Risk.DATA),
        ("powershell -Command \"Start-Process shutdown '/r','/t','0'\"", Risk.REBOOT),
        ("powershell -Command Start-Process notepad", None),
        ("powershell -Command Invoke-CimMethod x -MethodName StopService", Risk.SERVICE_RESTART),
        ("powershell -Command Microsoft.PowerShell.Management\\\\Restart-Computer", Risk.REBOOT),
        ("xargs -a x -n 1 rm -rf", Risk.DATA),
        ("find x -exec rm -rf {} ;", Risk.DATA),
        ("find x -name reboot", None),
        ("nsenter -t 1 -m umount /data", Risk.SERVICE_RESTART),
        ("runuser -u bob -- systemctl restart x", Risk.SERVICE_RESTART),
        ("runuser bob -c 'reboot'", Risk.REBOOT),
        ("su - bob -c 'rm -rf x'", Risk.DATA),
        ("flock /tmp/x reboot", Risk.REBOOT),
        ("icacls x /grant y:F", Risk.CONFIG),
        ("kill -9 1", Risk.SERVICE_RESTART),
        ("kill -0 1", None),
        ("ip addr show", None),
        ("ip addr flush dev eth0", Risk.CONFIG),
        ("waagent -deprovision+user", Risk.DATA),
        ("waagent -version", None),
        ("dpkg --purge x", Risk.DATA),
        ("dpkg -l", None),
        ("rpm -qa", None),
        ("rpm -Uvh x", Risk.CONFIG),
        ("fdisk -l", None),
        ("cryptsetup luksFormat /dev/x", Risk.DATA),
        ("tune2fs -l /dev/x", None),
        ("firewall-cmd --list-all", None),
        ("firewall-cmd --permanent --add-port=1/tcp", Risk.CONFIG),
        ("manage-bde -off D:", Risk.CONFIG),
        ("manage-bde -status", None),
        ("schtasks /query", None),
        ("schtasks /delete /tn x /f", Risk.CONFIG),
        ("powershell -NoProfile -Command Restart-Computer", Risk.REBOOT),
        ("unknown --delete-everything", None),
    ],
)
def test_the_risk_of_a_command(line: str, risk: Risk | None) -> None:
    """By program and verb; of what is not known nothing is said."""
    assert next(iter(programs.risks(shlex.split(line))), None) is risk
