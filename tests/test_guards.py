"""Failures that pipelines of this kind have had in public, each held off by a test on tiny data.

EchoJEPA 001 to 013 are that project's own bug reports; EchoPrime and echovlm name faults of those two releases.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import load_weights
from model.device import Placement, choose_placement
from model.echo.modality import EchoModality, build_echo
from model.echo.prepared_clip import PreparedClip
from model.errors import BundleCorrupt, BundleMismatch
from model.study import SkippedClip, SkipReason
from scripts.rendered.evaluation.parts.scores import measure_scores, scores_of
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding import StudyEmbedder, embed_sets
from scripts.rendered.evaluation.studies.embedding_cache import BASE, cache_folder, read_set
from scripts.rendered.evaluation.studies.rendering import clip_in_memory, clips_of
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.study_sets import Protocol, StudySet
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.seed_ranges import SEED_RANGES
from service.answer.writing_request import request_of
from service.artifacts import ArtifactPaths, load_pipeline
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.pipeline import ReportPipeline
from tests.model.echo.small_echo import PREPROCESSING, write_echo_bundle
from tests.scripts.rendered.evaluation.small_echo import build_evaluation
from tests.toy_modality import toy_clip, write_toy

CPU = Placement(torch.device("cpu"), torch.float32, "test")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return build_evaluation(tmp_path_factory.mktemp("guards"), Protocol(90_001, 6, 1, 10, 2, 1, 6, 1))


@pytest.fixture(scope="module")
def modality(tmp_path_factory: pytest.TempPathFactory) -> EchoModality:
    folder = tmp_path_factory.mktemp("bundle")
    return build_echo(write_echo_bundle(folder), folder, CPU)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ReportPipeline:
    return load_pipeline(write_toy(tmp_path_factory.mktemp("toy")), choose_placement("cpu"))


def prepared(count: int) -> list[PreparedClip]:
    drawn = torch.randn(count, 3, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    return [
        PreparedClip(
            position=n + 1,
            sha256=str(n),
            model_input=clip,
            view_input=clip[:, :3].transpose(0, 1).contiguous(),
            start_frame=0,
        )
        for n, clip in enumerate(drawn)
    ]


def test_echojepa_001_an_embedding_stays_with_its_clip_whatever_the_order(modality: EchoModality) -> None:
    clips = prepared(5)
    straight, mixed = modality.encode(clips), modality.encode([clips[number] for number in (3, 0, 4, 1, 2)])
    rows = [mixed.positions.index(position) for position in straight.positions]
    assert torch.allclose(straight.clip_embeddings, mixed.clip_embeddings[rows], atol=1e-5)
    assert torch.allclose(straight.view_probabilities, mixed.view_probabilities[rows], atol=1e-5)


def test_echojepa_001_an_embedding_stays_with_its_study(tmp_path: Path, toy: ReportPipeline) -> None:
    """Studies embedded in another order land in the files of their own numbers."""
    studies = [StudySet("test", 90_001, "clinical", 3, 2)]
    bundle = toy.bundle.model_copy(update={"preprocessing": PREPROCESSING.model_dump(mode="json")})
    pipeline = replace(toy, bundle=bundle)
    paths = ArtifactPaths(tmp_path, tmp_path)
    embed_sets(pipeline, paths, tmp_path / "straight", studies, 0)
    folder = cache_folder(tmp_path / "back", pipeline, studies[0])
    folder.mkdir(parents=True)
    for study in (2, 0, 1):
        StudyEmbedder(pipeline).run((studies[0], study, folder / f"{study}.npz"))
    straight = read_set(cache_folder(tmp_path / "straight", pipeline, studies[0]), 3)
    for one, other in zip(straight, read_set(folder, 3), strict=True):
        assert one.study == other.study
        assert torch.equal(one.embeddings[BASE].clip_embeddings, other.embeddings[BASE].clip_embeddings)
        direct = pipeline.embed(clips_of(studies[0], one.study, PREPROCESSING)).embedding
        assert torch.equal(one.embeddings[BASE].clip_embeddings, direct.clip_embeddings)


def test_echojepa_002_pixels_are_normalised_once(modality: EchoModality) -> None:
    plan = planned_clip(90_001, 0, 0, "A4C", quality=0.9)
    clip = clip_in_memory(state_of(90_001, 0, "clinical"), plan, 1, "x", PREPROCESSING, masked=False)
    (prepared,) = modality.prepare(clip)
    assert isinstance(prepared, PreparedClip)
    found = prepared.model_input
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (PREPROCESSING.mean, PREPROCESSING.std))
    grey = found * std + mean
    assert torch.allclose(grey, grey.round(), atol=1e-2)
    assert 0 <= grey.round().min() <= grey.round().max() <= 255
    assert grey.max() > 100


def test_echojepa_004_a_clip_that_cannot_be_read_is_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42 nothing behind it")
    with open_study([tmp_path / "a.mp4"], IngestLimits()) as study:
        read = list(study.read())
    assert [type(item) for item in read] == [SkippedClip]
    assert (read[0].position, read[0].sha256 != "") == (1, True)
    assert isinstance(read[0], SkippedClip)
    assert read[0].reason is SkipReason.UNREADABLE


@pytest.mark.parametrize("count", [1, 7, 8, 9, 17])
def test_echojepa_005_the_last_short_batch_is_not_dropped(modality: EchoModality, count: int) -> None:
    assert modality.encode(prepared(count)).positions == tuple(range(1, count + 1))


def test_echojepa_005_every_study_is_scored(evaluation: Evaluation) -> None:
    assert [study.study for study in evaluation.studies] == list(range(evaluation.protocol.studies))
    assert len(evaluation.truths) == len(evaluation.embedded) == evaluation.protocol.studies


def test_echojepa_008_no_network_runs_on_weights_it_did_not_load(tmp_path: Path, modality: EchoModality) -> None:
    manifest = write_echo_bundle(tmp_path, seed=1)
    other = build_echo(manifest, tmp_path, CPU)
    assert not torch.allclose(
        other.encode(prepared(2)).clip_embeddings, modality.encode(prepared(2)).clip_embeddings, atol=1e-3
    )
    (tmp_path / "video_encoder.safetensors").unlink()
    with pytest.raises(BundleCorrupt, match=r"video_encoder\.safetensors"):
        build_echo(manifest, tmp_path, CPU)
    with pytest.raises(BundleMismatch, match="tensor"):
        load_weights(torch.nn.Linear(2, 2), tmp_path / "view_classifier.safetensors")


def test_echojepa_010_011_no_script_ends_or_cleans_what_it_did_not_start() -> None:
    broad = re.compile(r"\b(pkill|killall)\b|/dev/shm")
    files = [path for folder in ("scripts", "service", "model", "index") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in files if path.suffix in {".py", ".sh"}] + [ROOT / "Makefile"]
    assert not [path for path in texts if broad.search(path.read_text(encoding="utf-8"))]


def test_echojepa_012_stale_output_of_another_encoder_or_plan_is_never_taken(
    tmp_path: Path, evaluation: Evaluation
) -> None:
    pipeline, chosen = evaluation.pipeline, evaluation.sets["test"]
    own = cache_folder(tmp_path, pipeline, chosen)
    retrained = replace(pipeline, bundle=pipeline.bundle.model_copy(update={"files": {"w": "1" * 64}}))
    recropped = replace(pipeline, bundle=pipeline.bundle.model_copy(update={"preprocessing": {"frames": 9}}))
    folders = {
        own,
        cache_folder(tmp_path, retrained, chosen),
        cache_folder(tmp_path, recropped, chosen),
        cache_folder(tmp_path, pipeline, replace(chosen, seed=90_005)),
        cache_folder(tmp_path, pipeline, replace(chosen, max_clips=3)),
    }
    assert len(folders) == 5
    assert cache_folder(tmp_path, pipeline, replace(chosen, studies=3)) == own  # a shorter run shares its studies


def test_echojepa_012_a_half_written_study_is_made_again(tmp_path: Path, toy: ReportPipeline) -> None:
    studies = [StudySet("test", 90_001, "clinical", 1, 2)]
    bundle = toy.bundle.model_copy(update={"preprocessing": PREPROCESSING.model_dump(mode="json")})
    pipeline, paths = replace(toy, bundle=bundle), ArtifactPaths(tmp_path, tmp_path)
    folder = cache_folder(tmp_path, pipeline, studies[0])
    folder.mkdir(parents=True)
    (folder / "0.part.npz").write_bytes(b"stopped here")
    assert embed_sets(pipeline, paths, tmp_path, studies, 0) == 1
    assert embed_sets(pipeline, paths, tmp_path, studies, 0) == 0
    assert not (folder / "0.part.npz").exists()


def test_echoprime_phenotypes_are_read_off_the_neighbours_of_their_own_section(evaluation: Evaluation) -> None:
    """There the n-th phenotype section was read off the n-th row of another table."""
    retrieval, votes = evaluation.retrieved[0]
    for phenotype in evaluation.pipeline.bundle.taxonomy().phenotypes:
        ids, _ = retrieval.neighbours.of(phenotype.section)
        labels = evaluation.pipeline.retriever.bank.labels(phenotype.name, ids)
        assert votes[phenotype.name].value == pytest.approx(float(np.nanmean(labels)), abs=1e-6)


def test_echoprime_one_clip_is_a_study(toy: ReportPipeline) -> None:
    assert toy.run([toy_clip(1, (250, 200, 240))]).sections[0].assessed


def test_echoprime_a_study_without_a_usable_clip_is_answered(toy: ReportPipeline) -> None:
    answer = toy.run([SkippedClip(1, "0" * 64, SkipReason.STILL_IMAGE, "one frame")])
    assert not any(section.assessed for section in answer.sections)
    assert "no_usable_clip" in {warning.code for warning in answer.warnings}


def test_echovlm_the_decoder_reads_the_study_and_not_its_nearest_candidate(evaluation: Evaluation) -> None:
    study, (retrieval, votes) = evaluation.embedded[0], evaluation.retrieved[0]
    bank = evaluation.pipeline.retriever.bank
    request = request_of(study.embedding, study.sections, votes, retrieval, bank, "generate")
    assert torch.equal(request.section_vectors, study.sections.vectors)
    nearest = bank.embeddings[retrieval.neighbours.candidate_ids[0, 0]]
    assert not np.allclose(request.section_vectors[0].numpy(), nearest, atol=1e-3)
    assert not request.evidence


def test_auroc_comes_from_scores_and_not_from_text(evaluation: Evaluation) -> None:
    """Hard labels read off text are no scores: blanking every sentence must not move an AUROC."""
    documents = evaluation.documents(evaluation.embedded, "retrieval")
    mute = [
        document.model_copy(update={"sections": [s.model_copy(update={"sentences": []}) for s in document.sections]})
        for document in documents
    ]
    found = [Results(), Results()]
    for results, answers in zip(found, (documents, mute), strict=True):
        measure_scores(evaluation, answers, results)
    assert found[0].figures["auroc"] == found[1].figures["auroc"]
    scores = scores_of(documents)
    assert any(len(set(column.tolist())) > 2 for column in scores.values())


def test_no_patient_is_in_two_splits() -> None:
    """Seeds of different purposes never meet, and a patient of one is no patient of another."""
    numbers = [seed for seeds in SEED_RANGES.values() for seed in (seeds[0], seeds[-1])]
    assert len(set(numbers)) == len(numbers)
    assert sum(map(len, SEED_RANGES.values())) == len(set().union(*map(set, SEED_RANGES.values())))
    assert labels_of(state_of(30_000, 5, "clinical")) != labels_of(state_of(90_001, 5, "clinical"))


def test_truth_never_reaches_the_pipeline(evaluation: Evaluation) -> None:
    """Answers of two patients with each other's embeddings are each other's answers: nothing else was looked at."""
    first, second = evaluation.embedded[:2]
    swapped = replace(first, embedding=second.embedding, sections=second.sections)
    one, other = evaluation.documents([swapped, second], "retrieval")
    assert one.phenotypes == other.phenotypes
    assert [s.sentences for s in one.sections] == [s.sentences for s in other.sections]


def test_a_changed_bundle_file_is_refused(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    (paths.bundle / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(BundleMismatch, match="sha256"):
        load_pipeline(paths, choose_placement("cpu"))
    shutil.rmtree(tmp_path / "bank")
