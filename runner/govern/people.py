"""Who is the same person: aliases that a policy tells, and names that share a key."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_NO_NAME = frozenset('*?!,"')


def fold(name: str) -> str:
    """The form in which names are compared: capitals and the ways to write an accent make no other person."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_pattern(name: str) -> bool:
    """Whether this says more than one name to a file of allowed_signers. Such a name is nobody's."""
    return not _NO_NAME.isdisjoint(name)


@dataclass(frozen=True, slots=True)
class People:
    """Names by person; compared as ``fold`` makes them. A name that is in no group is a person of its own."""

    _groups: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, people: Mapping[str, Iterable[str]], keys: Iterable[tuple[str, str]] = ()) -> People:
        """``people``: aliases by principal; ``keys``: names and the keys with which they signed.

        Groups that share a name become one, and so do names that share a key: who holds a key counts once, whatever
        names an allowed_signers file lets it speak for.
        """
        groups: dict[str, frozenset[str]] = {}
        by_key: dict[str, set[str]] = {}
        for name, key in keys:
            by_key.setdefault(key, set()).add(name)
        for names in [[name, *aliases] for name, aliases in people.items()] + [sorted(n) for n in by_key.values()]:
            folded = {fold(name) for name in names}
            joined = frozenset(folded).union(*(groups[name] for name in folded if name in groups))
            groups |= dict.fromkeys(joined, joined)
        return cls(MappingProxyType(groups))

    def person(self, name: str) -> frozenset[str]:
        """All names of whoever has this one."""
        folded = fold(name)
        return self._groups.get(folded, frozenset((folded,)))

    def is_same(self, login: str, principal: str) -> bool:
        """Whether somebody whom only a login names (``kim@host``, ``kim (GitHub Actions)``) may be this principal.

        It rather finds one person too few: ``kim@host`` is taken for ``kim@example.com``.
        """
        names = self.person(principal)
        heads = names | {_head(name) for name in names}
        return bool({fold(login), _head(fold(login))} & heads) or bool(self.person(login) & names)


def _head(name: str) -> str:
    """What stands before ``@`` or ``(``."""
    return name.partition(" (")[0].partition("@")[0]
