"""The states that a Windows target can be in, as data."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from examples.lab.windows.wine import services
from examples.lab.windows.wine.contents import WindowsScenario
from examples.lab.windows.wine.scenarios_agent import AGENT_SCENARIOS, CRYPTO_SCENARIOS, INSTALLER_SCENARIOS
from examples.lab.windows.wine.scenarios_services import (
    COM_SCENARIOS,
    LOOK_SCENARIOS,
    SNAPSHOT_SCENARIOS,
    VSS_SCENARIOS,
)
from examples.lab.windows.wine.scenarios_writers import KEEP_OFF_SCENARIOS, WRITER_SCENARIOS
from examples.lab.windows.wine.wants import Stable, Untouched

WINDOWS_SCENARIOS: Mapping[str, WindowsScenario] = MappingProxyType(
    {
        "win-healthy": WindowsScenario(
            title="nothing is wrong; VSS stops by itself when it is idle",
            services={"VSS": replace(services.BASE["VSS"], lab=services.IDLE)},
            wants=(Stable(), Untouched(("CryptSvc", "SQLWriter", "Winmgmt", "iphlpsvc"))),
        ),
        **WRITER_SCENARIOS,
        **KEEP_OFF_SCENARIOS,
        **VSS_SCENARIOS,
        **COM_SCENARIOS,
        **SNAPSHOT_SCENARIOS,
        **LOOK_SCENARIOS,
        **AGENT_SCENARIOS,
        **CRYPTO_SCENARIOS,
        **INSTALLER_SCENARIOS,
    }
)
