from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index import exact_search
from index.errors import SearchError
from index.exact_search import ExactSearch
from index.numpy_search import search_numpy
from tests.index.small_bank import unit_rows

TIE = 1e-6  # two float32 sums of one product in different order


def assert_same(fast: tuple[Any, Any], slow: tuple[NDArray[np.int64], NDArray[np.float32]]) -> None:
    """Equal scores, and equal ids except where scores tie."""
    assert np.allclose(fast[1], slow[1], atol=TIE)
    gaps = np.abs(np.diff(slow[1], axis=1, append=-np.inf)) > 10 * TIE
    alone = gaps & np.concatenate([np.ones((len(gaps), 1), bool), gaps[:, :-1]], axis=1)
    assert np.array_equal(fast[0][alone], slow[0][alone])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("candidates", "k"), [(1, 1), (50, 50), (3000, 20), (3000, 5000)])
def test_the_scan_equals_its_numpy_twin(
    monkeypatch: pytest.MonkeyPatch, dtype: type[np.floating[Any]], candidates: int, k: int
) -> None:
    monkeypatch.setattr(exact_search, "_BLOCK_ROWS", 512)
    vectors, queries = unit_rows(candidates, 24).astype(dtype), unit_rows(5, 24, seed=1)
    assert_same(ExactSearch(vectors).search(queries, k), search_numpy(queries, vectors, k))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.floats(0, 1), st.integers(1, 60), st.integers(0, 100))
def test_a_search_within_rows_equals_its_numpy_twin(candidates: int, share: float, k: int, seed: int) -> None:
    rows = np.flatnonzero(np.random.default_rng(seed).random(candidates) < share)
    vectors, queries = unit_rows(candidates, 8, seed).astype(np.float16), unit_rows(2, 8, seed + 1)
    assert_same(ExactSearch(vectors).search_rows(queries, k, rows), search_numpy(queries, vectors, k, rows))


@pytest.mark.parametrize("share", [0.02, 0.6])  # rows gathered, and whole blocks scored
def test_rows_spread_over_blocks(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    monkeypatch.setattr(exact_search, "_BLOCK_ROWS", 256)
    rows = np.flatnonzero(np.random.default_rng(0).random(2000) < share).astype(np.int32)
    vectors, queries = unit_rows(2000, 16).astype(np.float16), unit_rows(3, 16, seed=1)
    assert_same(ExactSearch(vectors).search_rows(queries, 10, rows), search_numpy(queries, vectors, 10, rows))


def test_candidates_too_close_for_float16_are_still_ordered_by_float32() -> None:
    """Thousands of candidates within one float16 step of each other: the first fetch is not enough."""
    rng = np.random.default_rng(0)
    vectors = np.full((4000, 64), 0.125, np.float32) + rng.uniform(-2e-4, 2e-4, (4000, 64)).astype(np.float32)
    vectors, queries = vectors.astype(np.float16), np.full((1, 64), 0.1251, np.float32)
    assert_same(ExactSearch(vectors).search(queries, 10), search_numpy(queries, vectors, 10))


def test_ties_go_to_the_smaller_id() -> None:
    vectors = np.repeat(unit_rows(1, 8), 100, axis=0)
    ids, _ = ExactSearch(vectors).search(vectors[:1], 20)
    assert ids[0].tolist() == list(range(20)) or len(set(ids[0])) == 20
    assert sorted(ids[0].tolist()) == ids[0].tolist()


def test_no_query_and_no_row_give_empty_answers() -> None:
    vectors = unit_rows(10, 8)
    assert ExactSearch(vectors).search(vectors[:0], 3)[0].shape == (0, 3)
    assert ExactSearch(vectors).search_rows(vectors[:2], 3, np.array([], np.int64))[1].shape == (2, 0)


def test_queries_that_cannot_be_answered_are_refused() -> None:
    search = ExactSearch(unit_rows(10, 8))
    with pytest.raises(SearchError, match=r"float32 \(Q, 8\)"):
        search.search(unit_rows(1, 7), 1)
    with pytest.raises(SearchError, match="finite"):
        search.search(np.full((1, 8), np.nan, np.float32), 1)
