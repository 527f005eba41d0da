"""Looking at the access list of a folder on Windows, and comparing it with a wanted one. By SIDs and numbers only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from runner.steps.powershell_look import Seen

Rights: TypeAlias = Literal["full", "modify", "read-execute", "read-write", "read"]

MASKS: Mapping[str, int] = MappingProxyType(
    {"full": 0x1F01FF, "modify": 0x1301BF, "read-execute": 0x1200A9, "read-write": 0x12019F, "read": 0x120089}
)
"""Access masks of winnt.h: 0x12019F is FILE_GENERIC_READ with FILE_GENERIC_WRITE, which the article spells out."""

LETTERS: Mapping[str, str] = MappingProxyType(
    {"full": "F", "modify": "M", "read-execute": "RX", "read-write": "R,W", "read": "R"}
)
"""The same for icacls."""

_WELL_KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "S-1-1-0": "Everyone",
        "S-1-3-0": "Creator Owner",
        "S-1-5-11": "Authenticated Users",
        "S-1-5-18": "SYSTEM",
        "S-1-5-19": "Local Service",
        "S-1-5-20": "Network Service",
        "S-1-5-32-544": "Administrators",
        "S-1-5-32-545": "Users",
    }
)
_ALLOW, _DENY = 0, 1  # AceType
_INHERITED = 0x10  # AceFlags
_SCOPE = 0x0F  # AceFlags: objects, containers, not further, only below

LOOK = """\
$path = $args[0]
try { $attributes = [System.IO.File]::GetAttributes($path) }
catch [System.IO.FileNotFoundException] { Show @{ kind = 'absent' }; return }
catch [System.IO.DirectoryNotFoundException] { Show @{ kind = 'absent' }; return }
if (-not ($attributes -band [System.IO.FileAttributes]::Directory)) { Show @{ kind = 'file' }; return }
if ($attributes -band [System.IO.FileAttributes]::ReparsePoint) { Show @{ kind = 'link' }; return }
$part = [System.Security.AccessControl.AccessControlSections]::Access
$sddl = [System.IO.Directory]::GetAccessControl($path, $part).GetSecurityDescriptorSddlForm($part)
$descriptor = New-Object System.Security.AccessControl.RawSecurityDescriptor $sddl
$entries = @(foreach ($ace in $descriptor.DiscretionaryAcl) {
  @{ type = [int]$ace.AceType; flags = [int]$ace.AceFlags; mask = [int]$ace.AccessMask
     sid = [string]$ace.SecurityIdentifier.Value }
})
Show @{ kind = 'folder'; sddl = [string]$sddl; entries = $entries }
"""
"""By .NET and not by icacls, which prints translated names and can show SIDs only by writing a file."""


class Entry(Seen):
    """One entry of an access list, with the numbers of winnt.h: type, flags, signed mask."""

    type: int
    flags: int
    mask: int
    sid: str

    @property
    def allows(self) -> bool:
        return self.type == _ALLOW

    @property
    def denies(self) -> bool:
        return self.type == _DENY

    @property
    def inherited(self) -> bool:
        return bool(self.flags & _INHERITED)

    def gives(self, rights: str) -> bool:
        """Whether it allows exactly this."""
        return self.allows and self.mask & 0xFFFFFFFF == MASKS[rights]

    def is_own(self, rights: str) -> bool:
        """Whether it allows exactly this, on this folder only, and does not come from above."""
        return self.gives(rights) and not self.flags & (_SCOPE | _INHERITED)

    def __str__(self) -> str:
        rights = next((name for name in MASKS if self.mask & 0xFFFFFFFF == MASKS[name]), "")
        words = [
            "" if self.allows else "denied",
            rights or f"0x{self.mask & 0xFFFFFFFF:x}",
            "from above" if self.inherited else "",
            "with what is below" if self.flags & _SCOPE else "",
        ]
        return f"{named(self.sid)}: {' '.join(word for word in words if word)}"


class FolderSeen(Seen):
    """``sddl`` is the access list in Windows' own notation, and all that an undo needs; ``entries`` is the same."""

    kind: Literal["absent", "file", "link", "folder"]
    sddl: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def problem(self) -> str:
        """Why nothing can be said of it or done to it, or an empty text."""
        kinds = {"absent": "it does not exist", "file": "it is no folder", "link": "it is a link to another folder"}
        if self.kind != "folder":
            return kinds[self.kind]
        if not self.entries:
            return "its access list is empty or missing"
        strange = next((entry for entry in self.entries if not (entry.allows or entry.denies) or not entry.sid), None)
        return f"its access list has an entry of a kind that vmfix does not know ({strange.type})" if strange else ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sddl.encode()).hexdigest()


def named(sid: str) -> str:
    """A SID with the English name of the account, where all machines have it."""
    return f"{_WELL_KNOWN[sid]} ({sid})" if sid in _WELL_KNOWN else sid


class Difference(Seen):
    """What is to be done, as SIDs: ``grant`` and ``keep`` (rights for each), ``undeny``, ``remove``.

    ``cut``: what comes from the folder above has to end. ``keep`` are tolerated entries that would go with it.
    """

    grant: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    undeny: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    cut: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.grant or self.undeny or self.remove or self.cut)


def difference(
    seen: FolderSeen, wanted: Mapping[str, str], tolerated: Mapping[str, str], *, others_go: bool
) -> Difference:
    """What keeps the list from being as wanted. Where others stay, nothing that comes from above is looked at."""
    entries = [entry for entry in seen.entries if others_go or not entry.inherited]
    fine = {sid for sid, rights in wanted.items() if _is_only(entries, sid, rights)}
    accepted = [e for e in entries if e.sid not in wanted and e.sid in tolerated and e.gives(tolerated[e.sid])]
    others = [e for e in entries if e.sid not in wanted and e not in accepted] if others_go else []
    strays = [e for e in entries if e.sid in wanted and e.sid not in fine]
    cut = any(entry.inherited for entry in (*others, *strays))
    return Difference(
        grant=tuple(wanted) if cut or len(fine) < len(wanted) else (),
        keep=_sids(entry for entry in accepted if cut and entry.inherited),
        undeny=_sids(entry for entry in strays if entry.denies and not entry.inherited),
        remove=_sids(entry for entry in others if not entry.inherited),
        cut=cut,
    )


def _is_only(entries: list[Entry], sid: str, rights: str) -> bool:
    own = [entry for entry in entries if entry.sid == sid]
    return len(own) == 1 and own[0].is_own(rights)


def _sids(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(sorted({entry.sid for entry in entries}))
