"""Queries and their exact answers: where they lie, and that a query's own candidate counts for nothing."""

import numpy as np
import pytest

from index.building.queries import NOISE_NORM, OFFSET_NORM, QuerySource
from index.exact_search import ExactSearch
from index.numpy_search import search_numpy
from index.usual_search import NEIGHBOURS
from scripts.reference.release.candidate_vectors import CandidateVectors
from tests.index.small_bank import unit_rows


def test_held_out_candidates_are_not_their_own_answers() -> None:
    vectors = unit_rows(400, 16).astype(np.float16)
    source = QuerySource(vectors)
    assert source.described == "held-out candidates"
    for queries in source.sets(20, np.random.default_rng(0), ExactSearch(vectors)):
        assert queries.nearest.shape == (20, NEIGHBOURS)
        assert np.allclose(np.linalg.norm(queries.vectors, axis=1), 1, atol=1e-5)
        assert (queries.own >= 0).all()
        for vector, own, nearest in zip(queries.vectors, queries.own, queries.nearest, strict=True):
            others = np.setdiff1d(np.arange(400), [own])
            assert np.array_equal(nearest, search_numpy(vector[None], vectors, NEIGHBOURS, rows=others)[0][0])


def test_fresh_draws_come_from_the_generator() -> None:
    generator = CandidateVectors(3, 64)
    vectors = generator.draw(np.random.default_rng(1), 500)[0]
    source = QuerySource(vectors, generator)
    queries = source.draw("in_distribution", 10, np.random.default_rng(2), ExactSearch(vectors))
    assert np.array_equal(queries.vectors, generator.draw(np.random.default_rng(2), 10)[0])
    assert (queries.own == -1).all()
    assert source.described == "generator of seed 3"


def test_cross_modal_queries_are_moved_by_one_offset_and_by_noise() -> None:
    vectors = unit_rows(300, 256)
    source, exact = QuerySource(vectors, seed=5), ExactSearch(vectors)
    plain = source.draw("in_distribution", 200, np.random.default_rng(2), exact).vectors
    moved = source.draw("cross_modal", 200, np.random.default_rng(2), exact).vectors
    length = np.sqrt(1 + OFFSET_NORM**2 + NOISE_NORM**2)
    assert np.linalg.norm((moved * length - plain).mean(axis=0)) == pytest.approx(OFFSET_NORM, rel=0.1)
    assert not np.array_equal(source._offset(), QuerySource(vectors, seed=6)._offset())
    with pytest.raises(ValueError, match="sideways"):
        source.draw("sideways", 1, np.random.default_rng(0), exact)


def test_recall_is_the_share_of_the_nearest() -> None:
    vectors = unit_rows(100, 8)
    queries = QuerySource(vectors).draw("in_distribution", 3, np.random.default_rng(0), ExactSearch(vectors))
    found = queries.nearest.copy()
    found[1, :25] = -1
    assert queries.recall(found).tolist() == [1, 0.5, 1]
