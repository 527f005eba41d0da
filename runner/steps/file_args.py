"""The arguments of the ``file`` step, for Linux and Windows alike."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from runner.steps._atomic_write import is_glob
from runner.steps.base import Args

_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"


class FileArgs(Args):
    """A path and what should be there: a file with a content, a directory, or nothing."""

    path: str = Field(
        pattern=r"^(/[^\x00]*[^/\x00]|[A-Za-z]:\\[^\x00]*[^\\\x00])$", description="The file or directory, absolute."
    )
    content: str | None = Field(default=None, description="The whole content of the file, written as UTF-8.")
    directory: bool = Field(default=False, description="A directory, made with the folders above it.")
    absent: bool = Field(
        default=False,
        description="Remove the file; a backup of it stays. Directories and symbolic links are never removed.",
    )
    mode: str | None = Field(
        default=None, pattern=r"^[0-7]{4}$", description="Mode in octal; a new file gets 0644, a new directory 0755."
    )
    owner: str | None = Field(default=None, pattern=_NAME, description="Owner by name; a new file belongs to root.")
    group: str | None = Field(default=None, pattern=_NAME, description="Group by name; a new file belongs to root.")

    @classmethod
    def misfit(cls, given: Mapping[str, object]) -> str:
        """One wish, of one file."""
        wishes = [
            given.get("content") is not None,
            *(given.get(name) not in (None, False) for name in ("directory", "absent")),
        ]
        attributes = any(given.get(name) for name in ("mode", "owner", "group"))
        if is_glob(str(given.get("path", ""))):
            return "the path must name one file, without *, ? and [\nUse one step for each file."
        if sum(wishes) > 1:
            return "only one of content, directory and absent can be wanted\nRemove the others."
        if wishes[2] and attributes:
            return "what is absent has no mode, owner or group\nRemove them."
        if not any(wishes) and not attributes:
            return "nothing is wanted of the file\nGive content, directory, absent, mode, owner or group."
        return ""
