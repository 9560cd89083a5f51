import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import faiss_search
from index.errors import BankMismatch, SearchUnavailable
from index.faiss_search import (
    FaissSearch,
    build_index,
    faiss_distribution,
    faiss_gpus,
    set_faiss_threads,
    write_index,
)
from index.numpy_search import search_numpy
from tests.index.small_bank import unit_rows
from tests.index.test_exact_search import assert_same


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("candidates", "k"), [(1, 1), (30, 50), (3000, 50)])
def test_the_flat_index_equals_the_numpy_twin(dtype: type[np.floating[Any]], candidates: int, k: int) -> None:
    vectors, queries = unit_rows(candidates, 24).astype(dtype), unit_rows(5, 24, seed=1)
    search = FaissSearch(build_index(vectors, "flat"), vectors)
    assert_same(search.search(queries, k), search_numpy(queries, vectors, k))


def test_an_inverted_file_that_visits_all_lists_equals_the_twin(tmp_path: Path) -> None:
    vectors, queries = unit_rows(2000, 16).astype(np.float16), unit_rows(4, 16, seed=1)
    write_index(build_index(vectors, "IVF8,SQfp16", train_rows=1000), tmp_path / "index.faiss")
    described = {"kind": "faiss", "index": "IVF8,SQfp16", "file": "index.faiss", "nprobe": 8}
    search = FaissSearch.open(tmp_path / "index.faiss", described, vectors)
    assert_same(search.search(queries, 20), search_numpy(queries, vectors, 20))


@pytest.mark.parametrize("description", ["IVF8,Flat", "PCAR8,IVF8,Flat"])
def test_where_the_lists_visited_hold_too_few_all_are_visited(description: str) -> None:
    vectors = unit_rows(1000, 8)
    search = FaissSearch(build_index(vectors, description), vectors, nprobe=1)
    assert_same(search.search(vectors[:2], 900), search_numpy(vectors[:2], vectors, 900))
    assert (search.fetched(vectors[:2], 900) < 0).any()


def test_no_query_gives_an_empty_answer() -> None:
    vectors = unit_rows(10, 8)
    assert FaissSearch(build_index(vectors, "flat"), vectors).search(vectors[:0], 3)[0].shape == (0, 3)


def test_neither_or_both_distributions_are_named_as_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faiss_distribution().startswith("faiss-")
    installed: dict[str, str] = {}
    monkeypatch.setattr(faiss_search, "_version", installed.get)
    with pytest.raises(SearchUnavailable, match=r"not installed.*echoscribe\[cpu\]"):
        faiss_distribution()
    set_faiss_threads(1)  # nothing to set, nothing raised
    installed.update({"faiss-cpu": "1.15.1", "faiss-gpu": "1.15.1"})
    with pytest.raises(SearchUnavailable, match=r"faiss-cpu 1\.15\.1 and faiss-gpu 1\.15\.1 are both installed"):
        faiss_distribution()
    with pytest.raises(SearchUnavailable, match="both installed"):
        build_index(unit_rows(10, 8), "flat")


def test_threads_can_be_set() -> None:
    faiss = faiss_search._faiss()
    before = faiss.omp_get_max_threads()
    set_faiss_threads(1)
    assert faiss.omp_get_max_threads() == 1
    set_faiss_threads(before)


def test_more_candidates_reranked_find_more_and_missing_ones_are_no_fault() -> None:
    vectors, queries = unit_rows(3000, 32), unit_rows(8, 32, seed=1)
    index = build_index(vectors, "PCAR8,IVF8,PQ8x4fs", train_rows=2000)
    exact, _ = search_numpy(queries, vectors, 20)
    found = [
        np.mean([np.isin(a, b).mean() for a, b in zip(exact, search.search(queries, 20)[0], strict=True)])
        for search in (FaissSearch(index, vectors, 8, fetch=fetch) for fetch in (0, 500, 3000))
    ]
    assert found[0] < found[1] < found[2] == 1
    few = FaissSearch(index, vectors, 1, fetch=3000).search(queries, 20)
    assert (few[0] >= 0).all()
    assert np.isfinite(few[1]).all()


def test_an_index_over_other_candidates_is_refused() -> None:
    vectors = unit_rows(100, 8)
    with pytest.raises(BankMismatch, match=r"the index holds \(100, 8\), the bank \(99, 8\)"):
        FaissSearch(build_index(vectors, "flat"), vectors[:99])


class FaissWithGpu:
    """FAISS as a GPU build shows it, with the index of the CPU behind it."""

    def __init__(self, gpus: int) -> None:
        self._gpus, self.configs = gpus, list[Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("faiss"), name)

    def get_num_gpus(self) -> int:
        return self._gpus

    StandardGpuResources = object

    class GpuIndexFlatConfig:
        device, useFloat16 = 0, False  # noqa: N815  # FAISS's own names

    def GpuIndexFlatIP(self, _: object, dimension: int, config: Any) -> Any:  # noqa: N802 - FAISS's name
        self.configs.append(config)
        return importlib.import_module("faiss").IndexFlatIP(dimension)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_on_a_gpu_all_vectors_are_searched_in_the_banks_precision(
    dtype: type[np.floating[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    faiss = FaissWithGpu(2)
    monkeypatch.setattr(faiss_search, "_faiss", lambda: faiss)
    monkeypatch.setattr(faiss_search, "_BLOCK_ROWS", 64)
    assert faiss_gpus() == 2
    vectors, queries = unit_rows(300, 8).astype(dtype), unit_rows(3, 8, seed=1)
    search = FaissSearch.on_gpu(vectors, device=1)
    assert_same(search.search(queries, 20), search_numpy(queries, vectors, 20))
    assert (faiss.configs[0].device, faiss.configs[0].useFloat16) == (1, dtype is np.float16)
    assert search.name == "faiss flat on GPU"


def test_a_build_for_cpus_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faiss_gpus() == 0
    installed: dict[str, str] = {}
    monkeypatch.setattr(faiss_search, "_version", installed.get)
    assert faiss_gpus() == 0
