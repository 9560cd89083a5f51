"""The words for which rows are put aside, with counts: a file beside the reports, for the person who looks at them.

It may hold names. So it stands beside the CSV, which holds them as well, and never in the bank's folder, which is
copied to where it is served. Only its owner can read it.
"""

import csv
import os
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from service.site.reports.reports import RowReader
from service.site.reports.table import TableRow

_OWNER_ALONE = 0o600


def words_put_aside(reader: RowReader, rows: Iterable[TableRow], lines: Collection[int]) -> Counter[str]:
    """Word → rows that it puts aside. lines: of the rows that are put aside."""
    counted: Counter[str] = Counter()
    for row in rows:
        if row.line in lines:
            counted.update(reader.doubted_words(row))
    return counted


def write_words(reports: Path, words: Counter[str]) -> Path | None:
    """Writes `NAME.quarantine_words.csv` beside the reports, most frequent first; an older one goes.

    Returns its path, None where there are no words.
    """
    path = reports.with_name(f"{reports.stem}.quarantine_words.csv")
    path.unlink(missing_ok=True)
    if not words:
        return None
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["word", "rows"])
        writer.writerows(Counter(dict(sorted(words.items()))).most_common())
    return path
