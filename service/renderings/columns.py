"""Rows of text under each other.

pandas is imported where it is used: serving is ready half a second sooner (LOG 2026-11-22).
"""

from collections.abc import Sequence
from unicodedata import combining, east_asian_width

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, every column as wide as its widest cell; a column that is empty in all rows is left out."""
    import pandas as pd  # noqa: PLC0415 - see above

    if not rows:
        return []
    table = pd.DataFrame([list(row) for row in rows], dtype=object)
    columns = [table[name] for name in table if table[name].astype(bool).any()]
    padded = [column + (column.map(width_of).max() - column.map(width_of)).map(" ".__mul__) for column in columns]
    return [_GAP.join(cells).rstrip() for cells in zip(*padded, strict=True)]


def width_of(text: str) -> int:
    """Columns of a terminal that a text takes (UAX 11: wide letters take two, combining marks none)."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)
