import numpy as np

from index.numpy_search import rerank, search_numpy
from tests.index.small_bank import unit_rows


def test_the_best_are_found_by_definition() -> None:
    vectors, query = unit_rows(200, 8), unit_rows(1, 8, seed=1)
    ids, scores = search_numpy(query, vectors, 3)
    by_hand = sorted(((float(v @ query[0]), -i) for i, v in enumerate(vectors)), reverse=True)[:3]
    assert ids[0].tolist() == [-i for _, i in by_hand]
    assert np.allclose(scores[0], [score for score, _ in by_hand], atol=1e-6)


def test_rows_restrict_the_search_and_ties_go_to_the_smaller_id() -> None:
    vectors = np.ones((6, 2), np.float32)
    assert search_numpy(vectors[:1], vectors, 2, rows=np.array([3, 4, 5]))[0].tolist() == [[3, 4]]
    assert search_numpy(vectors[:1], vectors, 9)[0].tolist() == [[0, 1, 2, 3, 4, 5]]
    assert rerank(vectors[:1], np.array([[5, 2, 4]]), vectors, 2)[0].tolist() == [[2, 4]]


def test_reranking_is_the_same_on_any_number_of_threads_and_with_gaps() -> None:
    vectors, queries = unit_rows(900, 8).astype(np.float16), unit_rows(5, 8, seed=1)
    rng = np.random.default_rng(0)
    ids = np.stack([rng.choice(900, 300, replace=False) for _ in queries])
    ids[2, 40:] = -1
    for threads in (1, 2, 7):
        found, scores = rerank(queries, ids, vectors, 40, threads=threads)
        for row, query in enumerate(queries):
            own = np.sort(ids[row][ids[row] >= 0])
            expected = search_numpy(query[None], vectors, 40, rows=own)
            assert np.array_equal(found[row], expected[0][0])
            assert np.allclose(scores[row], expected[1][0], atol=1e-6)
    assert rerank(queries[:0], ids[:0], vectors, 40)[0].shape == (0, 40)
