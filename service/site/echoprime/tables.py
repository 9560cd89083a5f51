"""The small tables of a release: MIL weights and thresholds, matched by name, and the list of candidate studies."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.taxonomy import Taxonomy
from service.site.echoprime.errors import ReleaseIncomplete, ReleaseMismatch


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file by column name.

    Raises ReleaseIncomplete when a column is not there, ReleaseMismatch for a row of another length or for another
    encoding.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [column for column in columns if column not in (reader.fieldnames or ())]
            if lacking:
                raise ReleaseIncomplete(f"{path}: has no column {lacking}, only {reader.fieldnames}")
            for row in reader:
                if None in row or None in row.values():
                    raise ReleaseMismatch(f"{path}: line {reader.line_num} has another number of cells than line 1")
                yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReleaseMismatch(f"{path}: cannot be read as UTF-8 CSV ({error})") from error


def read_studies(path: Path) -> list[str]:
    """Names of the candidate studies, in the order of their vectors and reports."""
    return [row["Study"] for row in read_rows(path, ["Study"])]


def read_mil_weights(path: Path, taxonomy: Taxonomy) -> dict[str, dict[str, float]]:
    """Section → view → weight for every section and view of the taxonomy.

    Raises ReleaseIncomplete for a view without a column, ReleaseMismatch for a section without a row or with two, and
    for a bad weight.
    """
    table: dict[str, dict[str, float]] = {}
    for row in read_rows(path, ["Section", *taxonomy.views]):
        section = row["Section"].strip()
        if section in table:
            raise ReleaseMismatch(f"{path}: has two rows for {section!r}")
        table[section] = {view: _number(path, section, row[view]) for view in taxonomy.views}
    lacking = [section for section in taxonomy.sections if section not in table]
    if lacking:
        raise ReleaseMismatch(f"{path}: has no row for {lacking}")
    return {section: table[section] for section in taxonomy.sections}


@dataclass(frozen=True)
class Thresholds:
    """Decision thresholds of the binary phenotypes, and the rows that were left out with the reason."""

    kept: dict[str, float]
    dropped: dict[str, str]


def read_thresholds(path: Path | None, taxonomy: Taxonomy) -> Thresholds:
    """Thresholds by phenotype name. A mean of labels lies in 0..1, so one above 1 could never be reached."""
    kept: dict[str, float] = {}
    dropped: dict[str, str] = {}
    for row in read_rows(path, ["feature", "threshold"]) if path else ():
        name = row["feature"].strip()
        threshold = _number(path, name, row["threshold"])
        kind = taxonomy.phenotype(name).kind if name in taxonomy.phenotype_names else None
        if kind is None:
            dropped[name] = "no phenotype of this name is predicted"
        elif kind != "binary":
            dropped[name] = "a threshold on a continuous phenotype"
        elif not 0 <= threshold <= 1:
            dropped[name] = f"threshold {threshold:g} cannot be reached by a mean of labels"
        else:
            kept[name] = threshold
    return Thresholds(kept, dropped)


def _number(path: Path | None, row: str, text: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ReleaseMismatch(f"{path}: row {row!r} holds {text!r}, a number of at least 0 is expected")
    return number
