"""Readers of remote output, each a pure function, in one explicit table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.parsers.base import Parser
from runner.parsers.findmnt import FINDMNT
from runner.parsers.freeze_log import FREEZE_LOG
from runner.parsers.fsck import E2FSCK, TUNE2FS, XFS_REPAIR
from runner.parsers.fstab import FSTAB
from runner.parsers.json_output import JSON
from runner.parsers.key_value import KEY_VALUE
from runner.parsers.net import NET
from runner.parsers.processes import FUSER
from runner.parsers.reg import REG_QUERY
from runner.parsers.sc import SC_ENUMDEPEND, SC_QC, SC_QUERY
from runner.parsers.systemctl import SYSTEMCTL_IS_ACTIVE, SYSTEMCTL_SHOW, SYSTEMCTL_SHOW_UNITS
from runner.parsers.text import EXIT_CODE, LINES, TEXT
from runner.parsers.vmbackup_conf import VMBACKUP_CONF
from runner.parsers.vssadmin import VSS_WRITERS
from runner.parsers.waagent_conf import WAAGENT_CONF
from runner.parsers.wevtutil import WEVTUTIL_EVENTS

PARSERS: Mapping[str, Parser] = MappingProxyType(
    {
        parser.name: parser
        for parser in (
            TEXT,
            LINES,
            EXIT_CODE,
            JSON,
            KEY_VALUE,
            SYSTEMCTL_SHOW,
            SYSTEMCTL_SHOW_UNITS,
            SYSTEMCTL_IS_ACTIVE,
            FINDMNT,
            FSTAB,
            FUSER,
            TUNE2FS,
            E2FSCK,
            XFS_REPAIR,
            VMBACKUP_CONF,
            WAAGENT_CONF,
            FREEZE_LOG,
            VSS_WRITERS,
            SC_QUERY,
            SC_QC,
            SC_ENUMDEPEND,
            NET,
            REG_QUERY,
            WEVTUTIL_EVENTS,
        )
    }
)
"""Every parser by the name that playbooks give to ``parse``."""
