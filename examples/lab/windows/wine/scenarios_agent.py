"""The states of Windows targets that have to do with the guest agent, .NET's cryptography and the Windows Installer."""

from collections.abc import Mapping
from dataclasses import replace

from examples.lab.windows.wine.contents import LAB, WindowsScenario
from examples.lab.windows.wine.services import AGENT, INSTALLER, Service, Start
from examples.lab.windows.wine.wants import RegistryNumber, Restarted, Running, Starts, Untouched, Want

RD_AGENT, GUEST_AGENT = AGENT
FRAMEWORK = r"SOFTWARE\Microsoft\.NETFramework"
FRAMEWORK_32 = r"SOFTWARE\Wow6432Node\Microsoft\.NETFramework"
RUNTIME = r"SOFTWARE\Microsoft\VisualStudio\12.0\VC\Runtimes\x64"
STRONG = "SchUseStrongCrypto"
OLD, NEW = "v2.0.50727", "v4.0.30319"
AGENT_RUNS: tuple[Want, ...] = (
    Running(RD_AGENT),
    Running(GUEST_AGENT),
    Starts(RD_AGENT, Start.AUTO),
    Starts(GUEST_AGENT, Start.AUTO),
)
AGENT_UNTOUCHED: tuple[Want, ...] = (Untouched(tuple(AGENT)),)


def _agent(**changed: Service) -> Mapping[str, Service]:
    return {**AGENT, **changed}


AGENT_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-agent-healthy": WindowsScenario(
        title="both services of the guest agent run", services=AGENT, wants=AGENT_UNTOUCHED
    ),
    "win-agent-stopped": WindowsScenario(
        title="the guest agent's services ended when the machine had booted; they start when asked",
        services=_agent(
            RdAgent=replace(AGENT[RD_AGENT], lab={"StartError": 1067, "UntilStart": 2}),
            WindowsAzureGuestAgent=replace(AGENT[GUEST_AGENT], lab={"StopsAtOnce": 1, "UntilStart": 2}),
        ),
        wants=AGENT_RUNS,
    ),
    "win-agent-disabled": WindowsScenario(
        title="RdAgent is disabled, and the other service of the guest agent starts on demand",
        services=_agent(
            RdAgent=replace(AGENT[RD_AGENT], start=Start.DISABLED),
            WindowsAzureGuestAgent=replace(AGENT[GUEST_AGENT], start=Start.DEMAND),
        ),
        wants=AGENT_RUNS,
    ),
    "win-agent-delayed": WindowsScenario(
        title="RdAgent was set to start on demand; the other service starts late at each boot, which is fine",
        services=_agent(
            RdAgent=replace(AGENT[RD_AGENT], start=Start.DEMAND, boots=True),
            WindowsAzureGuestAgent=replace(AGENT[GUEST_AGENT], delayed=True),
        ),
        wants=(*AGENT_RUNS, Untouched(tuple(AGENT))),
    ),
    "win-agent-missing": WindowsScenario(
        title="the guest agent is half there: RdAgent, and no WindowsAzureGuestAgent",
        services={RD_AGENT: AGENT[RD_AGENT]},
        wants=(Untouched((RD_AGENT, "CryptSvc")),),
    ),
    "win-agent-start-fails": WindowsScenario(
        title="RdAgent does not start (1053), whatever is done",
        services=_agent(RdAgent=replace(AGENT[RD_AGENT], lab={"StartError": 1053})),
        wants=(Untouched((GUEST_AGENT,)),),
    ),
}
CRYPTO_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-crypto-absent": WindowsScenario(
        title=".NET 2.0 and 4.0, for programs of 64 and of 32 bits, and SchUseStrongCrypto nowhere",
        services=AGENT,
        registry={
            rf"{root}\{version}": {"AspNetEnforceViewStateMac": 1}
            for root in (FRAMEWORK, FRAMEWORK_32)
            for version in (OLD, NEW)
        },
        wants=(
            *(
                RegistryNumber(rf"{root}\{version}", STRONG, 1)
                for root in (FRAMEWORK, FRAMEWORK_32)
                for version in (OLD, NEW)
            ),
            Restarted(RD_AGENT),
            Restarted(GUEST_AGENT),
            *AGENT_RUNS,
        ),
    ),
    "win-crypto-partly": WindowsScenario(
        title="only .NET 4.0: SchUseStrongCrypto is 1 for 64 bits, and a text for 32 bits",
        services=AGENT,
        registry={rf"{FRAMEWORK}\{NEW}": {STRONG: 1}, rf"{FRAMEWORK_32}\{NEW}": {STRONG: "1"}},
        wants=(
            *(RegistryNumber(rf"{root}\{NEW}", STRONG, 1) for root in (FRAMEWORK, FRAMEWORK_32)),
            Restarted(RD_AGENT),
            Restarted(GUEST_AGENT),
            *AGENT_RUNS,
        ),
    ),
    "win-crypto-right": WindowsScenario(
        title="SchUseStrongCrypto is 1 wherever it counts",
        services=AGENT,
        registry={rf"{root}\{NEW}": {STRONG: 1} for root in (FRAMEWORK, FRAMEWORK_32)},
        wants=AGENT_UNTOUCHED,
    ),
    "win-crypto-no-framework": WindowsScenario(
        title="there is no .NET that SchUseStrongCrypto would count for",
        services=AGENT,
        registry={rf"{FRAMEWORK}\v1.1.4322": {"Other": 1}},
        wants=AGENT_UNTOUCHED,
    ),
}
INSTALLED: Mapping[str, Mapping[str, str | int]] = {RUNTIME: {"Installed": 1, "Version": "v12.0.21005.01"}}
EXTENSION = "Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot"
# By its letters 1.0.9.0 would be the newest; what lies there is no installer.
VERSIONS: Mapping[str, str] = {
    f"{EXTENSION}/1.0.9.0/vcredist2013_x64.exe": "notlab",
    f"{EXTENSION}/1.0.36.0/vcredist2013_x64.exe": "vcredist",
}
FOR_EVER = 1000


