"""What the exit code of an installer means: the Windows Installer's own codes, which bootstrappers hand on.

They are those of its reference (Msi/error-codes), of which 0, 3010, 1641, 1618, 1638, 1639, 1603 and 1601 count here.
"""

from __future__ import annotations

from runner.model.command import CommandResult
from runner.steps.base import Judged, Judgement, last_line

_FROM_WIN32 = 0x8007_0000  # an HRESULT that carries such a code in its lower half
_DONE, _ANOTHER_RUNS, _THERE, _RESTARTS, _RESTART_DUE = 0, 1618, 1638, 1641, 3010
_FAILURES = {
    1601: "the service of the Windows Installer could not be reached",
    1603: "the installation failed",
    1639: "it does not understand its arguments",
}
_WAIT = "Wait until the other installation is over, then run vmfix again. Try nothing else meanwhile."
_RESTART = "Restart the machine at a time that suits its owner: the installation is complete only then."
_GOING_DOWN = "Wait until the machine is up again, and see that all is well there. Then run vmfix again."


def plain_code(code: int) -> int:
    """The Windows Installer's own number, also where a bootstrapper wraps it as an HRESULT, signed or not."""
    unsigned = code & 0xFFFF_FFFF
    carried = unsigned & 0xFFFF
    # One that carries 0 says that something failed, and never that all went well.
    return carried if carried and unsigned - carried == _FROM_WIN32 else code


def judgement(result: CommandResult, log: str) -> Judgement:
    """``log`` is where it wrote what it did, or empty."""
    code = plain_code(result.exit_code)
    exit_text = f"exit {code}" if code == result.exit_code else f"exit {result.exit_code}, which is {code}"
    if code == _DONE:
        return Judgement(Judged.STARTED, exit_text)
    if code == _RESTART_DUE:
        text = f"{exit_text}: done, and a restart of the machine is due"
        return Judgement(Judged.STARTED, text, facts={"reboot_wanted": True}, advice=_RESTART)
    if code == _RESTARTS:
        text = f"{exit_text}: done, and the installer has begun to restart the machine, which it was told not to"
        return Judgement(Judged.RESTARTING, text, advice=_GOING_DOWN)
    if code == _ANOTHER_RUNS:
        return Judgement(Judged.BUSY, f"{exit_text}: another installation runs, so nothing was installed", advice=_WAIT)
    if code == _THERE:
        return Judgement(Judged.OK, f"{exit_text}: this or another version of it is there already")
    why = _FAILURES.get(code) or last_line(result)
    advice = f"Read its log on the machine: {log}" if log else ""
    return Judgement(Judged.FAILED, f"{exit_text}: {why}{f'; its log is {log}' if log else ''}", advice=advice)
