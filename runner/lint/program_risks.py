"""What known programs and cmdlets can do to production, by their name and verb: the least that a remedy must own up to.

Names, verbs and options are those of the programs' manual pages and of Microsoft's reference pages for Windows commands
and PowerShell modules. A program that is not here is not known, and nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from runner.model.playbook import Risk

_Args: TypeAlias = Sequence[str]
_Judge: TypeAlias = Callable[[_Args], Risk | None]
CONFIG, RESTART, DATA, REBOOT = Risk.CONFIG, Risk.SERVICE_RESTART, Risk.DATA, Risk.REBOOT


def _always(risk: Risk) -> _Judge:
    return lambda _: risk


def _if_any(pattern: str, risk: Risk) -> _Judge:
    """The risk if one argument matches as a whole, in any case."""
    return lambda args: risk if any(re.fullmatch(pattern, arg, re.IGNORECASE) for arg in args) else None


def _verb(verbs: Mapping[str, Risk]) -> _Judge:
    """By the first argument that is no option: ``systemctl --quiet restart``."""

    def judge(args: _Args) -> Risk | None:
        words = [arg.lower() for arg in args if not arg.startswith(("-", "\\\\"))]
        return verbs.get(words[0]) if words else None

    return judge


def _unless(pattern: str, risk: Risk) -> _Judge:
    return lambda args: None if any(re.fullmatch(pattern, arg, re.IGNORECASE) for arg in args) else risk


def _each(words: str, risk: Risk) -> dict[str, Risk]:
    return dict.fromkeys(words.split(), risk)


def _wmic(args: _Args) -> Risk | None:
    words = {arg.lower() for arg in args}
    if words & {"reboot", "shutdown"}:
        return REBOOT
    return RESTART if words & {"stopservice", "startservice"} else None


def _netsh(args: _Args) -> Risk | None:
    return CONFIG if {arg.lower() for arg in args} & {"set", "add", "delete", "reset"} else None


_SYSTEMCTL = {
    **_each("restart start stop try-restart reload-or-restart try-reload-or-restart reload kill isolate", RESTART),
    **_each("enable disable mask unmask edit set-property reenable preset revert link", CONFIG),
    **_each("reboot poweroff halt kexec soft-reboot rescue emergency default", REBOOT),
}
_SC = {**_each("start stop pause continue", RESTART), **_each("config failure create sdset", CONFIG), "delete": DATA}
_REG = {**_each("add import load copy unload", CONFIG), **_each("delete restore", DATA)}

PROGRAMS: Mapping[str, _Judge] = MappingProxyType(
    {
        # Linux
        "systemctl": _verb(_SYSTEMCTL),
        "service": lambda args: _SYSTEMCTL.get(args[1]) if len(args) > 1 else None,
        **dict.fromkeys(("reboot", "poweroff", "halt"), _always(REBOOT)),
        "init": _if_any("[06]", REBOOT),
        **dict.fromkeys(
            (
                "pkill",
                "killall",
            ),
            _always(RESTART),
        ),
        "fuser": _if_any(r"-[a-z]*k[a-z]*|--kill", RESTART),
        **dict.fromkeys(("umount", "swapoff"), _always(RESTART)),
        "sed": _if_any(r"-[a-zE]*i.*|--in-place.*", CONFIG),
        "crontab": _unless("-l", CONFIG),
        **dict.fromkeys(("setenforce", "sysctl"), _if_any(r"[01]|-w|--write|.*=.*", CONFIG)),
        **dict.fromkeys(("chattr", "chmod", "chown", "setfacl", "update-grub"), _always(CONFIG)),
        **dict.fromkeys(
            ("apt", "apt-get", "yum", "dnf", "zypper"),
            _verb(
                {**_each("install upgrade update dist-upgrade in up", CONFIG), **_each("remove purge autoremove", DATA)}
            ),
        ),
        **dict.fromkeys(
            ("fsck", "fsck.ext2", "fsck.ext3", "fsck.ext4", "e2fsck"), _unless(r"-[a-z]*n[a-z]*|-[NVh]", DATA)
        ),
        "xfs_repair": _unless(r"-[a-z]*[nV][a-z]*", DATA),
        "btrfs": _if_any("--repair|rescue", DATA),
        **dict.fromkeys(("shred", "truncate", "wipefs", "mkswap", "blkdiscard"), _always(DATA)),
        **dict.fromkeys(
            ("mke2fs", "mkfs", *(f"mkfs.{kind}" for kind in ("ext3", "ext4", "xfs", "btrfs"))), _always(DATA)
        ),
        "dd": _if_any(r"of=(?!/dev/null$).*", DATA),
        "rm": _if_any(r"-[a-z]*r[a-z]*|--recursive", DATA),
        "find": _if_any("-delete", DATA),
        **dict.fromkeys(("lvremove", "vgremove", "pvremove", "parted", "sfdisk", "sgdisk"), _always(DATA)),
        # Windows; `shutdown` is on both.
        "shutdown": _unless(r"[-/](a|c|h|\?)", REBOOT),
        "net": _verb(_each("start stop pause continue", RESTART)),
        "sc": _verb(_SC),
        **dict.fromkeys(("taskkill", "tskill"), _always(RESTART)),
        "reg": _verb(_REG),
        "regedit": _if_any(r"/s", CONFIG),
        "regsvr32": _always(CONFIG),
        "netsh": _netsh,
        "wmic": _wmic,
        "icacls": _if_any(r"/(reset|restore|setowner)", DATA),
        "takeown": _always(DATA),
        "certutil": _if_any(r"[-/](delstore|delkey)", DATA),
        "msdtc": lambda args: (
            DATA if _if_any(r"[-/]uninstall", DATA)(args) else _if_any(r"[-/](install|resetlog)", CONFIG)(args)
        ),
        "vssadmin": _verb(_each("delete resize revert", DATA)),
        "wevtutil": _verb({**_each("cl clear-log", DATA), **_each("sl set-log im um", CONFIG)}),
        **dict.fromkeys(("format", "diskpart", "cipher", "rmdir", "rd"), _always(DATA)),
        "chkdsk": _if_any(r"/[frxb]", DATA),
        "bcdedit": _if_any(r"/(set|delete.*|import|create)", CONFIG),
        **dict.fromkeys(
            ("msiexec", "dism"),
            _if_any(r"/(i|x|p|update|uninstall|package|unreg.*|reg.*|add-.*|remove-.*|enable-.*|disable-.*)", CONFIG),
        ),
    }
)

CMDLETS: Mapping[str, Risk] = MappingProxyType(
    {
        **_each(
            "restart-service stop-service start-service suspend-service resume-service stop-process spsv sasv kill",
            RESTART,
        ),
        **_each("restart-computer stop-computer", REBOOT),
        **_each(
            "set-service set-itemproperty new-itemproperty remove-itemproperty set-acl set-mppreference "
            "add-mppreference remove-mppreference set-netipinterface set-executionpolicy set-content "
            "enable-windowsoptionalfeature disable-windowsoptionalfeature install-windowsfeature import-certificate",
            CONFIG,
        ),
        **_each("remove-item clear-content format-volume clear-disk remove-partition clear-eventlog rmdir ri rd", DATA),
        **_each("uninstall-package uninstall-windowsfeature clear-recyclebin", DATA),
    }
)
