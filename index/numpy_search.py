"""Exact float32 search in plain numpy: the slow twin of every other search, and the re-ranking they all end in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.search import Found, checked_queries

_RERANK_ROWS = 128  # 384 KB of both buffers at 512 dimensions: stays in the cache
_BLOCK_ROWS = 16_384  # 32 MB of float32 at 512 dimensions: stays near the cache, and memory flat


def search_numpy(
    queries: NDArray[np.float32], embeddings: NDArray[Any], k: int, rows: NDArray[np.integer[Any]] | None = None
) -> Found:
    """Ids int64 (Q, k) and inner products float32 (Q, k), best first, ties by the smaller id.

    queries: float32 (Q, D). embeddings: floating (M, D), compared as stored. rows: search only these, ascending.
    k is cut to the number of rows searched.
    """
    queries = checked_queries(queries, embeddings.shape[1])
    searched = np.arange(len(embeddings)) if rows is None else rows.astype(np.int64)
    scores = np.empty((len(queries), len(searched)), np.float32)
    for block in _blocks(len(searched)):
        scores[:, block] = queries @ np.asarray(embeddings[searched[block]], dtype=np.float32).T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # stable: ties stay in ascending order of id
    return searched[order], np.take_along_axis(scores, order, axis=1)


def rerank(
    queries: NDArray[np.float32], ids: NDArray[np.int64], embeddings: NDArray[Any], k: int, *, threads: int = 1
) -> Found:
    """The k best of each query's own candidates by float32 inner product, ordered as `search_numpy` orders.

    queries: float32 (Q, D). ids: int64 (Q, m), m ≥ k, distinct within a row except -1, which stands for no candidate
    and comes last with a score of minus infinity. threads: the queries are divided among so many.
    """
    scores = np.empty(ids.shape, np.float32)
    shares = [range(first, len(ids), threads) for first in range(min(threads, len(ids)))]
    if len(shares) > 1:
        with ThreadPoolExecutor(len(shares)) as pool:  # numpy holds no lock while it copies and multiplies
            list(pool.map(lambda share: _score(queries, ids, embeddings, scores, share), shares))
    elif shares:
        _score(queries, ids, embeddings, scores, shares[0])
    scores[ids < 0] = -np.inf
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _score(
    queries: NDArray[np.float32],
    ids: NDArray[np.int64],
    embeddings: NDArray[Any],
    scores: NDArray[np.float32],
    at: range,
) -> None:
    """Fills the rows `at` of scores. Two small buffers are used again: new memory would cost more than the products."""
    stored = np.empty((_RERANK_ROWS, embeddings.shape[1]), embeddings.dtype)
    converted = np.empty(stored.shape, np.float32)
    for row in at:
        for start in range(0, ids.shape[1], _RERANK_ROWS):
            some = ids[row, start : start + _RERANK_ROWS]
            np.take(embeddings, some, axis=0, out=stored[: len(some)], mode="clip")  # "raise" would copy twice
            np.copyto(converted[: len(some)], stored[: len(some)])
            np.matmul(converted[: len(some)], queries[row], out=scores[row, start : start + len(some)])


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK_ROWS, rows)) for start in range(0, rows, _BLOCK_ROWS))
