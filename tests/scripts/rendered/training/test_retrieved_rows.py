"""Rows of real retrieval: what the service would read, of patients it may be learned from."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.decoder_config import decoder_config
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.seed_ranges import SEED_RANGES
from scripts.rendered.training.retrieved_rows import RetrievedRows, open_without_networks
from service.answer.evidence import evidence_sentences
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.bank_training.names_only import NamesOnly
from service.site.decoder_training.finding_table import FindingTable
from service.site.decoder_training.reserved import draw_reserved
from service.site.decoder_training.rows import TrainingRow
from tests.scripts.rendered.training.retrieval_material import DIM, encoded, write_material


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> ReportPipeline:
    return open_without_networks(write_material(tmp_path_factory.mktemp("material")))


@pytest.fixture(scope="module")
def rows(pipeline: ReportPipeline) -> list[TrainingRow]:
    return RetrievedRows(pipeline, english()).rows(encoded(), range(4))


def test_a_row_reads_what_the_service_would_read(pipeline: ReportPipeline, rows: list[TrainingRow]) -> None:
    embedding = encoded().embedding(0)
    sections = pipeline.pool(embedding)
    retrieval = pipeline.retrieve(sections, RunOptions())
    served = pipeline.request(embedding, sections, retrieval, pipeline.vote(retrieval), "rag")
    own = [row for row in rows if row.study is rows[0].study]
    assert {row.section for row in own} == set(ECHO_TAXONOMY.sections)
    for row in own:
        assert row.study.phenotypes == served.phenotypes
        assert row.study.section_vectors.equal(served.section_vectors)
        assert row.study.clip_vectors.equal(served.clip_vectors)
        assert row.study.evidence == {}
        evidence = evidence_sentences(row.neighbours, pipeline.retriever.bank.phrases)
        assert evidence == served.evidence[row.section]


def test_estimates_are_the_vote_and_targets_the_truth(rows: list[TrainingRow]) -> None:
    table = FindingTable(english())
    for number in range(4):
        own = [row for row in rows if row.study is rows[number * len(ECHO_TAXONOMY.sections)].study]
        true = findings_of(encoded().state(number))
        for row in own:
            said = table.findings(row.section, row.targets)
            assert set(true[row.section].stated) <= said <= {*true[row.section].stated, *true[row.section].implied}
    voted = [token.value for row in rows for token in row.study.phenotypes if token.name == "mitraclip"]
    assert all(value is not None for value in voted)
    assert not set(voted) <= {0.0, 1.0}


@pytest.mark.parametrize("purpose", sorted(set(SEED_RANGES) - {"decoder"}))
def test_patients_of_other_purposes_are_refused(pipeline: ReportPipeline, purpose: str) -> None:
    foreign = replace(encoded(), seed=SEED_RANGES[purpose][0])
    with pytest.raises(ValueError, match=purpose):
        RetrievedRows(pipeline, english()).rows(foreign, range(1))


def test_embeddings_of_another_encoder_are_refused(pipeline: ReportPipeline) -> None:
    with pytest.raises(ValueError, match="encoder"):
        RetrievedRows(pipeline, english()).rows(encoded(encoder_sha256="0" * 64), range(1))


def test_what_is_reserved_is_neither_read_nor_written(pipeline: ReportPipeline) -> None:
    reserved = draw_reserved(english(), wordings=0.15, findings=6, seed=2)
    held, open_again = (
        {(p.section, t) for p in english().phrases if reserved.holds(p) is hold for t in (p.template, p.numberless)}
        for hold in (True, False)
    )
    free = RetrievedRows(pipeline, english()).rows(encoded(), range(8))
    kept = RetrievedRows(pipeline, english(), reserved).rows(encoded(), range(8))
    phrases = pipeline.retriever.bank.phrases

    def shown(rows: list[TrainingRow]) -> set[tuple[str, str]]:
        read = {(r.section, s.template) for r in rows for s in evidence_sentences(r.neighbours, phrases)}
        return read | {(row.section, target) for row in rows for target in row.targets}

    assert shown(free) & (held - open_again)
    assert not shown(kept) & (held - open_again)
    assert 0 < len(kept) < len(free)


def test_a_pipeline_without_networks_says_so() -> None:
    names = NamesOnly(ECHO_TAXONOMY, DIM)
    with pytest.raises(RuntimeError, match="without networks"):
        names.encode(())


def test_sections_are_drawn_onto_the_bank_where_the_decoder_asks_for_it(pipeline: ReportPipeline) -> None:
    config = decoder_config(ECHO_TAXONOMY, vocabulary=10, embedding_dim=DIM)
    asking = config.model_copy(update={"project_onto_bank": True}).model_dump(mode="json")
    projecting = replace(pipeline, bundle=pipeline.bundle.model_copy(update={"decoder": asking}))
    row = RetrievedRows(projecting, english()).rows(encoded(), range(1))[0]
    plain = RetrievedRows(pipeline, english()).rows(encoded(), range(1))[0]
    assert not torch.allclose(row.study.section_vectors, plain.study.section_vectors, atol=1e-3)
    assert torch.allclose(row.study.section_vectors.norm(dim=1), torch.ones(15), atol=1e-5)


def test_written_files_of_studies_can_be_trained_on(pipeline: ReportPipeline, tmp_path: Path) -> None:
    encoded().write(tmp_path)
    read = type(encoded()).read(tmp_path)
    assert len(RetrievedRows(pipeline, english()).rows(read, range(1))) == len(ECHO_TAXONOMY.sections)
