"""An author's text: paragraphs flow, and what a person copies stays letter by letter."""

from __future__ import annotations

import pytest

from runner.diagnostics import Diagnostics
from runner.report.flow import parts
from runner.report.layout import Page
from runner.shelf import load_library

LONG = "az vm show --resource-group a-group --name a-machine --query " + "'[].{a:b, c:d}' " * 8 + "-o tsv"
TEXT = f"""\
What it means: two lines
of one paragraph.

1. Look, and
   look again:
     {LONG}
     second  with   blanks \\
       --continued
   Then go on,
   as said.
   - Nested, and
     its second line.
         - name: yaml
           list:
         1. 2
2. Last.
Flush again.

    after a gap

    and one more
"""


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_to_be_copied_are_never_wrapped_joined_or_changed(width: int) -> None:
    """At any width; with their own indentation below each other."""
    page = Page(colour=False, width=width)
    page.flow(8, TEXT)
    shown = page.text().splitlines()
    for line in TEXT.splitlines():
        if line.startswith(("     ", "    after", "    and")) and "its second" not in line:
            assert f"        {line}" in shown
    assert all(len(line) <= width for line in shown if LONG not in line)


def test_what_is_a_paragraph_and_what_is_a_line_to_be_copied() -> None:
    """Two blanks to the right of the text above it, and whatever follows it that far to the right."""
    found = [(part.text, part.exact) for part in parts(TEXT)]
    assert found == [
        ("What it means: two lines of one paragraph.", False),
        ("", False),
        ("1. Look, and look again:", False),
        (f"     {LONG}", True),
        ("     second  with   blanks \\", True),
        ("       --continued", True),
        ("   Then go on, as said.", False),
        ("   - Nested, and its second line.", False),
        ("         - name: yaml", True),
        ("           list:", True),
        ("         1. 2", True),
        ("2. Last.", False),
        ("Flush again.", False),
        ("", False),
        ("    after a gap", True),
        ("", False),
        ("    and one more", True),
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_each_command_of_what_is_shipped_stays(width: int) -> None:
    """Every `az` line of every manual text, also as the template that `vmfix show` prints."""
    for playbook in load_library((), Diagnostics()).playbooks:
        for remedy in playbook.remedies:
            page = Page(colour=False, width=width)
            page.flow(4, remedy.manual)
            shown = {line.strip() for line in page.text().splitlines()}
            commands = [line.strip() for line in remedy.manual.splitlines() if line.strip().startswith("az ")]
            assert [command for command in commands if command not in shown] == [], playbook.id


def test_a_label_is_said_also_of_a_text_that_begins_with_a_statement() -> None:
    """As `vmfix show` prints what a person does, unfilled."""
    page = Page(colour=False)
    page.flow(4, "{% if guilty %}\nGuilty.\n{% endif %}", label="a person does this")
    assert page.text() == "    a person does this:\n      {% if guilty %}\n      Guilty.\n      {% endif %}\n"


def test_a_path_is_not_broken_where_the_terminal_is_narrow() -> None:
    """It is copied whole, from a line of its own; only a longer word than any path is broken."""
    path = "/var/log/azure/" + "x" * 60 + ".log"
    page = Page(colour=False, width=60)
    page.flow(4, f"Read {path}, and look again.")
    page.flow(4, "y" * 130)
    broken = [f"    {'y' * count}" for count in (56, 56, 18)]
    assert page.text().splitlines() == ["    Read", f"    {path},", "    and look again.", *broken]
