"""Files that a command writes: proven to be writable before anything is executed, and complete once they are there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.errors import UsageError, VmfixError

_PRIVATE = 0o600


class OutputFile:
    """A file to be. ``write`` puts the whole content in its place at once; without it, nothing changes.

    ``private`` files can be read by their owner alone; others are as the umask says, or as the file that is replaced.
    """

    def __init__(self, option: str, path: str, *, private: bool = False) -> None:
        self.path = Path(path)
        self._option = option
        self._private = private
        self._real = self._resolved()
        self._temporary = self._prepare()

    def write(self, text: str) -> None:
        """Raises ``VmfixError`` if it cannot be written after all."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            if self._temporary is None:
                self._real.write_bytes(data)
                return
            with self._temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._temporary.replace(self._real)
        except OSError as problem:
            message = f"{self._option} {self.path} could not be written: {problem.strerror or problem}"
            raise VmfixError(message) from problem

    def discard(self) -> None:
        """Leave nothing half done behind."""
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    def _resolved(self) -> Path:
        try:
            return self.path.resolve()
        except (OSError, RuntimeError, ValueError) as problem:  # RuntimeError: links in a circle
            raise self._unusable(str(problem)) from problem

    def _prepare(self) -> Path | None:
        """A temporary file beside the real one; None for what is no plain file, such as /dev/stdout."""
        try:
            if self._real.is_dir():
                raise self._unusable("it is a folder")
            if self._real.exists() and not self._real.is_file():
                return None
            if self._real.exists() and not os.access(self._real, os.W_OK):
                raise self._unusable("it is write-protected")
            handle, name = tempfile.mkstemp(dir=self._real.parent, prefix=f".{self._real.name[:200]}.")
        except (OSError, ValueError) as problem:
            raise self._unusable(getattr(problem, "strerror", None) or str(problem)) from problem
        with contextlib.suppress(OSError):
            os.fchmod(handle, self._mode())
        os.close(handle)
        return Path(name)

    def _mode(self) -> int:
        if self._private:
            return _PRIVATE
        if self._real.exists():
            return self._real.stat().st_mode & 0o777
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask

    def _unusable(self, why: str) -> UsageError:
        return UsageError(
            f"{self._option} {self.path} cannot be written: {why}", remedy="Name another file. Nothing was executed."
        )


class OutputFiles:
    """The files that one command writes, by option."""

    def __init__(self) -> None:
        self._files: dict[str, OutputFile] = {}

    def add(self, option: str, path: str | None, *, private: bool = False) -> None:
        """Raises ``UsageError`` if this cannot be a file to write, or is one already."""
        if path is None:
            return
        file = OutputFile(option, path, private=private)
        self._files[option] = file
        twin = next((o for o, f in self._files.items() if o != option and f.path.resolve() == file.path.resolve()), "")
        if twin and file.path.resolve().is_file() | (not file.path.exists()):
            raise UsageError(f"{twin} and {option} name the same file {path}", remedy="Name two files.")

    def write(self, option: str, render: Callable[[], str]) -> None:
        """What ``render`` gives, if the option was given."""
        if option in self._files:
            self._files[option].write(render())

    def discard(self) -> None:
        """Whatever was not written is as it was."""
        for file in self._files.values():
            file.discard()


@contextlib.contextmanager
def output_files(*wanted: tuple[str, str | None], private: tuple[str, ...] = ()) -> Iterator[OutputFiles]:
    """The files of these options (option, path or None), opened now."""
    files = OutputFiles()
    try:
        for option, path in wanted:
            files.add(option, path, private=option in private)
        yield files
    finally:
        files.discard()
