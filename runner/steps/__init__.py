"""Step types: what a playbook's steps mean. All of them stand in one explicit table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from runner.steps.acl import Acl
from runner.steps.base import StepType
from runner.steps.certificate import Certificates
from runner.steps.command import RunCommand, RunPowerShell, RunShell
from runner.steps.defender_exclusion import DefenderExclusion
from runner.steps.file import File
from runner.steps.filesystem_check import FilesystemCheck
from runner.steps.ini_value import IniValue
from runner.steps.installer import Installer
from runner.steps.manual import Manual
from runner.steps.mount import Mount
from runner.steps.package import Package
from runner.steps.reboot import Reboot
from runner.steps.registry_key import RegistryKey
from runner.steps.registry_value import RegistryValue
from runner.steps.service import Service
from runner.steps.wait_for import WaitFor

_ALL: tuple[StepType[Any, Any], ...] = (
    RunCommand(),
    RunShell(),
    RunPowerShell(),
    Service(),
    Package(),
    Installer(),
    RegistryValue(),
    RegistryKey(),
    Acl(),
    Certificates(),
    DefenderExclusion(),
    IniValue(),
    Mount(),
    FilesystemCheck(),
    File(),
    Reboot(),
    WaitFor(),
    Manual(),
)

STEP_TYPES: Mapping[str, StepType[Any, Any]] = MappingProxyType({step.name: step for step in _ALL})
"""Every step type by its name in playbooks. What an argument or a state is, only the type itself knows: hence Any."""
