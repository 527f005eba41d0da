"""Machine names with ranges: ``web[01:20].example.com``, ``db-[a:f]``, ``n[0:100:10]``, and a port behind them."""

from __future__ import annotations

import itertools
import re
import string

MAX_EXPANDED = 100_000  # from one pattern; more is a slip of the pen
_RANGE = re.compile(r"\[([^\[\]]*:[^\[\]]*)\]")
_PORT = re.compile(r"(.*[^:\]]|.*\]):([0-9]{1,5})")


def split_port(pattern: str) -> tuple[str, int | None]:
    """``web:2222`` -> name and port. A name with more colons, outside brackets, is an IPv6 address without one."""
    found = _PORT.fullmatch(pattern)
    if found is None or ":" in _RANGE.sub("", found[1]) or pattern.endswith("]"):
        return pattern, None
    return found[1], int(found[2])


def expand(pattern: str) -> list[str]:
    """All names of the pattern, in order. Raises ValueError with a message for people."""
    pieces = _RANGE.split(pattern)  # text, range, text, range ..., text
    choices = [[piece] if number % 2 == 0 else _range(piece) for number, piece in enumerate(pieces)]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > MAX_EXPANDED:
        message = f"`{pattern}` means {total} machines, more than {MAX_EXPANDED}\nCheck the range."
        raise ValueError(message)
    return ["".join(parts) for parts in itertools.product(*choices)]


def _range(text: str) -> list[str]:
    first, last, step = [*text.split(":"), "1"][:3] if text.count(":") <= 2 else ("", "", "")  # noqa: PLR2004
    if not step.isdecimal() or int(step) == 0:
        raise ValueError(_bad(text))
    if last.isdecimal() and (first.isdecimal() or not first):
        return _numbers(first or "0", last, int(step), text)
    letters = string.ascii_letters
    if len(first) == len(last) == 1 and first in letters and last in letters:
        chosen = letters[letters.index(first) : letters.index(last) + 1 : int(step)]
        if chosen:
            return list(chosen)
    raise ValueError(_bad(text))


def _numbers(first: str, last: str, step: int, text: str) -> list[str]:
    """Leading zeros set the width, which both ends must then share."""
    width = len(first) if len(first) > 1 and first[0] == "0" else 0
    if width and len(last) != width:
        message = f"the ends of the range [{text}] differ in width\nWrite [01:20], not [01:100]."
        raise ValueError(message)
    if len(last) > len(str(MAX_EXPANDED)) + 6 or int(last) < int(first):
        raise ValueError(_bad(text))
    if (int(last) - int(first)) // step >= MAX_EXPANDED:
        message = f"the range [{text}] means more than {MAX_EXPANDED} machines\nCheck it."
        raise ValueError(message)
    return [str(number).zfill(width) for number in range(int(first), int(last) + 1, step)]


def _bad(text: str) -> str:
    return f"[{text}] is not a range\nWrite [01:20], [1:9:2] or [a:f], the lower end first."
