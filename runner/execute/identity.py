"""Whether the machine that answers is the one that the inventory means."""

from __future__ import annotations

from runner.errors import HostIdentityError
from runner.model.command import Command, Dialect
from runner.model.inventory import Platform, Target
from runner.steps.base import Observing, last_line

_VM_ID = {
    Platform.LINUX: Command(
        dialect=Dialect.SH,
        script="if command -v dmidecode >/dev/null 2>&1; then dmidecode -s system-uuid\n"
        "else cat /sys/class/dmi/id/product_uuid; fi\n",
        at_most=30,
    ),
    Platform.WINDOWS: Command(
        dialect=Dialect.POWERSHELL,
        script="$ErrorActionPreference = 'Stop'\n(Get-CimInstance -ClassName Win32_ComputerSystemProduct).UUID\n",
        at_most=60,
    ),
}
"""What prints the SMBIOS UUID."""


def check_identity(target: Target) -> Observing[None]:
    """Compare what the inventory states of the machine with what it says of itself; nothing stated, nothing asked.

    The name is compared without its domain and without case. The VM id is the SMBIOS UUID; Azure shows it with the
    first three groups in the other byte order on older generations, so both orders are right.
    Raises ``HostIdentityError``: no change may be made.
    """
    if target.hostname is not None:
        program = "hostname" if target.platform is Platform.WINDOWS else "uname"
        argv = (program,) if target.platform is Platform.WINDOWS else (program, "-n")
        result = yield Command(argv=argv, elevated=False, at_most=30)
        _same(
            target, "name", target.hostname, result.out.strip(), _short(target.hostname) == _short(result.out.strip())
        )
    if target.vm_id is not None:
        result = yield _VM_ID[target.platform]
        if result.exit_code:
            _same(target, "vmId", target.vm_id, f"not readable: {last_line(result)}", same=False)
        seen = result.out.strip().lower()
        _same(target, "vmId", target.vm_id, seen, target.vm_id.lower() in (seen, _swapped(seen)))


def _short(name: str) -> str:
    return name.split(".", 1)[0].lower()


def _swapped(uuid: str) -> str:
    """The UUID with the byte order of its first three groups turned round."""
    groups = uuid.split("-")
    if len(groups) != 5:  # noqa: PLR2004 - a UUID has five groups
        return uuid
    turned = ["".join(reversed([g[i : i + 2] for i in range(0, len(g), 2)])) for g in groups[:3]]
    return "-".join([*turned, *groups[3:]])


def _same(target: Target, what: str, meant: str, seen: str, same: bool) -> None:  # noqa: FBT001 - the comparison itself
    if same:
        return
    message = (
        f"the machine at {target.address} is not the one that is meant: "
        f"its {what} is {seen!r}, and the inventory says {meant!r} of {target.name}"
    )
    raise HostIdentityError(message, remedy=f"Correct the address or the {what} in the inventory. Nothing was changed.")
