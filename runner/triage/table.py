"""Jobs as a table, such as the portal exports: its rows, in the shape of the REST API."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from runner.diagnostics import Diagnostics, Span
from runner.model.text import beginning
from runner.triage.times import day_first, needs_order, read_time
from runner.triage.values import Raw

# Headers differ by view and year of the portal: blanks and case count little, and `properties.status` is `status`.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "entityfriendlyname": (
        "workloadname",
        "backupitem",
        "backupinstance",
        "itemname",
        "protecteditem",
        "vmname",
        "virtualmachine",
    ),
    "containername": ("container",),
    "operation": ("jobtypeoperation", "joboperation"),
    "status": ("jobstatus",),
    "jobtype": ("type", "workloadtype", "datasourcetype", "backupitemtype"),
    "backupmanagementtype": (),
    "starttime": ("start", "jobstarttime", "starttimeutc"),
    "endtime": ("end", "jobendtime", "endtimeutc"),
    "virtualmachineid": ("vmid", "vmresourceid", "datasourceid", "sourceresourceid", "datasourceresourceid"),
    "vmgroup": ("vmresourcegroup", "datasourceresourcegroup"),
    "errorcode": ("code",),
    "errortitle": ("errorname", "title"),
    "errorstring": ("errormessage", "error", "errordetails", "failuremessage"),
    "id": ("jobresourceid",),
    "name": ("jobid", "jobname"),
}
_FIELD = {word: field for field, words in _COLUMNS.items() for word in (field, *words)}
_STARTED = frozenset({"scheduled", "on-demand", "on demand", "ad hoc", "adhoc"})
_SHOWN = 40  # characters of a time that cannot be read
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_NEEDED = (
    "It needs a header with at least the VM (`Workload name`), and the status (`Status`) or the error (`Error code`)."
)


def read_table(text: str, source: str, diagnostics: Diagnostics) -> list[Raw]:
    """The rows of a CSV document. What is wrong with it stands in ``diagnostics``, with its line."""
    lines, skipped = _without_separator_line(text)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=_delimiter(text, lines), strict=True)
    try:
        header = next(reader, [])
        fields = [_FIELD.get(_plain(cell), "") for cell in header]
        if not _usable(fields):
            diagnostics.error(Span(source, 1 + skipped, 1), "this is neither JSON nor a table of backup jobs", _NEEDED)
            return []
        found = [(reader.line_num + skipped, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as problem:
        diagnostics.error(Span(source, reader.line_num + skipped, 1), f"this line is no CSV: {problem}")
        return []
    # With a cell too many or too few, each would be taken for another column's.
    ragged = [(line, cells) for line, cells in found if len(cells) != len(header)]
    for line, cells in ragged[:1]:
        message = f"this row has {len(cells)} cells, but the header has {len(header)}"
        diagnostics.error(Span(source, line, 1), message, "Export the table again.")
    return [] if ragged else _raws(found, fields, source, diagnostics)


def _raws(
    found: Sequence[tuple[int, Sequence[str]]], fields: Sequence[str], source: str, diagnostics: Diagnostics
) -> list[Raw]:
    rows = [(line, _row(fields, cells)) for line, cells in found]
    times = [(line, str(row.get(name, "")).strip()) for line, row in rows for name in ("starttime", "endtime")]
    order = day_first(text for _, text in times)
    _warn_of_times([one for one in times if read_time(one[1], day_first=order)[0] is None], source, diagnostics)
    return [Raw(f"{source}: line {line}", row, order) for line, row in rows]


def _warn_of_times(unread: Sequence[tuple[int, str]], source: str, diagnostics: Diagnostics) -> None:
    """Of the first only, for the others are written in the same way. Without a digit it stands for "not yet"."""
    for line, text in [one for one in unread if any(map(str.isdigit, one[1]))][:1]:
        what, advice = (
            f"the time `{beginning(text, _SHOWN)}` cannot be read",
            "Export it with times such as 2026-11-30T01:00:00Z.",
        )
        if needs_order(text):
            what = f"which is the day of {text} cannot be told"
            advice = "Export a table with a day after the 12th too."
        diagnostics.warning(Span(source, line, 1), f"{what}, so no success in this table ends such a failure", advice)


def _usable(fields: Sequence[str]) -> bool:
    whose = {"entityfriendlyname", "containername", "virtualmachineid"}
    return not whose.isdisjoint(fields) and not {"status", "errorcode", "errortitle"}.isdisjoint(fields)


def _row(fields: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    """One row as a job. Of two columns for one field, the first that says something counts."""
    row: dict[str, object] = {}
    for field, cell in zip(fields, cells, strict=True):
        if field and cell.strip() and not (field == "jobtype" and _no_kind(cell)):
            row.setdefault(field, cell.strip())
    error = {name: row.pop(name) for name in ("errorcode", "errortitle", "errorstring") if name in row}
    if error:
        row["errordetails"] = [error]
    return row


def _no_kind(cell: str) -> bool:
    """The column `Type` may hold the type of the resource, or whether the job was scheduled, too."""
    word = cell.strip().lower()
    return word.startswith("microsoft.recoveryservices/") or word in _STARTED


def _plain(header: str) -> str:
    """``properties.startTime``, ``Start time`` and ``start_time`` are one; so is ``Start time (UTC)``."""
    return re.sub(r"[^a-z]", "", header.lower().rsplit(".", 1)[-1])


def _without_separator_line(text: str) -> tuple[str, int]:
    """Excel's first line, which is no header; and how many lines were left out."""
    first, _, rest = text.partition("\n")
    return (rest, 1) if _SEPARATOR.fullmatch(first) else (text, 0)


def _delimiter(text: str, lines: str) -> str:
    told = _SEPARATOR.match(text)
    header = lines.partition("\n")[0]
    return told[1] if told and lines != text else max(",;\t", key=header.count)
