"""Results as programs of Windows give them."""

from __future__ import annotations

from typing import Any

from runner.model.command import CommandResult
from runner.parsers import PARSERS


def parsed(name: str, out: str, code: int = 0, err: str = "") -> Any:  # noqa: ANN401 - plain data of any shape
    """What a parser makes of this output, which is given with LF and is the same with CR LF."""
    results = [
        PARSERS[name].parse(CommandResult(exit_code=code, stdout=o.encode(), stderr=e.encode()))
        for o, e in ((out, err), (out.replace("\n", "\r\n"), err.replace("\n", "\r\n")))
    ]
    assert name in ("net", "wevtutil_events") or results[0] == results[1]
    return results[0]
