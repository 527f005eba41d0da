"""Which policy holds here: the machine's own, the one that is named, or none. The only place that reads policies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runner.diagnostics import Diagnostics, Span
from runner.errors import InvalidDocuments, Refused, UsageError, VmfixError
from runner.model.policy import Policy

if TYPE_CHECKING:
    from runner.govern.schedule import Schedule

SITE = Path("/etc/vmfix/policy.yml")
"""The machine's own policy. It is in the hands of who administers the machine: no option or variable moves it."""

VARIABLE = "VMFIX_POLICY"
_MAX_BYTES = 8 * 1024 * 1024


def find_policy(
    given: str | None, environ: Mapping[str, str], diagnostics: Diagnostics, *, site: Path = SITE
) -> Policy | None:
    """The policy that holds: the one at ``site`` if there is one, else ``given``, else the variable's, else none.

    Raises ``Refused`` if another policy is named than the machine's own, or if a policy cannot be read (at ``site``:
    also if it is a link that leads nowhere); ``UsageError`` if there is no file of the name that was given;
    ``InvalidDocuments`` with all that is wrong in it. Warnings stay in ``diagnostics``.
    """
    named = given or environ.get(VARIABLE) or None
    if _exists(site):
        if named is not None and not _same(Path(named), site):
            message = f"this machine has its own policy, {site}, and {named} is another one"
            whence = "Leave --policy away." if given else f"Unset {VARIABLE}."
            raise Refused(message, remedy=f"{whence} Only who administers this machine can change its policy.")
        return load_policy(site, diagnostics, own=True)
    return None if named is None else load_policy(Path(named), diagnostics)


def load_policy(path: Path, diagnostics: Diagnostics, *, own: bool = False) -> Policy:
    """The policy in a file; ``own``: it is the machine's, and must be there. Raises as ``find_policy``."""
    from runner.load.policy import read_policy  # noqa: PLC0415 - who has no policy does not pay for its libraries

    found = Diagnostics()
    policy = read_policy(_contents(path, own=own), str(path), found, _bytes)
    diagnostics.extend(found)
    if policy is None:
        raise InvalidDocuments(found.errors)
    return policy


def check_policy(path: Path, diagnostics: Diagnostics) -> None:
    """All that is wrong with a policy, into ``diagnostics``."""
    try:
        load_policy(path, diagnostics)
    except InvalidDocuments:
        pass  # they are in ``diagnostics``
    except VmfixError as problem:
        diagnostics.error(Span(str(path)), problem.message, problem.remedy)


def schedule_of(policy: Policy) -> Schedule | None:
    """When the policy lets things start, by the calendars as they were when it was read; None: at any time."""
    from runner.govern.schedule import Schedule  # noqa: PLC0415 - as above
    from runner.load.calendars import read_calendar  # noqa: PLC0415 - as above

    if not policy.windows and not policy.freezes:
        return None
    diagnostics = Diagnostics()
    calendars = [
        read_calendar(policy.files[freeze.calendar], str(freeze.calendar), freeze.zone, diagnostics)
        for freeze in policy.freezes
    ]
    right = [calendar for calendar in calendars if calendar is not None]
    if len(right) < len(calendars):
        raise InvalidDocuments(diagnostics.errors)
    return Schedule(policy, right)


def _exists(path: Path) -> bool:
    """Whether anything is there. What we may not look at counts: a policy that cannot be read is not no policy."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _contents(path: Path, *, own: bool) -> bytes:
    try:
        return _bytes(path)
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError) and not own:  # the machine's own was there: its link leads nowhere
            message = f"there is no policy {path}"
            raise UsageError(message, remedy="Check the path.") from None
        message = f"the policy {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise Refused(message, remedy="Nothing runs without it. Let it be readable, or ask who owns it.") from None


def _bytes(path: Path) -> bytes:
    """Raises OSError; also for what is too large to be meant, or would be waited for without end."""
    if not path.is_file():
        path.stat()  # says what is wrong with it, such as that it is not there
        message = "it is not a file"
        raise OSError(message)
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        message = f"it is larger than {_MAX_BYTES // 1024 // 1024} MiB"
        raise OSError(message)
    return data
