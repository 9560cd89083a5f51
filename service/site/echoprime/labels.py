"""`candidate_labels.pkl` → label columns: phenotype → {study: label}, streamed one phenotype at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.pickles.restricted_unpickler import stream_tables

Column = NDArray[np.float32]


class StudyRows:
    """Rows of the candidates by the name of their study, however a file spells the name.

    Names are compared as text; 12, "12", numpy's 12 and 12.0 are one study.
    """

    def __init__(self, studies: Sequence[str]) -> None:
        self._first: dict[Any, int] = {}
        # A study listed twice gives its label to each of its rows: row → the study's first row.
        self._first_row = np.array(
            [self._first.setdefault(study_key(study), row) for row, study in enumerate(studies)], dtype=np.int64
        )

    def __len__(self) -> int:
        return len(self._first_row)

    def row(self, study: Any) -> int | None:
        """First row of a study, None where the bank has none of that name."""
        row = self._first.get(study) if isinstance(study, str) else None
        return self._first.get(study_key(study)) if row is None else row

    def spread(self, column: Column) -> Column:
        """A column with the label of each study's first row in all of its rows."""
        return column[self._first_row]


def study_key(study: Any) -> str:
    """The name of a study as text. Raises ReleaseMismatch for a key that cannot be a name."""
    if isinstance(study, np.generic):
        study = study.item()
    if isinstance(study, float) and study.is_integer():
        study = int(study)
    if isinstance(study, bytes):
        study = study.decode("utf-8", "replace")
    if not isinstance(study, str | int):
        raise ReleaseMismatch(f"{study!r} cannot be the name of a study")
    text = str(study).strip()
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def label_columns(path: Path, rows: StudyRows) -> Iterator[tuple[str, Column]]:
    """Phenotype and its labels float32 (M,), NaN where a candidate does not carry it. Raises ReleaseMismatch."""
    name: Any = None
    column: Column | None = None
    for phenotype, pairs in stream_tables(path):
        if column is None or phenotype != name:
            if column is not None:
                yield str(name), rows.spread(column)
            name, column = phenotype, np.full(len(rows), np.nan, np.float32)
        _fill(path, f"{name}", (pairs, column), rows)
    if column is not None:
        yield str(name), rows.spread(column)


def _fill(path: Path, name: str, part: tuple[list[Any], Column], rows: StudyRows) -> None:
    """Sets the labels of alternating studies and labels; studies that are no candidates are passed over."""
    pairs, column = part
    find = rows.row
    try:
        for study, label in zip(pairs[::2], pairs[1::2], strict=True):
            row = find(study)
            if row is not None and label is not None:
                column[row] = label
    except (TypeError, ValueError) as error:
        raise ReleaseMismatch(f"{path}: {name}: a label is no number ({error})") from error
