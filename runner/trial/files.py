"""Simulated files of a Linux machine: read and written by the very scripts of the steps ``file`` and ``ini_value``."""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runner.model.case import GivenFile
from runner.model.command import Command, CommandResult
from runner.steps import _atomic_scripts as scripts

_EXPAND_ONE = scripts.EXPAND.replace("for file in $1", 'for file in "$1"')
_ABSENT = "absent"


@dataclass
class Files:
    """Files by path; None: nobody said which there are, so nothing is answered. There are no symbolic links."""

    files: dict[str, GivenFile] | None = None

    def become(self, given: Mapping[str, GivenFile | None] | None) -> None:
        """Take over what a case says."""
        if given is None:
            return
        self.files = {} if self.files is None else self.files
        for path, file in given.items():
            self.files.pop(path, None)
            if file is not None:
                self.files[path] = file

    def content(self, path: str) -> bytes | None:
        """None if there is no such file."""
        file = (self.files or {}).get(path)
        return None if file is None else file.content

    def __call__(self, command: Command) -> CommandResult | None:
        """None: it is about no files, or none were given."""
        if self.files is None:
            return None
        return self._script(command) if command.script else self._program(self.files, command.argv)

    def _program(self, files: dict[str, GivenFile], argv: tuple[str, ...]) -> CommandResult | None:
        match argv:
            case ("cat", path) | ("cat", "--", path):
                return self._shown("cat", path, self.content(path))
            case ("tail", count, path) if count.startswith("--lines="):
                content = self.content(path)
                lines = (content or b"").splitlines(keepends=True)
                last = b"".join(lines[-int(count.partition("=")[2]) :])
                return self._shown("tail", path, None if content is None else last)
            case ("test", "-e" | "-f" as kind, path):
                return CommandResult(exit_code=int(not (path in files or (kind == "-e" and self._is_folder(path)))))
            case ("test", "-d", path):
                return CommandResult(exit_code=int(not self._is_folder(path)))
            case ("realpath", "-m", "-z", "--", *paths):
                return CommandResult(exit_code=0, stdout=b"".join(f"{path}\0".encode() for path in paths))
            case ("chmod", "--", mode, path) if path in files:
                files[path] = replace(files[path], mode=mode.zfill(4))
                return CommandResult(exit_code=0)
            case ("chown", "--", owner, path) if path in files:
                user, _, group = owner.partition(":")
                files[path] = replace(files[path], owner=user, group=group or files[path].group)
                return CommandResult(exit_code=0)
            case _:
                return None

    def _is_folder(self, path: str) -> bool:
        return any(each.startswith(path.rstrip("/") + "/") for each in self.files or {})

    def _shown(self, program: str, path: str, content: bytes | None) -> CommandResult:
        if content is None:
            return CommandResult(exit_code=1, stderr=f"{program}: {path}: No such file or directory\n".encode())
        return CommandResult(exit_code=0, stdout=content)

    def _script(self, command: Command) -> CommandResult | None:
        path = command.argv[0] if command.argv else ""
        file = (self.files or {}).get(path)
        match command.script:
            case scripts.LINK:
                return CommandResult(exit_code=scripts.NO_FILE)
            case scripts.STAT:
                return self._stat(path, file)
            case scripts.READ:
                found = CommandResult(exit_code=scripts.NO_FILE)
                return found if file is None else CommandResult(exit_code=0, stdout=file.content)
            case scripts.EXPAND:
                found_paths = sorted(each for each in self.files or {} if _globbed(path, each))
                return CommandResult(exit_code=0, stdout=b"".join(f"{each}\0".encode() for each in found_paths))
            case script if script == _EXPAND_ONE:
                return CommandResult(exit_code=0, stdout=f"{path}\0".encode())
            case scripts.WRITE | scripts.REMOVE:
                return self._put(command)
            case _:
                return None

    def _stat(self, path: str, file: GivenFile | None) -> CommandResult:
        if file is not None:
            kind = "regular file" if file.content else "regular empty file"
            line = f"{kind}|{int(file.mode, 8):o}|{file.owner}|{file.group}|1|0|0\n"
            return CommandResult(exit_code=0, stdout=line.encode())
        if self._is_folder(path):
            return CommandResult(exit_code=0, stdout=b"directory|755|root|root|2|0|0\n")
        return CommandResult(exit_code=1, stderr=f"stat: cannot statx '{path}': No such file or directory\n".encode())

    def _put(self, command: Command) -> CommandResult:
        """Write or remove, if the file is still what was looked at; a backup of it stays."""
        files = self.files if self.files is not None else {}
        path, expected, written, backup, *rest = command.argv
        old = files.get(path)
        if (_ABSENT if old is None else _digest(old.content)) != expected:
            return CommandResult(exit_code=scripts.CHANGED)
        if backup and old is not None:
            files.setdefault(backup, old)
        if command.script == scripts.REMOVE:
            files.pop(path, None)
            return CommandResult(exit_code=0)
        content = command.stdin.encode()
        if _digest(content) != written:
            return CommandResult(exit_code=scripts.CUT)
        mode, owner = rest
        new = replace(old or GivenFile(content=b"", mode="0600"), content=content)
        user, _, group = owner.partition(":")
        files[path] = replace(
            new, mode=mode.zfill(4) if mode else new.mode, owner=user or new.owner, group=group or new.group
        )
        return CommandResult(exit_code=0)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _globbed(pattern: str, path: str) -> bool:
    """By whole path components, as a shell does it."""
    parts, names = pattern.split("/"), posixpath.normpath(path).split("/")
    return len(parts) == len(names) and all(map(fnmatch.fnmatchcase, names, parts))
