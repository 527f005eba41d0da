"""A Windows target as a test or a person sees it, from outside WinRM and at its endpoint."""

from pathlib import Path

from examples.lab.windows import target
from examples.lab.windows.wine import machine
from examples.lab.windows.wine.process import WineExecutor
from examples.lab.windows.wine.seen import Seen, look
from examples.lab.windows.wsman.control import Remote


class WindowsView:
    """A running target, by its folder and scenario; nothing here goes through WinRM, or into the endpoint's log."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.folder, self.scenario = folder, scenario

    @property
    def endpoint(self) -> Remote:
        """The endpoint: what it was sent, and how to make it misbehave."""
        return Remote(self.folder / "endpoint")

    @property
    def executor(self) -> WineExecutor:
        """Starts command lines as the endpoint does, past the endpoint."""
        return WineExecutor(self.folder)

    @property
    def authority(self) -> Path:
        """The certificate that clients have to trust."""
        return target.authority_file(self.folder)

    @property
    def is_up(self) -> bool:
        """Whether it is booted."""
        return machine.is_up(self.folder)

    @property
    def boots(self) -> int:
        """How often it was booted."""
        return machine.boots(self.folder)

    def look(self) -> Seen:
        """Its services, writers and registry now."""
        return look(self.folder)

    def problems(self) -> dict[str, str | None]:
        """What has to hold when it is mended, and for each what is not so, or None."""
        return target.problems(self.folder, self.scenario)

    def is_mended(self) -> bool:
        """Whether all of it holds."""
        return not any(self.problems().values())

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a program of its system32; the exit code (its lowest 8 bits) and the output."""
        return machine.run(self.folder, rf"C:\windows\system32\{program}", arguments)
