"""The playbooks at hand, and finding the one that is meant: by id, error code, number or alias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.errors import UsageError
from runner.load.wording import nearest
from runner.model.playbook import Playbook


@dataclass(frozen=True, slots=True)
class Library:
    """Playbooks in a fixed order; ids are unique."""

    playbooks: tuple[Playbook, ...]

    def find(self, word: str) -> Playbook:
        """The one playbook that goes by this word, whatever its case. Raises ``UsageError`` with the nearest ones."""
        found = [playbook for playbook in self.playbooks if word.lower() in map(str.lower, names_of(playbook))]
        if len(found) == 1:
            return found[0]
        if found:
            message = f"`{word}` is solved by several playbooks: {', '.join(p.id for p in found)}"
            raise UsageError(message, remedy="Name one of them.")
        hint = nearest(word, list(self._all_names()))
        message = f"no playbook solves `{word}`"
        first = f"Did you mean `{hint}`? " if hint else ""
        raise UsageError(message, remedy=f"{first}`vmfix list` shows every code that is known; nothing was executed.")

    def matching(self, word: str) -> tuple[Playbook, ...]:
        """The playbooks in whose id, codes or title the word occurs; all for an empty word."""
        lower = word.lower()
        return tuple(
            playbook
            for playbook in self.playbooks
            if any(lower in text.lower() for text in (*names_of(playbook), playbook.title))
        )

    def _all_names(self) -> Iterator[str]:
        for playbook in self.playbooks:
            yield from names_of(playbook)


def names_of(playbook: Playbook) -> Sequence[str]:
    """Everything that a playbook goes by: its id, the codes it solves, its aliases."""
    return (playbook.id, *playbook.solves, *playbook.aliases)
