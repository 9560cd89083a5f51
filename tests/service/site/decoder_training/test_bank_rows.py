"""Rows of a bank's own vectors: noise as wide as measured, and never its own report as evidence."""

import numpy as np
import pytest
import torch

from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.decoder_config import decoder_config
from scripts.rendered.training.retrieved_rows import open_without_networks
from service.site.decoder_training.bank_rows import BankRows, measured_deviation, noise_deviation
from tests.scripts.rendered.training.retrieval_material import DIM, TWINS, encoded, write_material


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> BankRows:
    config = decoder_config(ECHO_TAXONOMY, vocabulary=10, embedding_dim=DIM)
    asking = config.model_copy(update={"project_onto_bank": True, "max_clip_vectors": 0})
    return BankRows(open_without_networks(write_material(tmp_path_factory.mktemp("material")), asking), 0.05, 3)


@pytest.mark.parametrize("deviation", [0.01, 0.05, 0.2])
def test_the_deviation_of_known_noise_is_found_again(deviation: float) -> None:
    rng = np.random.default_rng(0)
    texts = rng.standard_normal((2000, 64)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    queries = texts + deviation * rng.standard_normal(texts.shape).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    assert noise_deviation(queries, texts) == pytest.approx(deviation, rel=0.05)


def test_queries_that_point_away_from_their_texts_have_no_noise() -> None:
    one = np.ones((3, 4), np.float32)
    with pytest.raises(ValueError, match="mean cosine"):
        noise_deviation(one, -one)


def test_the_deviation_of_real_queries_is_measured_on_what_they_retrieve(source: BankRows) -> None:
    found = measured_deviation(source.pipeline, map(encoded().embedding, range(5)))
    assert 0 < found < 1


def test_a_candidate_never_finds_its_own_report(source: BankRows) -> None:
    assert source.same_report(TWINS[0]).tolist() == list(TWINS)
    for candidate in (*TWINS, 3):
        left_out = set(source.same_report(candidate).tolist())
        rows = source.rows([candidate])
        assert {row.section for row in rows} == set(ECHO_TAXONOMY.sections)
        for row in rows:
            found = {neighbour.candidate_id for neighbour in row.neighbours}
            assert len(found) == 50
            assert not found & left_out


def test_the_vote_leaves_the_candidate_out_as_well(source: BankRows) -> None:
    labels = source.bank.labels("ejection_fraction", np.arange(source.bank.manifest.candidates))
    token = next(t for t in source.rows([5])[0].study.phenotypes if t.name == "ejection_fraction")
    assert token.labelled == 50
    assert token.value != labels[5]


def test_vectors_are_drawn_onto_the_bank_without_the_candidate(source: BankRows) -> None:
    study = source.rows([7])[0].study
    own = torch.from_numpy(source.bank.embeddings[7].astype(np.float32))
    assert study.clip_vectors.shape[0] == 0
    assert torch.allclose(study.section_vectors.norm(dim=1), torch.ones(15), atol=1e-5)
    assert float((study.section_vectors @ own).max()) < 0.9999


def test_rows_are_the_same_again_and_others_for_another_seed(source: BankRows) -> None:
    first, again = source.rows([9]), source.rows([9])
    other = BankRows(source.pipeline, source.deviation, seed=4).rows([9])
    assert all(a.study.section_vectors.equal(b.study.section_vectors) for a, b in zip(first, again, strict=True))
    assert not all(a.study.section_vectors.equal(b.study.section_vectors) for a, b in zip(first, other, strict=True))
