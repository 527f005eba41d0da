"""``python -m runner``, and the console script ``vmfix``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from runner.cli.main import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
