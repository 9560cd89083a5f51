"""Numbers of a bank that no encoder and no reader of labels gives: not finite, or no label."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.errors import BankMismatch

_BLOCK_ROWS: Final = 65_536
_LABELS: Final = (0, 1, layout.UNLABELLED)  # of uint8 columns, which are binary


def check_values(folder: Path, embeddings: NDArray[Any], labels: Mapping[str, NDArray[Any]]) -> Iterator[None]:
    """Looks at vectors and labels block by block, one per step. Raises BankMismatch naming the file and the row.

    labels: file → column. NaN stands for no label in float32 columns.
    """
    for start in range(0, len(embeddings), _BLOCK_ROWS):
        finite = np.isfinite(embeddings[start : start + _BLOCK_ROWS]).all(axis=1)
        _require(finite, folder / layout.EMBEDDINGS, start, "a number that is not finite")
        yield
    for file, column in labels.items():
        allowed = np.isin(column, _LABELS) if column.dtype == np.uint8 else ~np.isinf(column)
        _require(allowed, folder / file, 0, "a label that is none")
        yield


def _require(allowed: NDArray[np.bool_], path: Path, start: int, what: str) -> None:
    if not allowed.all():
        raise BankMismatch(f"{path}: row {start + int(np.argmin(allowed))} holds {what}")
