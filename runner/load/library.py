"""The playbooks at hand, and finding those that are meant: by id, error code, number or alias."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.errors import Refused, UsageError
from runner.load.wording import nearest
from runner.model.inventory import Platform, Target
from runner.model.playbook import Playbook

_OTHER_TARGETS = (
    "Select other targets with -t, or another playbook. What a target is, `platform` says in the inventory; without "
    "it one over winrm is taken for windows, and any other for linux."
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a word of the user means: one playbook, or one for each of several platforms."""

    word: str
    playbooks: tuple[Playbook, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """Playbooks in a fixed order; ids are unique."""

    playbooks: tuple[Playbook, ...]

    def find(self, word: str) -> Sought:
        """What ``named`` finds, if no two of it are for one platform.

        Raises ``UsageError`` if there is none, with the nearest ones, or if a platform has several.
        """
        found = self.named(word)
        if found and not compete(found):
            return Sought(word, found)
        if found:
            message = f"`{word}` is solved by several playbooks: {', '.join(map(_with_platform, found))}"
            raise UsageError(message, remedy="Name one of them.")
        hint = nearest(word, list(self._all_names()))
        message = f"no playbook solves `{word}`"
        first = f"Did you mean `{hint}`? " if hint else ""
        raise UsageError(message, remedy=f"{first}`vmfix list` shows every code that is known; nothing was executed.")

    def named(self, word: str) -> tuple[Playbook, ...]:
        """The playbook of this id, else those that go by this word, or are of this section of the article."""
        wanted = spelled(word)
        return tuple(book for book in self.playbooks if spelled(book.id) == wanted) or tuple(
            book for book in self.playbooks if wanted in map(spelled, names_of(book)) or _is_of_section(book, word)
        )

    def matching(self, word: str) -> tuple[Playbook, ...]:
        """The playbooks in whose id, codes or title the word occurs, or that ``named`` finds; all for an empty word."""
        lower = word.strip().lower()
        named = {book.id for book in self.named(word)}
        return tuple(
            book
            for book in self.playbooks
            if book.id in named or any(lower in text.lower() for text in (*names_of(book), book.title))
        )

    def _all_names(self) -> Iterator[str]:
        for playbook in self.playbooks:
            yield from names_of(playbook)


def names_of(playbook: Playbook) -> Sequence[str]:
    """Everything that a playbook goes by: its id, the codes it solves, its aliases."""
    return (playbook.id, *playbook.solves, *playbook.aliases)


def spelled(word: str) -> str:
    """The same for all ways to write one name. Case counts for nothing; in a text only its words count."""
    parts = word.split()
    return " ".join(re.findall(r"\w+", word) if len(parts) > 1 else parts).casefold()


def _is_of_section(playbook: Playbook, word: str) -> bool:
    """Whether the word is a section of the article that the playbook is from: its address, anchor or heading."""
    page, _, section = word.rpartition("#")
    sources = (address.partition("#")[::2] for address in playbook.source.split())
    return any(own and _anchor(section) == own and page in ("", of) for of, own in sources)


def _anchor(heading: str) -> str:
    """The anchor of a heading, as learn.microsoft.com makes it; an anchor is its own."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def meant(sought: Iterable[Sought]) -> tuple[Playbook, ...]:
    """All playbooks of these words, each once, whatever their platform."""
    return tuple({book.id: book for one in sought for book in one.playbooks}.values())


def compete(playbooks: Iterable[Playbook]) -> bool:
    """Whether two of these playbooks are for targets of one platform, so that the platform does not decide."""
    return any(
        None in (one.platform, other.platform) or one.platform is other.platform
        for one, other in itertools.combinations(playbooks, 2)
    )


def for_platform(playbooks: Iterable[Playbook], platform: Platform) -> tuple[Playbook, ...]:
    """Those that are for this platform, or for any."""
    return tuple(playbook for playbook in playbooks if playbook.platform in (None, platform))


def for_targets(sought: Iterable[Sought], targets: Iterable[Target]) -> tuple[tuple[Playbook, ...], tuple[str, ...]]:
    """The playbooks that these targets need, each once; and a sentence for each word that the platform decided.

    Raises ``Refused`` for a word that means no playbook of any target's platform.
    """
    of_platform = Counter(target.platform for target in targets)
    chosen: dict[str, Playbook] = {}
    said: dict[str, str] = {}
    for one in sought:
        counts = {book.id: _count(book, of_platform) for book in one.playbooks}
        needed = [book for book in one.playbooks if counts[book.id]]
        if not needed:
            kinds = " and ".join(f"`{book.id}` is for {_platform(book)} targets" for book in one.playbooks)
            raise Refused(f"{kinds}, and none is selected", remedy=_OTHER_TARGETS)
        chosen.update({book.id: book for book in needed})
        if len(one.playbooks) > 1:
            parts = [f"`{book.id}` on {_counted(book, counts[book.id])}" for book in one.playbooks]
            said[one.word] = f"`{one.word}` is solved by platform: {', '.join(parts)}"
    return tuple(chosen.values()), tuple(said.values())


def _counted(playbook: Playbook, count: int) -> str:
    return f"{count} {_platform(playbook)} target{'' if count == 1 else 's'}"


def _count(playbook: Playbook, of_platform: Mapping[Platform, int]) -> int:
    return sum(count for platform, count in of_platform.items() if playbook.platform in (None, platform))


def _platform(playbook: Playbook) -> str:
    return playbook.platform.value if playbook.platform else "any"


def _with_platform(playbook: Playbook) -> str:
    return f"{playbook.id} ({_platform(playbook)})"
