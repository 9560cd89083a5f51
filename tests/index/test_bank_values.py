"""Numbers that cannot be are refused with the file and the row."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index.bank_values import check_values
from index.errors import BankMismatch


def check(vectors: NDArray[Any], **labels: NDArray[Any]) -> None:
    for _ in check_values(Path("bank"), vectors, labels):
        pass


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_vector_that_is_not_finite(wrong: float, dtype: type[np.floating[Any]]) -> None:
    vectors = np.ones((70_000, 2), dtype)
    check(vectors)
    vectors[66_000, 1] = wrong
    with pytest.raises(BankMismatch, match=r"bank/embeddings\.npy: row 66000 holds a number that is not finite"):
        check(vectors)


@pytest.mark.parametrize(
    ("column", "row"),
    [(np.array([0, 1, 255, 7], np.uint8), 3), (np.array([np.nan, np.inf], np.float32), 1)],
)
def test_a_label_that_is_none(column: NDArray[Any], row: int) -> None:
    check(np.ones((4, 2), np.float32), hue=column[:row])
    with pytest.raises(BankMismatch, match=f"bank/hue: row {row} holds a label that is none"):
        check(np.ones((4, 2), np.float32), hue=column)
