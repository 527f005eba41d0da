"""What an expression asks of the names that it is given."""

from __future__ import annotations

import pytest

from runner.expressions import paths_used


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("not disabled", ("disabled",)),
        ('a.b.c == "x" and not (d or a.b.c)', ("a.b.c", "d")),
        ('items | selectattr("state", "eq", fault) | list', ("items", "fault")),
        ('name.lower().startswith("x")', ("name",)),
        ('a[0].b or a["c"]', ("a",)),
        ("range(n) | length > 1", ("n",)),
        ("true", ()),
    ],
)
def test_paths(text: str, paths: tuple[str, ...]) -> None:
    """As far as they are written out, in their order, each once; Jinja2's own names are not among them."""
    assert paths_used(text) == paths