def _without_runtime(title: str, *more: Want, **lab: int) -> WindowsScenario:
    """A target whose extension has an installer that behaves as vcredist.c says."""
    return WindowsScenario(
        title=f"the Visual C++ 2013 runtime is missing; {title}",
        services={"msiserver": INSTALLER},
        registry={rf"{LAB}\VcRedist": lab},
        programs=VERSIONS,
        wants=(Starts("msiserver", Start.DEMAND), Untouched(("CryptSvc",)), *more),
    )


INSTALLED_NOW = RegistryNumber(RUNTIME, "Installed", 1)
INSTALLER_SCENARIOS: Mapping[str, WindowsScenario] = {
    "win-vcredist-there": WindowsScenario(
        title="the Visual C++ 2013 runtime is there, and the Windows Installer starts on demand",
        services={"msiserver": INSTALLER},
        registry=INSTALLED,
        wants=(Starts("msiserver", Start.DEMAND), Untouched(("CryptSvc",))),
    ),
    "win-installer-disabled": WindowsScenario(
        title="the Windows Installer is disabled; the runtime is there",
        services={"msiserver": replace(INSTALLER, start=Start.DISABLED)},
        registry=INSTALLED,
        wants=(Starts("msiserver", Start.DEMAND),),
    ),
    "win-vcredist-missing": _without_runtime(
        "its installer returns before it is done, and a restart is due",
        INSTALLED_NOW,
        ExitCode=3010,
        Returns=1,
        WorkMs=3000,
    ),
    "win-vcredist-busy": _without_runtime("another installation runs at first", INSTALLED_NOW, Busy=1, WorkMs=500),
    "win-vcredist-busy-for-good": _without_runtime("another installation runs for ever", Busy=FOR_EVER),
    "win-vcredist-fails": _without_runtime("its installer fails (1603)", Fails=1603),
    "win-installer-gone": WindowsScenario(
        title="there is no Windows Installer", registry=INSTALLED, wants=(Untouched(("CryptSvc",)),)
    ),
}
