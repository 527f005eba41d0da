"""The ``service`` step as authors write it; systemd and Windows carry it out in their own ways."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from runner.model.inventory import Platform
from runner.model.playbook import Risk
from runner.steps.base import StepType
from runner.steps.service_args import ServiceArgs
from runner.steps.service_systemd import SystemdService
from runner.steps.service_windows import WindowsService

_BY_PLATFORM: Mapping[Platform, StepType[ServiceArgs, Any]] = MappingProxyType(
    {Platform.LINUX: SystemdService(), Platform.WINDOWS: WindowsService()}
)


class Service(StepType[ServiceArgs, Any]):
    """Carries nothing out itself."""

    name = "service"
    args = ServiceArgs
    platforms: ClassVar[frozenset[Platform]] = frozenset(_BY_PLATFORM)
    summary = (
        "A service of systemd or Windows is started, stopped or restarted, and set to start at boot or not. What goes "
        "down with it in a restart is started again. A Windows service that starts on demand and is stopped stays so."
    )
    least_risk = Risk.SERVICE_RESTART

    def on(self, platform: Platform) -> StepType[ServiceArgs, Any]:
        return _BY_PLATFORM[platform]
