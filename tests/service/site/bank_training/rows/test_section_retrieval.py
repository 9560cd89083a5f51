"""Many studies at once against the service's own retriever and vote, one study at a time."""

from pathlib import Path

import numpy as np
import pytest

from index.candidate_bank import CandidateBank
from index.exact_search import ExactSearch
from index.phenotype_vote import vote
from index.retriever import Retriever
from model.echo.taxonomy import ECHO_TAXONOMY
from service.artifacts import ArtifactPaths
from service.site.bank_training.rows.section_retrieval import SectionRetrieval, votes_by_name
from service.site.bank_training.splits import CandidateSplit
from tests.service.site.bank_training.invented_bank import CANDIDATES, write_bank_of, write_bundle_of


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> CandidateBank:
    folder = tmp_path_factory.mktemp("bank")
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    write_bundle_of(paths.bundle)
    write_bank_of(paths)
    return CandidateBank.open(paths.bank, encoder_sha256=None)


def test_neighbours_context_and_votes_are_the_services_own(bank: CandidateBank) -> None:
    split = CandidateSplit(bank)
    retrieval = SectionRetrieval(bank, ECHO_TAXONOMY, split.training, split.patients)
    rng = np.random.default_rng(0)
    studies, sections = np.array([3, 40, 111]), len(ECHO_TAXONOMY.sections)
    noise = 0.1 * rng.standard_normal((len(studies), sections, bank.manifest.dimension), dtype=np.float32)
    queries = bank.embeddings[studies].astype(np.float32)[:, None] + noise
    assessed = rng.random((len(studies), sections)) < 0.8
    found = retrieval.find(queries, assessed, studies)
    votes = retrieval.votes(found)
    of_phenotypes = {phenotype.name: phenotype.section for phenotype in ECHO_TAXONOMY.phenotypes}
    for place, made in enumerate(retrieval.retrievals(found)):
        left_out = np.union1d(np.setdiff1d(np.arange(CANDIDATES), split.training), studies[place])
        slow = Retriever(bank, ExactSearch(bank.embeddings), excluded=left_out)
        wanted = slow.retrieve(queries[place], ECHO_TAXONOMY.sections, assessed[place])
        for section, seen in zip(ECHO_TAXONOMY.sections, assessed[place], strict=True):
            assert np.array_equal(made.neighbours.of(section)[0], wanted.neighbours.of(section)[0])
            assert (section in made.context) == bool(seen)
        for section, candidates in wanted.context.items():
            own = [(c.candidate_id, c.sentences) for c in made.context[section]]
            assert [number for number, _ in own] == [c.candidate_id for c in candidates]
            assert repr([said for _, said in own]) == repr([c.sentences for c in candidates])
        expected = vote(wanted.neighbours, bank, of_phenotypes)
        for name, row in votes_by_name(votes[place], ECHO_TAXONOMY).items():
            slow_row = expected[name]
            assert (row.labelled, row.neighbours, row.reason) == (
                slow_row.labelled,
                slow_row.neighbours,
                slow_row.reason,
            )
            fast_numbers, numbers = (row.value, row.p10, row.p90), (slow_row.value, slow_row.p10, slow_row.p90)
            assert fast_numbers == (numbers if row.value is None else pytest.approx(numbers, rel=1e-5, abs=1e-6))


def test_nobody_finds_his_own_patient_or_what_is_held_out(bank: CandidateBank) -> None:
    split = CandidateSplit(bank)
    patients = split.patients.copy()
    patients[10:20] = 10  # one patient with ten studies
    retrieval = SectionRetrieval(bank, ECHO_TAXONOMY, split.training, patients)
    queries = np.repeat(bank.embeddings[[12]].astype(np.float32)[:, None], len(ECHO_TAXONOMY.sections), axis=1)
    found = retrieval.find(queries, np.ones(queries.shape[:2], np.bool_), patients[[12]])
    seen = set(np.unique(found.neighbours)) | set(np.unique(found.context))
    assert not seen & set(range(10, 20))
    assert not seen & set(np.concatenate([split.calibration, split.test]).tolist())


def test_sides_of_the_split_are_apart_and_the_same_again(bank: CandidateBank) -> None:
    split, again, other = CandidateSplit(bank), CandidateSplit(bank), CandidateSplit(bank, seed=1)
    sides = [split.training, split.calibration, split.test]
    assert sorted(np.concatenate(sides).tolist()) == list(range(CANDIDATES))
    assert 0.5 < len(split.training) / CANDIDATES < 0.8
    assert np.array_equal(split.training, again.training)
    assert not np.array_equal(split.training, other.training)


def test_a_patients_studies_are_on_one_side(
    bank: CandidateBank, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del tmp_path
    monkeypatch.setattr(CandidateBank, "has_keys", True)
    monkeypatch.setattr(CandidateBank, "keys", lambda _, ids: ([str(number // 4) for number in ids], []))
    split = CandidateSplit(bank)
    assert (split.parts.reshape(-1, 4) == split.parts.reshape(-1, 4)[:, :1]).all()
