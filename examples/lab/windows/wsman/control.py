"""The way to an endpoint that runs in a process of its own: its log, and a socket to make it misbehave."""

import contextlib
import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, Unpack

from examples.lab.windows.wsman.log import Sent, read_commands, read_requests
from examples.lab.windows.wsman.misbehaviour import Act, How

SOCKET = "control.sock"
ANSWERS_WITHIN_S = 10.0
POLL_S = 0.1


class Controllable(Protocol):
    """What can be done to an endpoint from another process; see `Endpoint`."""

    def misbehave(self, act: Act, **how: Unpack[How]) -> object: ...

    def behave(self) -> None: ...

    def forget_shells(self) -> None: ...

    def break_connections(self) -> None: ...

    def reboot(self, *, seconds: float) -> None: ...

    def open_shells(self) -> tuple[str, ...]: ...


class Control:
    """Takes orders for an endpoint: one JSON line each, answered with one."""

    def __init__(self, endpoint: Controllable, folder: Path) -> None:
        self._endpoint, self._closed = endpoint, threading.Event()
        (folder / SOCKET).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(POLL_S)
        with _short(folder) as place:
            self._listener.bind(place)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                with connection, connection.makefile("rw", encoding="utf-8") as stream:
                    connection.settimeout(ANSWERS_WITHIN_S)
                    stream.write(json.dumps(self._obey(json.loads(stream.readline()))) + "\n")

    def _obey(self, order: Mapping[str, Any]) -> object:
        match order["do"]:
            case "misbehave":
                self._endpoint.misbehave(Act(order["act"]), **order["how"])
            case "behave":
                self._endpoint.behave()
            case "forget_shells":
                self._endpoint.forget_shells()
            case "break_connections":
                self._endpoint.break_connections()
            case "reboot":
                self._endpoint.reboot(seconds=order["seconds"])
            case "open_shells":
                return list(self._endpoint.open_shells())
            case other:
                raise ValueError(f"No such order: {other}")
        return None


class Remote:
    """An endpoint in another process, by its folder. Orders raise ``OSError`` when it does not run; the log stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def commands(self) -> tuple[Sent, ...]:
        """Every command line that was sent, oldest first."""
        return read_commands(self._folder)

    def requests(self) -> Counter[str]:
        """How often each operation was asked for."""
        return read_requests(self._folder)

    def open_shells(self) -> tuple[str, ...]:
        """The identifiers of the shells that are open."""
        return tuple(self._order(do="open_shells"))

    def misbehave(self, act: Act, **how: Unpack[How]) -> None:
        """Misbehave in requests that match; see `Rule`."""
        self._order(do="misbehave", act=act, how=how)

    def behave(self) -> None:
        """Forget all rules."""
        self._order(do="behave")

    def forget_shells(self) -> None:
        """End all shells at once."""
        self._order(do="forget_shells")

    def break_connections(self) -> None:
        """Break every connection; shells and commands live on."""
        self._order(do="break_connections")

    def reboot(self, *, seconds: float) -> None:
        """Break everything; for that time nobody listens; then come back with no shells. Returns at once."""
        self._order(do="reboot", seconds=seconds)

    def _order(self, **order: object) -> Any:  # noqa: ANN401 - whatever JSON holds
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWERS_WITHIN_S)
            with _short(self._folder) as place:
                connection.connect(place)
            with connection.makefile("rw", encoding="utf-8") as stream:
                stream.write(json.dumps(order) + "\n")
                stream.flush()
                answer = stream.readline()
        if not answer:
            raise OSError(f"The endpoint of {self._folder} refused the order {order}")
        return json.loads(answer)


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The socket's path, short enough for a socket address wherever the folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
