"""Take every known secret out of a text before anybody sees it."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
import urllib.parse
from collections.abc import Callable, Iterator

from runner.model.text import CUT

MASK = "***"
_SHORTEST = 4  # characters; masking shorter ones would eat ordinary words and hide nothing
_SHORTEST_LINE = 8  # of a secret of many lines, such as a private key; and of a piece of base64


class Redactor:
    """Grows as secrets are resolved. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Mask this from now on, also as it looks in JSON, a shell, a URL, XML, Python or base64."""
        if len(secret) < _SHORTEST:
            return
        with self._lock:
            self._forms.update(_forms(secret))
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """``text`` with every known secret replaced by ``***``, and with pieces of them where the text was cut."""
        pattern = self._pattern
        if pattern is None:
            return text
        return pattern.sub(MASK, self._without_pieces(text) if CUT in text else text)

    def _without_pieces(self, text: str) -> str:
        """Of a secret that a cut divided, the half that is still there is masked, unless it is very short."""
        with self._lock:
            forms = tuple(self._forms)
        first, *rest = text.split(CUT)
        parts = [first]
        for part in rest:
            before, after = parts[-1], part
            length = max(_longest_end(before, form) for form in forms) if len(before) >= _SHORTEST else 0
            parts[-1] = before[: len(before) - length] + MASK if length else before
            length = max(_longest_start(after, form) for form in forms) if len(after) >= _SHORTEST else 0
            parts.append(MASK + after[length:] if length else after)
        return CUT.join(parts)


def _longest_end(text: str, form: str) -> int:
    """How many characters at the end of ``text`` are the beginning of ``form``."""
    return _longest_start(text[::-1], form[::-1]) if text[-_SHORTEST:] in form else 0


def _longest_start(text: str, form: str) -> int:
    """How many characters at the start of ``text`` are the end of ``form``."""
    at = form.find(text[:_SHORTEST]) if len(text) >= _SHORTEST else -1
    while at >= 0:
        if text.startswith(form[at:]):
            return len(form) - at
        at = form.find(text[:_SHORTEST], at + 1)
    return 0


def _forms(secret: str) -> Iterator[str]:
    yield secret
    if len(squeezed := " ".join(secret.split())) >= _SHORTEST:
        yield squeezed  # as messages show what a target said, in one line
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield shlex.quote(secret)
    yield secret.replace("'", "''")  # PowerShell
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote(secret)
    yield urllib.parse.quote_plus(secret)
    for encoding in ("utf-8", "utf-16-le"):
        yield from _base64(secret.encode(encoding, "surrogatepass"))
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE)


def _base64(data: bytes) -> Iterator[str]:
    """The whole value, and what it looks like inside longer base64 at each of the three alignments."""
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
    for shift in range(3):
        # Characters that also carry bits of what stands around the secret are not ours to match.
        first = -(-shift * 8 // 6)
        last = (shift + len(data)) * 8 // 6
        piece = base64.b64encode(b"\0" * shift + data).decode()[first:last]
        if len(piece) >= _SHORTEST_LINE:
            yield piece


def redact_json(value: object, redact: Callable[[str], str]) -> object:
    """JSON data with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): redact_json(item, redact) for key, item in value.items()}
    return [redact_json(item, redact) for item in value] if isinstance(value, list) else value
