"""Thousands of queries at once against the slow twin that scans in numpy."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index import many_queries
from index.errors import SearchError
from index.many_queries import search_many
from index.numpy_search import search_numpy

RNG = np.random.default_rng(0)


def vectors(count: int, dimension: int = 32) -> NDArray[np.float32]:
    drawn = RNG.standard_normal((count, dimension), dtype=np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("some", [False, True])
def test_the_same_is_found_as_one_by_one(dtype: type, some: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_queries, "_FIRST_ROWS", 64)
    monkeypatch.setattr(many_queries, "_BLOCK_ROWS", 200)
    monkeypatch.setattr(many_queries, "_QUERIES", 7)
    queries = vectors(20)
    bank: NDArray[Any] = vectors(1500).astype(dtype)
    rows = np.flatnonzero(RNG.random(1500) < 0.4) if some else None
    ids, scores = search_many(queries, bank, 40, rows)
    wanted, expected = search_numpy(queries, bank, 40, rows)
    assert np.array_equal(ids, wanted)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


def test_no_more_is_found_than_there_is() -> None:
    bank = vectors(30)
    ids, _ = search_many(vectors(3), bank, 100, np.array([3, 8, 20]))
    assert {tuple(sorted(row)) for row in ids.tolist()} == {(3, 8, 20)}
    assert search_many(vectors(3), bank, 5, np.zeros(0, np.int64))[0].shape == (3, 0)
    assert search_many(vectors(0), bank, 5)[0].shape == (0, 5)


def test_equal_vectors_come_in_the_order_of_their_ids() -> None:
    bank = np.repeat(vectors(1), 60, axis=0)
    ids, _ = search_many(bank[:2], bank, 10)
    assert ids.tolist() == [list(range(10))] * 2


def test_queries_that_are_not_finite_are_refused() -> None:
    with pytest.raises(SearchError, match="finite"):
        search_many(np.full((1, 32), np.nan, np.float32), vectors(10), 3)
