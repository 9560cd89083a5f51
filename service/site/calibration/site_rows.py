"""Rows of a site's CSV of labels or of signed reports, each with the line it begins at; broken ones are named."""

from collections.abc import Mapping
from pathlib import Path

from service.site.errors import OwnReportsError
from service.site.reports.table import Columns, read_table

_FAULTS = {
    "broken_encoding": "is no UTF-8, or was read in another encoding before",
    "wrong_number_of_columns": "has another number of cells than line 1",
}


def site_rows(path: Path, columns: tuple[str, ...], refused: list[str]) -> list[tuple[int, Mapping[str, str]]]:
    """(line, row by column) of every row that can be read; those that cannot get a line of text in `refused`.

    Raises ValueError, naming the file, when it lacks one of the columns or cannot be read as CSV at all.
    """
    try:
        rows = list(read_table(path, Columns(columns)))
    except OwnReportsError as error:
        raise ValueError(str(error)) from error
    refused += [f"line {row.line}: {_FAULTS[row.fault]}" for row in rows if row.fault is not None]
    return [(row.line, row.values) for row in rows if row.fault is None]
