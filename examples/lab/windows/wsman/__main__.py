"""An endpoint in a process of its own: `python -m examples.lab.windows.wsman CONFIG.json`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from examples.lab.windows.wsman import config
from examples.lab.windows.wsman.control import Control


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns 0, or 2 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m examples.lab.windows.wsman", description=__doc__)
    parser.add_argument("config", type=Path, metavar="CONFIG.json")
    options = parser.parse_args(argv)
    try:
        settings = config.read(options.config)
        endpoint = config.make(settings)
    except (OSError, ValueError) as error:
        print(f"wsman: {error}", file=sys.stderr)
        return 2
    # Blocked before any thread starts, so that no thread but this one takes them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with endpoint:
        control = Control(endpoint, settings.folder)
        print(endpoint.url, flush=True)
        signal.sigwait(signals)
        control.close()
    for trace in endpoint.errors:
        print(trace, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
