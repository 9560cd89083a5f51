"""What a search over a bank's vectors is, and which one a bank of a given size gets."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import SearchError

Found = tuple[NDArray[np.int64], NDArray[np.float32]]

# Up to here FAISS holds all vectors as float16 in memory (200,000 × 512 × 2 bytes = 205 MB) and scans them exactly.
# Above, the bank is scanned where it lies, memory-mapped, until `echoscribe bank index` adds an index of
# measured recall.
FLAT_LIMIT = 200_000


class Search(Protocol):
    """Finds the candidates of largest inner product. name: what answers call it."""

    name: str

    def search(self, queries: NDArray[np.float32], k: int) -> Found:
        """Ids int64 (Q, k) and inner products float32 (Q, k), best first, ties by the smaller id.

        queries: float32 (Q, D). k is cut to the number of candidates.
        """


def choose_search(candidates: int) -> dict[str, Any]:
    """The search that `bank.json` records for a bank of this size, in its `search` field."""
    if candidates <= FLAT_LIMIT:
        return {"kind": "faiss", "index": "flat"}
    return {"kind": "exact"}


def checked_queries(queries: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """The queries, contiguous. Raises SearchError when they are not finite float32 rows of the bank's dimension."""
    if queries.ndim != 2 or queries.shape[1] != dimension or queries.dtype != np.float32:
        raise SearchError(f"queries must be float32 (Q, {dimension}), not {queries.dtype} {queries.shape}")
    if not np.isfinite(queries).all():
        raise SearchError("queries must be finite; a section vector holds NaN or infinity")
    return np.ascontiguousarray(queries)
