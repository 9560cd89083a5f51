"""Search with FAISS, the only file that imports it: exact and flat for small banks, an inverted file for large ones."""

import importlib
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import BankMismatch, SearchUnavailable
from index.numpy_search import rerank
from index.search import Found, checked_queries

# All of them install one and the same folder `faiss/`; the later silently overwrites the earlier.
_DISTRIBUTIONS = ("faiss", "faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12")
_BLOCK_ROWS = 65_536
_OVER_FETCH = 32  # beyond 2 k: room for what float16 or an inverted file puts in another order than float32


def faiss_distribution() -> str:
    """Name and version of the one FAISS that is installed. Raises SearchUnavailable for none and for several."""
    found = [f"{name} {version}" for name in _DISTRIBUTIONS if (version := _version(name))]
    if not found:
        raise SearchUnavailable("FAISS is not installed: pip install 'echoscribe[cpu]', or 'echoscribe[gpu]'")
    if len(found) > 1:
        raise SearchUnavailable(
            f"{' and '.join(found)} are both installed and share the folder faiss/: uninstall all of them, "
            "then install one of 'echoscribe[cpu]', 'echoscribe[gpu]'"
        )
    return found[0]


def set_faiss_threads(threads: int) -> None:
    """Sets the size of FAISS's OpenMP pool; torch has another one. Without FAISS nothing is done."""
    if any(_version(name) for name in _DISTRIBUTIONS):
        _faiss().omp_set_num_threads(threads)


def build_index(embeddings: NDArray[Any], description: str, *, train_rows: int | None = None, seed: int = 0) -> Any:
    """A trained and filled inner-product index.

    embeddings: floating (M, D), read in blocks. description: ``flat``, or a FAISS factory string such as
    ``IVF4096,SQfp16``. train_rows: random rows to train on, None for all.
    """
    faiss, (candidates, dimension) = _faiss(), embeddings.shape
    if description == "flat":
        description = "SQfp16" if embeddings.dtype == np.float16 else "Flat"
    index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    if not index.is_trained:
        rows = np.arange(candidates)
        if train_rows is not None and train_rows < candidates:
            rows = np.sort(np.random.default_rng(seed).choice(candidates, train_rows, replace=False))
        index.train(np.asarray(embeddings[rows], dtype=np.float32))
    for start in range(0, candidates, _BLOCK_ROWS):
        index.add(np.asarray(embeddings[start : start + _BLOCK_ROWS], dtype=np.float32))
    return index


def write_index(index: Any, path: Path) -> None:
    """Writes an index as a file of the bank."""
    _faiss().write_index(index, str(path))


def faiss_gpus() -> int:
    """How many GPUs FAISS can search on: 0 without FAISS and in its build for CPUs."""
    if not any(_version(name) for name in _DISTRIBUTIONS):
        return 0
    faiss = _faiss()
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


class FaissSearch:
    """Over-fetches from an index and re-ranks in float32 against the bank's own vectors."""

    def __init__(
        self, index: Any, embeddings: NDArray[Any], nprobe: int | None = None, *, fetch: int = 0, name: str = "faiss"
    ) -> None:
        """Index: over the same candidates as embeddings (M, D). nprobe: lists an inverted file visits.

        fetch: least number of candidates that are re-ranked. name: what answers call this search.
        Raises BankMismatch for an index over other candidates.
        """
        if (index.ntotal, index.d) != embeddings.shape:
            raise BankMismatch(f"{name}: the index holds {(index.ntotal, index.d)}, the bank {embeddings.shape}")
        self._index = index
        self._embeddings = embeddings
        self._fetch = fetch
        self.name = name
        if nprobe is not None:
            _faiss().extract_index_ivf(index).nprobe = nprobe

    @classmethod
    def open(cls, file: Path | None, search: dict[str, Any], embeddings: NDArray[Any]) -> Self:
        """The search that a bank's `search` field describes. file: of the index; None: it is built here, in memory."""
        if file is not None:
            faiss = _faiss()
            index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        else:
            index = build_index(embeddings, search["index"])
        return cls(
            index,
            embeddings,
            search.get("nprobe"),
            fetch=search.get("fetch", 0),
            name=f"faiss {search['index']}",
        )

    @classmethod
    def on_gpu(cls, embeddings: NDArray[Any], device: int = 0) -> Self:
        """Exact and flat on a GPU, in the bank's own precision: 1.26 GB there for 1.23 million × 512."""
        faiss = _faiss()
        config = faiss.GpuIndexFlatConfig()
        config.device, config.useFloat16 = device, embeddings.dtype == np.float16
        index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), embeddings.shape[1], config)
        for start in range(0, len(embeddings), _BLOCK_ROWS):
            index.add(np.asarray(embeddings[start : start + _BLOCK_ROWS], dtype=np.float32))
        return cls(index, embeddings, name="faiss flat on GPU")

    def fetched(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Ids int64 (Q, count) in the order of the index, before re-ranking; -1 where it finds no more."""
        _, ids = self._index.search(checked_queries(queries, self._embeddings.shape[1]), count)
        return np.asarray(ids, np.int64)

    def _fetched_of_all_lists(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """The same, every list of an inverted file visited."""
        faiss = _faiss()
        params = faiss.SearchParametersIVF(nprobe=faiss.extract_index_ivf(self._index).nlist)
        if isinstance(self._index, faiss.IndexPreTransform):
            params = faiss.SearchParametersPreTransform(index_params=params)
        _, ids = self._index.search(queries, count, params=params)
        return np.asarray(ids, np.int64)

    def search(self, queries: NDArray[np.float32], k: int) -> Found:
        """Ids int64 (Q, k) and inner products float32 (Q, k), best first, ties by the smaller id."""
        queries = checked_queries(queries, self._embeddings.shape[1])
        candidates = len(self._embeddings)
        k = min(k, candidates)
        if not len(queries) or not k:
            return np.zeros((len(queries), k), np.int64), np.zeros((len(queries), k), np.float32)
        fetch = min(max(2 * k + _OVER_FETCH, self._fetch), candidates)
        ids = self.fetched(queries, fetch)
        short = (ids >= 0).sum(axis=1) < k
        if short.any():  # a query far from most candidates: the lists nearest to it hold too few
            ids[short] = self._fetched_of_all_lists(queries[short], fetch)
        return rerank(queries, ids, self._embeddings, k, threads=_faiss().omp_get_max_threads())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _faiss() -> Any:
    """The faiss module. Raises SearchUnavailable when it is absent or installed twice."""
    faiss_distribution()
    return importlib.import_module("faiss")
