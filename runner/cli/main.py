"""One invocation: from the words on the command line to the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from runner.cli.failure import INTERNAL, OK, told
from runner.cli.group import cli
from runner.cli.screen import Screen
from runner.cli.session import Session


def run(argv: Sequence[str]) -> int:
    """Run the command that ``argv`` names. Raises nothing: whatever happens becomes a message and an exit code."""
    screen = Screen(sys.stdout, sys.stderr, os.environ)
    session = Session(tuple(argv), screen)
    try:
        code = _run(session)
    finally:
        session.close()
    if screen.trouble:
        screen.say(f"error: {screen.trouble}")
        return code or INTERNAL
    return code


def _run(session: Session) -> int:
    try:
        code = cli.main(args=list(session.argv), prog_name="vmfix", standalone_mode=False, obj=session)
    except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - the outermost place: nothing may pass unexplained
        return told(session, problem)
    return code if isinstance(code, int) else OK
