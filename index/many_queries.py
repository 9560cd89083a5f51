"""Exact search for thousands of queries at once: what a training asks of a bank. Each block is read once for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index.numpy_search import rerank
from index.search import Found, checked_queries

_FIRST_ROWS = 8_192  # enough for a first bound; every later block keeps only what is better
_BLOCK_ROWS = 65_536  # 134 MB of float32 at 512 dimensions
_QUERIES = 512  # 134 MB of products a block
_MARGIN = 64  # beyond k: bfloat16 products of unit vectors are off by about 1e-4, and the end is ranked in float32


def search_many(
    queries: NDArray[np.float32],
    embeddings: NDArray[Any],
    k: int,
    rows: NDArray[np.integer[Any]] | None = None,
    device: torch.device | str = "cpu",
) -> Found:
    """Ids int64 (Q, k) and inner products float32 (Q, k), best first, ties by the smaller id.

    queries: float32 (Q, D). embeddings: floating (M, D), memory-mapped. rows: search only these, ascending.
    k is cut to the number of rows searched. Of more than 64 candidates that tie for the last place any are taken. On a
    CPU that has them, bfloat16 instructions multiply.
    """
    queries = checked_queries(queries, embeddings.shape[1])
    searched = len(embeddings) if rows is None else len(rows)
    k = min(k, searched)
    if not len(queries) or not k:
        return np.zeros((len(queries), k), np.int64), np.zeros((len(queries), k), np.float32)
    fetch = min(k + _MARGIN, searched)
    asked = [torch.from_numpy(queries[at : at + _QUERIES]).to(device) for at in range(0, len(queries), _QUERIES)]
    best = [_Best.of(len(part), fetch, device) for part in asked]
    with _fast_products():
        for ids, vectors in _blocks(embeddings, rows, device):
            for part, found in zip(asked, best, strict=True):
                found.add(part @ vectors.T, ids)
    ids_found = np.concatenate([found.ids.cpu().numpy() for found in best])
    return rerank(queries, ids_found, embeddings, k, threads=max(1, torch.get_num_threads()))


class _Best:
    """The best of some queries so far. scores: float32 (Q, fetch), in no order. ids: int64 (Q, fetch), -1 for none."""

    def __init__(self, scores: torch.Tensor, ids: torch.Tensor) -> None:
        self.scores = scores
        self.ids = ids

    @classmethod
    def of(cls, queries: int, fetch: int, device: torch.device | str) -> "_Best":
        """Nothing found yet."""
        scores = torch.full((queries, fetch), -torch.inf, device=device)
        return cls(scores, torch.full((queries, fetch), -1, dtype=torch.int64, device=device))

    def add(self, products: torch.Tensor, ids: torch.Tensor) -> None:
        """Takes in a block: products float32 (Q, B), ids int64 (B,)."""
        bound = self.scores.min(dim=1, keepdim=True).values
        if torch.isinf(bound).any():
            scores, at = products.topk(min(self.ids.shape[1], products.shape[1]), dim=1)
            self._keep(scores, ids[at])
            return
        query, at = torch.nonzero(products > bound, as_tuple=True)
        counts = torch.bincount(query, minlength=len(products))
        place = torch.arange(len(query), device=query.device) - (counts.cumsum(0) - counts)[query]
        width = int(counts.max()) if len(counts) else 0
        scores = products.new_full((len(products), width), -torch.inf)
        found = torch.full((len(products), width), -1, dtype=torch.int64, device=ids.device)
        scores[query, place] = products[query, at]
        found[query, place] = ids[at]
        self._keep(scores, found)

    def _keep(self, scores: torch.Tensor, ids: torch.Tensor) -> None:
        every, of = torch.cat([self.scores, scores], 1), torch.cat([self.ids, ids], 1)
        self.scores, at = every.topk(self.ids.shape[1], dim=1, sorted=False)
        self.ids = of.gather(1, at)


def _blocks(
    embeddings: NDArray[Any], rows: NDArray[np.integer[Any]] | None, device: torch.device | str
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Ids int64 (B,) and vectors float32 (B, D), block by block."""
    searched = len(embeddings) if rows is None else len(rows)
    start = 0
    while start < searched:
        stop = min(searched, start + (_BLOCK_ROWS if start else _FIRST_ROWS))
        ids = np.arange(start, stop) if rows is None else rows[start:stop].astype(np.int64)
        block = embeddings[start:stop] if rows is None else embeddings[ids]
        yield torch.from_numpy(ids).to(device), torch.from_numpy(np.asarray(block, np.float32)).to(device)
        start = stop


@contextmanager
def _fast_products() -> Iterator[None]:
    """Float32 products may be made of bfloat16 ones where the processor has them; their sums stay float32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
