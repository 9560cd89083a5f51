"""Exact float32 search in plain numpy: the slow twin of every other search, and the re-ranking they all end in."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.search import Found, checked_queries

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


def rerank(queries: NDArray[np.float32], ids: NDArray[np.int64], embeddings: NDArray[Any], k: int) -> Found:
    """The k best of each query's own candidates by float32 inner product, ordered as `search_numpy` orders.

    queries: float32 (Q, D). ids: int64 (Q, m) distinct within a row, m ≥ k.
    """
    scores = np.stack(
        [np.asarray(embeddings[row], dtype=np.float32) @ query for query, row in zip(queries, ids, strict=True)]
    )
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK_ROWS, rows)) for start in range(0, rows, _BLOCK_ROWS))
