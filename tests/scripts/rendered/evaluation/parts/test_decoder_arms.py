"""Arms and the product's own decoder, untrained: what is tested is that each reads what it should."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.decoder import build_decoder
from model.report.decoder.decoder_config import decoder_config
from model.report.writing.build import save_decoder
from scripts.rendered.evaluation.parts.arms import write_arms
from scripts.rendered.evaluation.parts.attribution import measure_attribution
from scripts.rendered.evaluation.parts.controls import measure_wrong_inputs
from scripts.rendered.evaluation.parts.decoder_arms import ARM_FOLDERS, DecoderArm
from scripts.rendered.evaluation.parts.learning_curve import measure_learning_curve
from scripts.rendered.evaluation.parts.reserved_findings import measure_reserved, measure_style
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.study_sets import Protocol
from service.artifacts import ArtifactPaths
from service.schemas import ReportDocument
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.decoder_training.reserved import RESERVED_FILE
from tests.scripts.rendered.evaluation.small_echo import DIMENSION, LANGUAGE, build_evaluation

TOKENIZER = report_tokenizer(LANGUAGE)
CONFIG = decoder_config(ECHO_TAXONOMY, vocabulary=TOKENIZER.size, embedding_dim=DIMENSION).model_copy(
    update={"layers": 1, "heads": 2, "width": 16, "copy_width": 8, "max_section_tokens": 12}
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """An evaluation with a decoder in its bundle and all four arms."""
    root = tmp_path_factory.mktemp("arms")
    evaluation = build_evaluation(root / "small", Protocol(90_001, 3, 1, 10, 2, 1, 4, 1))
    folders = [root / "bundle", *(root / "arms" / folder for folder, _ in ARM_FOLDERS.values())]
    folders += [root / "arms" / "learning_curve" / "100" / name for name in ("generate", "rag")]
    for folder in folders:
        folder.mkdir(parents=True)
        save_decoder(folder, build_decoder(CONFIG, 0), TOKENIZER)
        (folder / "config.json").write_text(CONFIG.model_dump_json())
    reserved = {"wordings": [], "findings": [["mitraclip", "present"]]}
    (root / "arms" / "rag" / RESERVED_FILE).write_text(json.dumps(reserved))
    bundle = evaluation.pipeline.bundle.model_copy(update={"decoder": CONFIG.model_dump(mode="json")})
    arm = DecoderArm.of_path(evaluation, root / "bundle", "rag")
    assert arm is not None
    pipeline = replace(evaluation.pipeline, bundle=bundle, writer=arm.writer)
    paths = ArtifactPaths(root / "bundle", evaluation.paths.bank)
    return replace(evaluation, pipeline=pipeline, paths=paths, arms=root / "arms")


def test_another_context_changes_evidence_and_nothing_else(trained: Evaluation) -> None:
    arm = DecoderArm.of_product(trained, "rag")
    assert arm is not None
    own, misled = arm.requests(), arm.requests(context_of=[1, 2, 0])
    assert own[0].phenotypes == misled[0].phenotypes
    assert torch.equal(own[0].section_vectors, misled[0].section_vectors)
    assert misled[0].evidence == own[1].evidence != own[0].evidence
    assert misled[0].slot_values == own[1].slot_values


def test_generate_reads_no_evidence(trained: Evaluation) -> None:
    arm = DecoderArm.of_folder(trained, "E")
    assert arm is not None
    assert not arm.requests()[0].evidence


def test_an_arm_that_was_not_trained_is_none(trained: Evaluation, tmp_path: Path) -> None:
    assert DecoderArm.of_folder(replace(trained, arms=tmp_path), "F") is None


def test_every_part_that_needs_a_decoder_measures(trained: Evaluation) -> None:
    results = Results()
    documents: dict[str, list[ReportDocument]] = {
        mode: trained.documents(trained.embedded, mode) for mode in trained.pipeline.modes
    }
    reports = write_arms(trained, documents)
    assert set(reports) == {"A", "B", "C", "D", "rag", "generate", *ARM_FOLDERS}
    measure_wrong_inputs(trained, reports, results)
    measure_reserved(trained, reports, results)
    measure_style(trained, reports, results)
    measure_attribution(trained, results)
    measure_learning_curve(trained, results)
    assert results.figures["reserved"]["findings"] == ["mitraclip=present"]
    assert set(results.figures["learning_curve"]["100 studies"]) >= {"E", "F"}
    assert {"wrong_inputs", "house_style", "attribution"} <= set(results.figures)


def test_drafts_are_of_every_section_that_is_written(trained: Evaluation) -> None:
    arm = DecoderArm.of_product(trained, "rag")
    assert arm is not None
    request = arm.requests()[0]
    drafts = arm.writer.drafts(request)
    assert set(drafts) == {n for n, seen in zip(request.sections, request.assessed.tolist(), strict=True) if seen}
