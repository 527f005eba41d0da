"""From what an error says of itself to the playbooks that solve it. What is not known has none, ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.load.library import Library, names_of, spelled
from runner.load.wording import nearest
from runner.model.playbook import Playbook
from runner.triage.values import Backup, Fault, Solution

# Failures that are not about the machine: another backup was running, and this one never began.
_TRY_AGAIN = frozenset({"usererrorbackupoperationinprogress"})
_TRY_AGAIN_NUMBERS = frozenset({"400249"})
_MOST_HINTS = 100  # each compares a word with every name that is known


class Codes:
    """The error codes, numbers and aliases of a library. A playbook's id is none of them."""

    def __init__(self, library: Library) -> None:
        self._known: dict[str, dict[str, Playbook]] = {}
        for playbook in library.playbooks:
            for name in (*playbook.solves, *playbook.aliases):
                self._known.setdefault(spelled(name), {})[playbook.id] = playbook
        self._names = [name for playbook in library.playbooks for name in names_of(playbook)[1:]]

    def solve(self, fault: Fault) -> Solution:
        """The playbooks of an error. The first of title, number and text that it has decides alone.

        So an unknown title has no playbook, whatever else comes with it. A text must be an alias word for word.
        """
        for by, word in (("code", fault.title), ("number", fault.number), ("text", fault.text)):
            if word:
                return Solution(self._of(word), by)
        return Solution((), "")

    def hints(self, faults: Iterable[Fault]) -> Mapping[Fault, tuple[str, ...]]:
        """For errors without a playbook: what may have been meant. To be shown, never to be acted on."""
        unknown = sorted({fault for fault in faults if fault != Fault()})
        found = {fault: self._said_besides(fault) for fault in unknown}
        for fault in [fault for fault in unknown if not found[fault]][:_MOST_HINTS]:
            found[fault] = self._resembling(fault)
        return found

    def _said_besides(self, fault: Fault) -> tuple[str, ...]:
        """What number and text lead to, where they were not what decided."""
        parts = (("number", fault.number), ("text", fault.text))
        return tuple(f"`{book.id}` goes by its {part}" for part, word in parts for book in self._of(word))

    def _resembling(self, fault: Fault) -> tuple[str, ...]:
        """A name that the title nearly is, and names that stand in the text among other words."""
        close = nearest(fault.title, self._names) if fault.title else None
        words = f" {spelled(f'{fault.text} .')} "  # with the stop, even one word is read as a text
        inside = [name for name in self._known if not name.isdecimal() and f" {name} " in words]
        books = sorted({book for name in inside for book in self._known[name]})
        return (
            *((f"`{close}` is spelled nearly so",) if close else ()),
            *(f"`{book}` goes by words that stand in its text" for book in books),
        )

    def _of(self, word: str) -> tuple[Playbook, ...]:
        found = self._known.get(spelled(word), {}) if word else {}
        return tuple(found[name] for name in sorted(found))


def only_again(fault: Fault) -> bool:
    """Whether this error only asks for another try, later."""
    if fault.title:
        return fault.title.lower() in _TRY_AGAIN
    return fault.number in _TRY_AGAIN_NUMBERS


def says_nothing(backup: Backup) -> bool:
    """Whether a failure is not about the machine, or is a protected item's that does not name its job's error."""
    if not backup.faults:
        return backup.item
    return all(map(only_again, backup.faults))
