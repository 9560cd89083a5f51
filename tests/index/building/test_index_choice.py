"""The choice: codes grow until they no longer pay, and only what surely reaches the targets is taken."""

import numpy as np
import pytest

from index.building import index_choice as choosing
from index.building.index_choice import Chooser, lists_of, recipes
from index.building.queries import QuerySource
from index.exact_search import ExactSearch
from scripts.reference.release.candidate_vectors import CandidateVectors
from tests.index.small_bank import unit_rows


def test_lists_grow_with_the_square_root_of_the_bank() -> None:
    assert [lists_of(n) for n in (99_999, 100_000, 1_230_676, 10**8)] == [None, 256, 1024, 4096]
    assert recipes(2000, 80) == ["PCAR64,PQ64x4fs", "PCAR80,PQ80x4fs"]
    assert recipes(10**6, 64) == ["PCAR64,IVF1024,PQ64x4fs"]


@pytest.mark.parametrize("lists_from", [100_000, 100])
def test_an_index_that_finds_enough_is_chosen(lists_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_LISTS_FROM", lists_from)
    monkeypatch.setattr(choosing, "_WIDTHS", (16, 32))
    generator = CandidateVectors(0, 64)
    vectors = generator.draw(np.random.default_rng(1), 3000)[0].astype(np.float16)
    sets = QuerySource(vectors, generator).sets(20, np.random.default_rng(2), ExactSearch(vectors))
    targets = {"in_distribution": 0.4, "cross_modal": 0.3}  # half of these misses are allowed
    chosen, tried = Chooser(vectors, sets, targets, 0, lambda _: None).choose()
    assert chosen is not None
    assert chosen.measured.reaches
    assert chosen.measured in tried
    assert chosen.measured.cpu_seconds == min(each.cpu_seconds for each in tried if each.reaches)
    assert ("IVF" in chosen.measured.index) is (lists_from == 100)
    ids, _ = chosen.search(vectors).search(sets[0].vectors, 50)
    assert sets[0].recall(ids).mean() == pytest.approx(chosen.measured.recall["in_distribution"], abs=0.02)
    assert chosen.measured.json().keys() >= {"index", "fetch", "recall", "cpu_ms"}


def test_nothing_is_chosen_where_nothing_finds_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_FETCHES", (60,))
    vectors = unit_rows(2000, 32)  # isotropic: codes of four bits confuse neighbours that lie this close
    sets = QuerySource(vectors).sets(20, np.random.default_rng(2), ExactSearch(vectors))
    reported: list[str] = []
    chosen, tried = Chooser(vectors, sets, {"in_distribution": 1.0, "cross_modal": 1.0}, 0, reported.append).choose()
    assert chosen is None
    assert [each.reaches for each in tried] == [False]
    assert any("UNDER" in line for line in reported)
