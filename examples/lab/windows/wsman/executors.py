"""Two executors for tests: lines under a POSIX shell, and lines that have ended before they began."""

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping


class PosixProcess:
    """A process in a session of its own, so that all that it started can be ended with it."""

    def __init__(self, argv: list[str], environment: Mapping[str, str], directory: str | None) -> None:
        self._popen = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=directory,
            bufsize=0,
            start_new_session=True,
        )
        self._lock = threading.Lock()

    def fileno_out(self) -> int:
        assert self._popen.stdout is not None  # noqa: S101 - asked for above
        return self._popen.stdout.fileno()

    def fileno_err(self) -> int:
        assert self._popen.stderr is not None  # noqa: S101
        return self._popen.stderr.fileno()

    def write(self, data: bytes) -> None:
        assert self._popen.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError, ValueError):
            while data:
                data = data[self._popen.stdin.write(data) or 0 :]

    def close_input(self) -> None:
        assert self._popen.stdin is not None  # noqa: S101
        self._popen.stdin.close()

    def exit_code(self) -> int | None:
        """As a shell has it: 128 + n where signal n ended it."""
        with self._lock:
            code = self._popen.poll()
        return code if code is None or code >= 0 else 128 - code

    def terminate(self, *, tree: bool) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if tree:
                os.killpg(self._popen.pid, signal.SIGKILL)
            elif self._popen.poll() is None:
                self._popen.kill()

    def close(self) -> None:
        self.terminate(tree=True)
        self._popen.wait()
        for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()


class PosixExecutor:
    """Runs lines with /bin/sh; without cmd.exe, the line is taken apart as a shell would and started directly."""

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> PosixProcess:
        """Start the line. The code page means nothing here."""
        return PosixProcess(shlex.split(line) if skip_cmd else ["/bin/sh", "-c", line], environment, directory)


class Canned:
    """A process that has ended already, or ends once ``work`` has given its output and code in a thread.

    ``work`` gets a function that hands out a piece of output.
    """

    def __init__(self, work: Callable[[Callable[[bytes], None]], int], *, threaded: bool = False) -> None:
        self._code: int | None = None
        self._out, self._write_out = os.pipe()
        self._err, write_err = os.pipe()
        os.close(write_err)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True) if threaded else None
        if self._thread:
            self._thread.start()
        else:
            self._run(work)

    def _run(self, work: Callable[[Callable[[bytes], None]], int]) -> None:
        try:
            with contextlib.suppress(BrokenPipeError):
                self._code = work(self._say)
        finally:
            self._code = 1 if self._code is None else self._code
            os.close(self._write_out)

    def _say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._write_out, data) :]

    def fileno_out(self) -> int:
        return self._out

    def fileno_err(self) -> int:
        return self._err

    def write(self, data: bytes) -> None:
        """It reads nothing."""

    def close_input(self) -> None:
        """It reads nothing."""

    def exit_code(self) -> int | None:
        return self._code

    def terminate(self, *, tree: bool) -> None:
        """It starts nothing, and ends soon."""

    def close(self) -> None:
        os.close(self._out)
        os.close(self._err)
        if self._thread:
            self._thread.join()


class NullExecutor:
    """Every line is done at once with the same output, which must fit into a pipe (64 KiB), and exit code."""

    def __init__(self, output: bytes = b"done\r\n", code: int = 0) -> None:
        self._output, self._code = output, code

    def start(
        self, line: str, *, skip_cmd: bool, environment: Mapping[str, str], directory: str | None, codepage: int
    ) -> Canned:
        """Nothing is started."""

        def work(say: Callable[[bytes], None]) -> int:
            say(self._output)
            return self._code

        return Canned(work)
