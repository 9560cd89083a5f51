"""From labelled studies to a bundle that calls only what its labels support, and warns of strange clips."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.bundle import read_bundle
from model.device import choose_placement
from model.embeddings import StudyEmbedding
from model.familiarity.clip_distances import FILE, ClipDistances
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.site.calibration.calibrating import calibrate, calibrate_manifest, write_calibrated
from service.site.calibration.familiarity import clip_distances
from service.site.calibration.labelled_studies import LabelledStudy, label_study
from service.site.calibration.options import CalibrationOptions
from tests.toy_modality import TOY, toy_clip, write_toy

BRIGHT = (250, 200, 240)


class Unwritten(ClipDistances):
    """Statistics that no disk takes."""

    def write(self, path: Path) -> None:
        raise OSError(f"{path.name}: the disk is full")


def known(studies: list[LabelledStudy]) -> ClipDistances:
    return clip_distances([study.embedding for study in studies], 0.05)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> ArtifactPaths:
    return write_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def pipeline(paths: ArtifactPaths) -> ReportPipeline:
    return load_pipeline(paths, choose_placement("cpu"))


@pytest.fixture(scope="module")
def studies(pipeline: ReportPipeline) -> list[LabelledStudy]:
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(60):
        means = torch.rand(3, 3, generator=generator)
        bright = means.mean(dim=1)
        embedding = StudyEmbedding(means, torch.stack([1 - bright, bright], 1), (1, 2, 3), TOY.views)
        drawn.append(label_study(embedding, {"is_bright": float(bright.mean() > 0.5), "hue": 10.0}, pipeline))
    return drawn


def test_the_calibrated_bundle_calls_and_warns(
    tmp_path: Path, paths: ArtifactPaths, pipeline: ReportPipeline, studies: list[LabelledStudy]
) -> None:
    manifest = calibrate_manifest(pipeline.bundle, studies)
    assert manifest.thresholds.keys() == {"is_bright"}
    assert manifest.calibration["is_bright"]["slope"] > 0
    write_calibrated(paths.bundle, tmp_path / "out", manifest, known(studies))
    assert FILE in read_bundle(tmp_path / "out").files
    served = load_pipeline(ArtifactPaths(tmp_path / "out", paths.bank), choose_placement("cpu"))
    answer = served.run([toy_clip(1, (128, 120, 140)), toy_clip(2, BRIGHT)])
    bright = answer.phenotypes["is_bright"]
    assert bright.value is not None
    assert bright.probability is not None
    assert bright.positive is (bright.value >= manifest.thresholds["is_bright"])
    # Types: not None here.
    assert [clip.out_of_distribution for clip in answer.clips] == [False, answer.clips[1].unfamiliarity > 1]  # type: ignore[operator]  # it has statistics
    warned = [w.text for w in answer.warnings if w.code == "out_of_distribution"]
    assert bool(warned) == bool(answer.clips[1].out_of_distribution)


def test_a_strange_clip_is_named(
    tmp_path: Path, paths: ArtifactPaths, pipeline: ReportPipeline, studies: list[LabelledStudy]
) -> None:
    grey = [
        LabelledStudy(replace(s.embedding, clip_embeddings=s.embedding.clip_embeddings * 0.01 + 0.5), s.votes, s.labels)
        for s in studies
    ]
    write_calibrated(paths.bundle, tmp_path / "out", calibrate_manifest(pipeline.bundle, grey), known(grey))
    served = load_pipeline(ArtifactPaths(tmp_path / "out", paths.bank), choose_placement("cpu"))
    answer = served.run([toy_clip(1, (129, 129, 129)), toy_clip(2, BRIGHT)])
    assert [clip.out_of_distribution for clip in answer.clips] == [False, True]
    warning = next(w for w in answer.warnings if w.code == "out_of_distribution")
    assert warning.text.startswith("Clips 2 are unlike")


def test_a_phenotype_without_enough_labels_gets_no_call(
    tmp_path: Path, paths: ArtifactPaths, pipeline: ReportPipeline, studies: list[LabelledStudy]
) -> None:
    few = [LabelledStudy(s.embedding, s.votes, {"is_bright": 1.0}) for s in studies]
    manifest = calibrate_manifest(pipeline.bundle, few)
    assert (manifest.thresholds, manifest.calibration) == ({}, {})
    write_calibrated(paths.bundle, tmp_path / "out", manifest, known(few))
    served = load_pipeline(ArtifactPaths(tmp_path / "out", paths.bank), choose_placement("cpu"))
    bright = served.run([toy_clip(1, BRIGHT)]).phenotypes["is_bright"]
    assert bright.value is not None
    assert (bright.positive, bright.threshold, bright.probability, bright.reason) == (None, None, None, "no_threshold")


def test_nothing_is_overwritten_and_nothing_half_written_stays(
    tmp_path: Path, paths: ArtifactPaths, pipeline: ReportPipeline, studies: list[LabelledStudy]
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match="exists already"):
        write_calibrated(paths.bundle, tmp_path / "out", pipeline.bundle, known(studies))
    with pytest.raises(OSError, match="full"):
        write_calibrated(paths.bundle, tmp_path / "new", pipeline.bundle, Unwritten(**vars(known(studies))))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def options(paths: ArtifactPaths, folder: Path, **changes: Any) -> CalibrationOptions:
    """What the command line gives, some of it changed."""
    given = {"bundle": paths.bundle, "bank": paths.bank, "out": folder / "out", "studies": folder, "labels": folder}
    return CalibrationOptions(**{**given, **changes})


def test_studies_on_disk_are_met_by_name(tmp_path: Path, paths: ArtifactPaths) -> None:
    """The files are no cines, so every study is kept out by name of its number and the run says so."""
    (tmp_path / "studies" / "a").mkdir(parents=True)
    (tmp_path / "studies" / "unlabelled").mkdir()
    (tmp_path / "labels.csv").write_text("study,is_bright\na,1\nabsent,0\n", encoding="utf-8")
    given = {"studies": tmp_path / "studies", "labels": tmp_path / "labels.csv"}
    with pytest.raises(ValueError, match=r"labels without a study: 1; studies without labels: 1; study 1: "):
        calibrate(options(paths, tmp_path, **given))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensitivity": 2.0}, "--sensitivity: 2 is not between 0 and 1"),
        ({"false_flags": -1.0}, "--false-flags: -1 is not between 0 and 1"),
        ({"studies": Path("nowhere")}, "--studies: nowhere is no folder"),
        ({"out": Path(__file__)}, "exists already"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_read(
    tmp_path: Path, paths: ArtifactPaths, change: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, OSError), match=message):
        calibrate(options(paths, tmp_path, **change))
