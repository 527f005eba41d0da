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


def _icacls(args: _Args) -> Risk | None:
    return _if_any(r"/(reset|restore|setowner)", DATA)(args) or _if_any(r"/(grant|deny|remove|inheritance).*", CONFIG)(
        args
    )


def _packages(remove: str, install: str) -> _Judge:
    return lambda args: _if_any(remove, DATA)(args) or _if_any(install, CONFIG)(args)


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
        **dict.fromkeys(("telinit",), _if_any("[06]", REBOOT)),
        **dict.fromkeys(("pkill", "killall", "ifdown", "ifup"), _always(RESTART)),
        "kill": _unless(r"-0|-l|-L", RESTART),
        "fsfreeze": _always(RESTART),
        **dict.fromkeys(("docker", "podman"), _verb(_each("restart stop start kill rm", RESTART))),
        "fuser": _if_any(r"-[a-z]*k[a-z]*|--kill", RESTART),
        **dict.fromkeys(("umount", "swapoff"), _always(RESTART)),
        "sed": _if_any(r"-[a-zE]*i.*|--in-place.*", CONFIG),
        "crontab": _unless("-l", CONFIG),
        **dict.fromkeys(("setenforce", "sysctl"), _if_any(r"[01]|-w|--write|.*=.*", CONFIG)),
        **dict.fromkeys(
            (
                *("chattr", "chmod", "chown", "chgrp", "setfacl", "update-grub", "ln", "tee", "restorecon", "chcon"),
                *("useradd", "usermod", "groupadd", "passwd", "chpasswd", "setsebool", "insmod", "rmmod"),
            ),
            _always(CONFIG),
        ),
        "modprobe": _always(CONFIG),
        "semanage": _if_any(r"-[adm]|--(add|delete|modify)", CONFIG),
        **dict.fromkeys(("hostnamectl", "timedatectl", "localectl"), _if_any(r"set-.*|hostname", CONFIG)),
        "tune2fs": _unless(r"-[a-z]*l", CONFIG),
        "ip": _if_any("add|del|delete|flush|set|change|replace", CONFIG),
        "nmcli": _if_any("up|down|add|modify|mod|delete|del|reload|on|off|connect|disconnect", CONFIG),
        **dict.fromkeys(
            ("iptables", "ip6tables"), _if_any(r"-[ADIRFXPNZE]|--(append|delete|insert|flush|policy)", CONFIG)
        ),
        "nft": _verb(_each("add delete flush insert replace", CONFIG)),
        "firewall-cmd": _if_any(r"--(add|remove|set|reload|complete-reload|panic|runtime-to).*", CONFIG),
        "ufw": _unless("status|version|show|app", CONFIG),
        "waagent": lambda args: _if_any(r"-{1,2}deprovision.*", DATA)(args) or _if_any(r"-setup.*", CONFIG)(args),
        "dpkg": _packages(r"-r|-P|--remove|--purge", r"-i|--install|--configure|--unpack"),
        "rpm": _packages(r"-e|--erase", r"-[iUF][a-z]*|--(install|upgrade|freshen|import)"),
        **dict.fromkeys(("pip", "pip3"), _verb(_each("install uninstall", CONFIG))),
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
            (
                *("mke2fs", "mkfs"),
                *(f"mkfs.{kind}" for kind in ("ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "f2fs")),
            ),
            _always(DATA),
        ),
        **dict.fromkeys(("userdel", "groupdel", "gdisk", "cfdisk"), _always(DATA)),
        **dict.fromkeys(("lvreduce", "lvresize", "resize2fs"), _always(DATA)),
        "fdisk": _unless(r"-l|--list|-x|-s|-V", DATA),
        "mdadm": _if_any(r"--(create|stop|remove|fail|zero-superblock|grow)|-[CSrf]", DATA),
        "cryptsetup": _verb({**_each("luksformat erase lukserase reencrypt", DATA), **_each("close", RESTART)}),
        "debugfs": _if_any("-w", DATA),
        "journalctl": _if_any("--vacuum-.*", DATA),
        "dd": _if_any(r"of=(?!/dev/null$).*", DATA),
        "rm": _if_any(r"-[a-z]*r[a-z]*|--recursive", DATA),
        **dict.fromkeys(("lvremove", "vgremove", "pvremove", "parted", "sfdisk", "sgdisk"), _always(DATA)),
        "kexec": _always(REBOOT),
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
        "icacls": _icacls,
        **dict.fromkeys(("cacls", "setx", "wusa", "bcdboot", "bootrec"), _always(CONFIG)),
        "iisreset": _unless("/status", RESTART),
        "schtasks": _if_any("/(create|change|delete)", CONFIG),
        "sfc": _if_any("/(scannow|scanfile.*)", CONFIG),
        "manage-bde": _if_any("-(on|off|protectors|pause|resume|autounlock|forcerecovery|wipefreespace)", CONFIG),
        "powercfg": _if_any("[-/](change|x|setactive|s|h|hibernate|import|delete)", CONFIG),
        "w32tm": _if_any("/(config|resync|register|unregister)", CONFIG),
        "mountvol": _if_any("/[dr]", DATA),
        "attrib": _if_any("[+-][rashi]", CONFIG),
        "robocopy": _if_any("/(mir|purge|mov|move)", DATA),
        **dict.fromkeys(("del", "erase"), _if_any("/s", DATA)),
        "wbadmin": _if_any("delete", DATA),
        **dict.fromkeys(("diskshadow", "ntdsutil"), _always(DATA)),
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
            "restart-service stop-service start-service suspend-service resume-service stop-process spsv sasv kill "
            "spps restart-netadapter disable-netadapter enable-netadapter restart-webapppool stop-website",
            RESTART,
        ),
        **_each("restart-computer stop-computer", REBOOT),
        **_each(
            "set-service set-itemproperty new-itemproperty remove-itemproperty set-acl set-mppreference "
            "add-mppreference remove-mppreference set-netipinterface set-executionpolicy set-content "
            "enable-windowsoptionalfeature disable-windowsoptionalfeature install-windowsfeature import-certificate "
            "add-content set-item new-item ni rename-item rename-itemproperty move-item copy-itemproperty new-service "
            "set-localuser new-localuser add-localgroupmember remove-localgroupmember enable-localuser "
            "disable-localuser set-netfirewallrule new-netfirewallrule remove-netfirewallrule "
            "enable-netfirewallrule disable-netfirewallrule set-netfirewallprofile set-dnsclientserveraddress "
            "new-netipaddress remove-netipaddress set-netipaddress new-netroute remove-netroute "
            "register-scheduledtask unregister-scheduledtask set-scheduledtask enable-scheduledtask "
            "disable-scheduledtask rename-computer set-timezone set-date sc sp enable-psremoting install-package "
            "enable-bitlocker disable-bitlocker suspend-bitlocker resume-bitlocker add-windowscapability "
            "remove-windowscapability set-smbserverconfiguration set-volume set-partition",
            CONFIG,
        ),
        **_each("remove-item clear-content format-volume clear-disk remove-partition clear-eventlog rmdir ri rd", DATA),
        **_each("rm del erase clear-item clear-itemproperty clc initialize-disk resize-partition", DATA),
        **_each("uninstall-package uninstall-windowsfeature clear-recyclebin remove-localuser remove-service", DATA),
    }
)
