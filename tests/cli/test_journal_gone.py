"""The journal is taken away or added to behind the back of vmfix."""

from __future__ import annotations

import json

from tests.cli.desk import Desk

_SECOND = """\
      - id: more
        shell:
          script: 'echo more >"$1/more"'
          args: ["{{ dir }}"]
          elevated: false
"""


def test_nothing_more_is_sent_once_the_journal_was_removed(desk: Desk) -> None:
    """Exit 1: what cannot be recorded is not sent, and no report can be made of the run."""
    text = desk.book.read_text().replace("printf %s up >", f"rm -r {desk.folder / 'state'}; printf %s up >")
    desk.book.write_text(text.replace("  - id: by-hand\n", f"{_SECOND}  - id: by-hand\n"))
    done = desk.work("run", "--approve", "all")

    assert desk.flag.exists()
    assert not (desk.flags / "more").exists()
    assert done.code == 1
    assert "has ended, but its record is gone from the journal" in done.err
    assert "Traceback" not in done.err


def test_a_report_says_what_stands_outside_the_chain(desk: Desk) -> None:
    """Events that nothing proves change no outcome that is recorded, and are counted."""
    desk.work("run", "--approve", "all")
    run = desk.vmfix("runs", "--json").data["runs"][0]["run"]
    event = {
        "run": run,
        "at": "2026-01-01T12:00:00.000000+00:00",
        "kind": "target_finished",
        "entry": "flag-missing@here",
        "data": {"status": "failed", "reason": "forged"},
    }
    (desk.folder / "state" / f"spill-{run}.jsonl").write_text(json.dumps(event) + "\n")
    done = desk.vmfix("report", run)

    assert done.code == 0
    assert "forged" not in done.out
    assert "1 event of this run stands outside the hash chain" in " ".join(done.out.split())
