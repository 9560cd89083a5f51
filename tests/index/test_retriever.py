from pathlib import Path

import numpy as np
import pytest

from index.candidate_bank import CandidateBank
from index.errors import SearchError
from index.exact_search import ExactSearch
from index.faiss_search import FaissSearch
from index.numpy_search import search_numpy
from index.retriever import Retriever, open_search
from tests.index.small_bank import SECTIONS, report_of, unit_rows, write_bank

QUERIES = unit_rows(3, 16, seed=9)
ALL = np.ones(3, bool)


@pytest.fixture
def bank(tmp_path: Path) -> CandidateBank:
    return write_bank(tmp_path / "bank")


def test_the_search_that_the_bank_records_is_opened(tmp_path: Path) -> None:
    assert isinstance(open_search(write_bank(tmp_path / "a")), FaissSearch)
    assert isinstance(open_search(write_bank(tmp_path / "b", search={"kind": "exact"})), ExactSearch)


def test_exact_search_can_be_asked_for_and_a_gpu_searches_all_vectors(
    bank: CandidateBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    assert isinstance(open_search(bank, "cpu", exact=True), ExactSearch)
    assert isinstance(open_search(bank, "cuda:1"), FaissSearch)  # FAISS without a GPU: as recorded
    monkeypatch.setattr("index.retriever.faiss_gpus", lambda: 1)
    monkeypatch.setattr(FaissSearch, "on_gpu", lambda _, device: asked.append(device))
    for device in ("cuda", "cuda:1", "cpu"):
        open_search(bank, device)
    assert asked == [0, 1]


@pytest.mark.parametrize("kind", ["faiss", "exact"])
def test_neighbours_are_the_nearest_of_all_candidates(bank: CandidateBank, kind: str) -> None:
    search = open_search(bank) if kind == "faiss" else ExactSearch(bank.embeddings)
    found = Retriever(bank, search).retrieve(QUERIES, SECTIONS, ALL, neighbours=10, depth=20).neighbours
    ids, scores = search_numpy(QUERIES, bank.embeddings, 10)
    assert np.array_equal(found.candidate_ids, ids)
    assert np.allclose(found.similarities, scores, atol=1e-6)


def test_sections_not_assessed_are_not_searched(bank: CandidateBank) -> None:
    queries = QUERIES.copy()
    queries[1] = 0
    found = Retriever(bank, open_search(bank)).retrieve(queries, SECTIONS, np.array([True, False, True]))
    assert (found.neighbours.candidate_ids[1] == -1).all()
    assert np.isnan(found.neighbours.similarities[1]).all()
    assert set(found.context) == {SECTIONS[0], SECTIONS[2]}
    nothing = Retriever(bank, open_search(bank)).retrieve(queries, SECTIONS, np.zeros(3, bool))
    assert nothing.context == {}


@pytest.mark.parametrize("depth", [40, 5])  # all found by the one search; too few, so searched within the section
def test_context_is_the_nearest_candidates_that_have_the_section(bank: CandidateBank, depth: int) -> None:
    found = Retriever(bank, open_search(bank)).retrieve(QUERIES, SECTIONS, ALL, neighbours=5, depth=depth, context=8)
    having = np.array([c for c in range(40) if "Aorta" in report_of(c)])
    ids, scores = search_numpy(QUERIES[1:2], bank.embeddings, 8, rows=having)
    context = found.context["Aorta"]
    assert [c.candidate_id for c in context] == ids[0].tolist()
    assert np.allclose([c.similarity for c in context], scores[0], atol=1e-6)
    assert all(c.sentences == bank.sections_of([c.candidate_id])[0]["Aorta"] for c in context)


def test_a_section_that_no_candidate_has_gets_an_empty_context(bank: CandidateBank) -> None:
    found = Retriever(bank, open_search(bank)).retrieve(QUERIES, SECTIONS, ALL)
    assert found.context["Postoperative Findings"] == ()
    assert found.neighbours.candidate_ids.shape == (3, 40)  # never more than the bank has
    assert len(found.context["Aorta"]) == len([c for c in range(40) if "Aorta" in report_of(c)])


def test_requests_that_do_not_fit_are_refused(bank: CandidateBank) -> None:
    retriever = Retriever(bank, open_search(bank))
    with pytest.raises(SearchError, match="3 sections, but queries"):
        retriever.retrieve(QUERIES[:2], SECTIONS, ALL)
    with pytest.raises(SearchError, match="neighbours must be at least 1"):
        retriever.retrieve(QUERIES, SECTIONS, ALL, neighbours=0)
    with pytest.raises(SearchError, match="finite"):
        retriever.retrieve(np.full((3, 16), np.nan, np.float32), SECTIONS, ALL)
    with pytest.raises(SearchError, match=r"\(Q, 16\)"):
        retriever.retrieve(np.ones((3, 12), np.float32), SECTIONS, ALL)
