from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import faiss_search
from index.errors import SearchError, SearchUnavailable
from index.faiss_search import FaissSearch, build_index, faiss_distribution, set_faiss_threads, write_index
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
    search = FaissSearch.open(tmp_path, described, vectors)
    assert_same(search.search(queries, 20), search_numpy(queries, vectors, 20))


def test_an_index_that_visits_too_little_says_so() -> None:
    vectors = unit_rows(1000, 8)
    search = FaissSearch(build_index(vectors, "IVF8,Flat"), vectors, nprobe=1)
    with pytest.raises(SearchError, match="nprobe"):
        search.search(vectors[:1], 900)


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
