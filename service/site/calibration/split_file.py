"""split.csv: to which half of a site's studies each belongs. A validation writes it, a calibration keeps to it."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

SPLIT_FILE = "split.csv"
PARTS = ("development", "test")
_COLUMNS = ["study", "part"]


def write_split(path: Path, parts: Iterable[tuple[str, str]]) -> None:
    """Writes (study, part) rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(parts)


def read_split(path: Path) -> Mapping[str, str]:
    """Study → part. Raises ValueError, naming the line, for a table that is none or states two parts of one study."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as UTF-8 CSV ({error})") from error
    if not rows or rows[0] != _COLUMNS:
        raise ValueError(f"{path}: line 1 must be {','.join(_COLUMNS)}")
    parts: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(_COLUMNS) or row[1] not in PARTS:
            raise ValueError(f"{path}: line {line}: needs a study and one of {', '.join(PARTS)}")
        if parts.setdefault(row[0].strip(), row[1]) != row[1]:
            raise ValueError(f"{path}: line {line}: its study is in both parts")
    return parts
