"""An index is published with what was measured, or not at all; a bank whose rows changed has none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.bank_versions import current_bank
from index.candidate_bank import CandidateBank
from index.exact_search import ExactSearch
from index.faiss_search import FaissSearch
from index.retriever import Retriever, open_search
from index.usual_search import NEIGHBOURS
from model.device import choose_placement
from scripts.reference.release.candidate_vectors import CandidateVectors
from service.artifacts import ArtifactPaths, load_pipeline, with_current_bank
from service.site.bank import indexing
from service.site.bank.indexing import IndexOrder, IndexRefused
from service.site.bank.indexing import add_index as build_quietly
from tests.index.small_bank import SECTIONS, unit_rows, write_bank
from tests.service.cli.command_line import run
from tests.service.test_own_bank import write_version
from tests.toy_modality import write_toy

LOW = {"in_distribution": 0.8, "cross_modal": 0.6}


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IndexOrder:
    """A bank of clustered vectors for which an exact scan counts as slow."""
    monkeypatch.setattr(indexing, "cpu_seconds", lambda *_, **__: 9.0)
    vectors = CandidateVectors(4, 64).draw(np.random.default_rng(1), 2000)[0]
    write_bank(tmp_path / "bank", embeddings=vectors)
    return IndexOrder(tmp_path / "bank", LOW, queries=40)


@pytest.mark.parametrize("generator", [None, CandidateVectors(4, 64)])
def test_what_is_published_is_measured_and_searched_by(order: IndexOrder, generator: CandidateVectors | None) -> None:
    search = build_quietly(replace(order, generator=generator))
    bank = CandidateBank.open(order.bank, None, verify="all")
    assert bank.manifest.search == search == json.loads((order.bank / "bank.json").read_text())["search"]
    assert search["recall"].keys() == LOW.keys()
    assert all(LOW[kind] <= share <= 1 for kind, share in search["recall"].items())
    assert search["recall_at"] == NEIGHBOURS
    assert bank.manifest.files[search["file"]].sha256_blocks
    opened = open_search(bank)
    assert isinstance(opened, FaissSearch)
    assert opened.name == f"faiss {search['index']}"
    queries = unit_rows(3, 64, seed=3)
    exact = ExactSearch(bank.embeddings).search(queries, 20)[0]
    shares = [np.isin(a, b).mean() for a, b in zip(exact, opened.search(queries, 20)[0], strict=True)]
    assert np.mean(shares) > 0.5
    found = Retriever(bank, opened).retrieve(queries, SECTIONS, np.ones(3, bool), neighbours=10, depth=20)
    assert np.array_equal(found.neighbours.candidate_ids[:, 0], opened.search(queries, 1)[0][:, 0])


def test_building_again_replaces_the_index(order: IndexOrder) -> None:
    build_quietly(order)
    second = build_quietly(replace(order, seed=1))["file"]
    assert [path.name for path in order.bank.glob("*.faiss")] == [second]
    CandidateBank.open(order.bank, None, verify="all")


def test_under_its_target_nothing_is_published(
    order: IndexOrder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in order.bank.iterdir()}
    monkeypatch.setattr("index.building.index_choice._FETCHES", (60,))
    words = ["bank", "index", "--bank", str(order.bank), "--queries", "40", "--target-cross-modal"]
    assert run(monkeypatch, *words, "1.0") == 1
    assert "no index reaches" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in order.bank.iterdir()} == before
    assert run(monkeypatch, *words, "0.1", "--target-recall", "0.1") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["ok"] is True


def test_queries_that_were_not_chosen_by_judge(order: IndexOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_judged", lambda *_: {"in_distribution": 0.95, "cross_modal": 0.59})
    with pytest.raises(IndexRefused, match=r"recall \{'cross_modal': 0.59\} under the targets"):
        build_quietly(order)
    assert not list(order.bank.glob("*faiss*"))


def test_an_index_that_is_no_faster_than_a_scan_is_not_published(
    order: IndexOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "cpu_seconds", lambda *_, **__: 0.0)
    with pytest.raises(IndexRefused, match=r"an exact scan takes 0\.0 CPU ms"):
        build_quietly(order)


def test_a_bank_too_small_for_an_index_is_told_so(tmp_path: Path) -> None:
    write_bank(tmp_path / "bank")
    with pytest.raises(IndexRefused, match="40 candidates, an index needs 1000"):
        build_quietly(IndexOrder(tmp_path / "bank", LOW))


def test_a_new_version_has_no_stale_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index belongs to the vectors of one version: append and delete write another, which is searched exactly."""
    monkeypatch.setattr(indexing, "cpu_seconds", lambda *_, **__: 9.0)
    bundle, own = write_toy(tmp_path).bundle, tmp_path / "own"
    write_version(own, bundle, 1200)
    build_quietly(IndexOrder(own, {"in_distribution": 0.0, "cross_modal": 0.0}, queries=20))
    indexed = current_bank(own)
    cpu = choose_placement("cpu")
    pipeline = load_pipeline(ArtifactPaths(bundle, own), cpu)
    assert pipeline.provenance["search"] == "faiss PCAR3,PQ3x4fs"
    by_choice = load_pipeline(ArtifactPaths(bundle, own), cpu, exact_search=True)
    assert by_choice.provenance["search"] == "exact"
    write_version(own, bundle, 1100)
    swapped = with_current_bank(pipeline, ArtifactPaths(bundle, own), cpu.device)
    assert current_bank(own) != indexed
    assert not list(current_bank(own).glob("*.faiss"))
    assert swapped.provenance["search"] == "faiss flat"
    assert swapped.retriever.bank.manifest.candidates == 1100
    assert (
        with_current_bank(pipeline, ArtifactPaths(bundle, own), cpu.device, exact_search=True).provenance["search"]
        == "exact"
    )
