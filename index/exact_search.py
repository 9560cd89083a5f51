"""Exact search: all vectors are scanned as stored, on any device, and the best re-ranked in float32."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index.numpy_search import rerank
from index.search import Found, checked_queries

_BLOCK_ROWS = 65_536  # 64 MB of float16 at 512 dimensions
_MAX_FETCH = 16_384  # candidates; where even more have about the same score, they are taken as equal
_DENSE_SHARE = 4  # rows of a block are gathered when fewer than 1 in 4 are wanted, else all are scored and some kept


class ExactSearch:
    """Scans a bank in blocks.

    A float16 product is wrong by up to about 3e-4 for unit vectors (LOG L-006). So the scan fetches more than k and
    re-ranks them in float32. It is repeated with a larger fetch unless the k-th best is better than the last one
    fetched by more than twice the largest error seen.
    """

    def __init__(self, embeddings: NDArray[Any], device: torch.device | str = "cpu") -> None:
        """Embeddings: float16 or float32 (M, D), kept memory-mapped on the CPU, copied once to another device."""
        self.name = "exact"
        self._embeddings = embeddings
        self._vectors = torch.from_numpy(embeddings).to(device)

    def search(self, queries: NDArray[np.float32], k: int) -> Found:
        """Ids int64 (Q, k) and inner products float32 (Q, k), best first, ties by the smaller id."""
        return self._search(queries, k, None)

    def search_rows(self, queries: NDArray[np.float32], k: int, rows: NDArray[np.integer[Any]]) -> Found:
        """The same over the candidates `rows` only, ascending ids (R,); k is cut to R."""
        return self._search(queries, k, rows.astype(np.int64))

    def _search(self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None) -> Found:
        queries = checked_queries(queries, self._embeddings.shape[1])
        searched = len(self._embeddings) if rows is None else len(rows)
        k = min(k, searched)
        if not len(queries) or not k:
            return np.zeros((len(queries), k), np.int64), np.zeros((len(queries), k), np.float32)
        fetch = 2 * k + 64
        while True:
            ids, approximate = self._scan(queries, min(fetch, searched), rows)
            found, scores = rerank(queries, ids, self._embeddings, ids.shape[1])
            if fetch >= min(searched, _MAX_FETCH) or _certain(ids, approximate, (found, scores), k):
                return found[:, :k], scores[:, :k]
            fetch *= 4

    def _scan(
        self, queries: NDArray[np.float32], fetch: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The `fetch` best by the product in the stored precision: ids (Q, fetch), float32 scores (Q, fetch)."""
        vectors = self._vectors
        asked = torch.from_numpy(queries).to(vectors.device, vectors.dtype)
        ids, scores = [], []
        for start, vectors_block, ids_block in self._blocks(rows):
            products = asked @ vectors_block.T  # (Q, B)
            if ids_block is not None and len(ids_block) < products.shape[1]:
                products = products[:, ids_block - start]
            best, at = products.topk(min(fetch, products.shape[1]), dim=1)
            scores.append(best.float().cpu())
            ids.append((at + start if ids_block is None else ids_block[at]).cpu())
        best, at = torch.cat(scores, dim=1).topk(fetch, dim=1)
        return torch.cat(ids, dim=1).gather(1, at).numpy(), best.numpy()

    def _blocks(self, rows: NDArray[np.int64] | None) -> Iterator[tuple[int, torch.Tensor, torch.Tensor | None]]:
        """First id, vectors, and the ids wanted (None: all of them) of each block that holds any."""
        for start in range(0, len(self._vectors), _BLOCK_ROWS):
            block = self._vectors[start : start + _BLOCK_ROWS]
            if rows is None:
                yield start, block, None
                continue
            first, last = np.searchsorted(rows, (start, start + len(block)))
            wanted = torch.from_numpy(rows[first:last]).to(block.device)
            if len(wanted) * _DENSE_SHARE < len(block):
                block = block[wanted - start]
            if len(wanted):
                yield start, block, wanted


def _certain(ids: NDArray[np.int64], approximate: NDArray[np.float32], exact: Found, k: int) -> bool:
    """True when no candidate that was not fetched can belong to the k best, judged by the error seen on the fetched."""
    found, scores = exact
    by_id = np.take_along_axis(approximate, np.argsort(ids, axis=1), axis=1)
    exact_by_id = np.take_along_axis(scores, np.argsort(found, axis=1), axis=1)
    error = np.abs(by_id - exact_by_id).max(axis=1)
    return bool((scores[:, k - 1] > approximate[:, -1] + 2 * error).all())
