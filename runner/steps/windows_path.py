"""Full paths on Windows, as step types take them."""

from __future__ import annotations

import re

PATH = re.compile(r"[A-Za-z]:(\\[^\\/:*?\"<>|\x00-\x1f]*[^\\/:*?\"<>|\x00-\x1f. ])+")

# Folders, below any drive, that hold the whole system or everybody's data.
_TOO_MUCH = re.compile(
    r"(?i)[a-z]:\\(windows(\\(system32|syswow64|winsxs))?|program files( \(x86\))?|programdata|users|recovery|"
    r"system volume information|\$recycle\.bin)"
)


def why_no_folder(path: str) -> str:
    """Why a path is no folder that a step may work on as a whole, or an empty text. A second line is the remedy."""
    if not PATH.fullmatch(path):
        return f"`{path}` is no path of a folder on Windows\nWrite it from the drive on: C:\\folder\\folder."
    if _TOO_MUCH.fullmatch(path):
        return f"`{path}` holds far more than one program's files\nName the folder that is meant."
    return ""


def parent(path: str) -> str:
    """The folder above; a drive keeps its backslash."""
    above = path.rpartition("\\")[0]
    return above if "\\" in above else f"{above}\\"
