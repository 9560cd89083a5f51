"""The rows of search and growth on tiny banks: what they compare, their bars and their arithmetic."""

from pathlib import Path

import numpy as np
import pytest

from scripts.reference.benchmark import bank_search
from scripts.reference.benchmark.bank_search import SearchBench, power_law, recipe_at
from scripts.reference.release.candidate_vectors import CandidateVectors
from tests.index.small_bank import write_bank

GENERATOR = CandidateVectors(0, 64)


def test_a_power_law_is_found_again() -> None:
    exponent, calculated = power_law([10, 100, 1000], [3.0, 3.0 * 10**0.5, 30.0], 10_000)
    assert exponent == pytest.approx(0.5)
    assert calculated == pytest.approx(3.0 * 1000**0.5)


def test_a_recipe_keeps_its_kind_at_other_sizes() -> None:
    assert recipe_at("PCAR96,IVF1024,PQ96x4fs", 3_000_000) == "PCAR96,IVF2048,PQ96x4fs"
    assert recipe_at("PCAR96,IVF1024,PQ96x4fs", 5000) == "PCAR96,PQ96x4fs"
    assert recipe_at("PCAR96,PQ96x4fs", 200_000) == "PCAR96,IVF512,PQ96x4fs"


@pytest.mark.parametrize("generator", [GENERATOR, None])
def test_the_search_row_compares_with_the_published_scan(tmp_path: Path, generator: CandidateVectors | None) -> None:
    vectors = GENERATOR.draw(np.random.default_rng(0), 600)[0]
    row = SearchBench(generator, queries=8, repeats=2).row(write_bank(tmp_path / "bank", embeddings=vectors))
    assert row.published_s is not None
    assert row.ours_s is not None
    assert row.figures["recall_in_distribution"] == row.figures["recall_cross_modal"] == 1
    assert (row.figures["search"], row.figures["sections"]) == ("faiss flat", 3)
    assert {bar for bar in row.bars if "recall" in bar} == {
        "recall@50 in_distribution of at least 0.99",
        "recall@50 cross_modal of at least 0.97",
    }


def test_an_index_that_misses_fails_its_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_search, "_others", lambda _, vectors, __: np.zeros((len(vectors), 50), np.int64))
    vectors = GENERATOR.draw(np.random.default_rng(0), 600)[0]
    row = SearchBench(None, queries=4, repeats=1).row(write_bank(tmp_path / "bank", embeddings=vectors))
    assert not row.ok
    assert not row.bars["recall@50 cross_modal of at least 0.97"]


def test_growth_is_measured_at_each_size_and_leaves_nothing(tmp_path: Path) -> None:
    recorded = {"index": "PCAR16,PQ16x4fs", "fetch": 400}
    row = SearchBench(GENERATOR, queries=16, repeats=1).growth([1000, 2000], recorded, tmp_path)
    assert row.figures["vectors_mb_at_2000"] == pytest.approx(2000 * 64 * 2 / 1e6)
    assert {"indexed_cpu_s_exponent", "index_mb_at_10000000_calculated", "recall_at_1000"} <= row.figures.keys()
    assert list(tmp_path.iterdir()) == []
