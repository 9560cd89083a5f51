"""The whole path with the shipped bundle: real clips, and what must change when the clips change."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from index.phenotype_vote import NOT_SHOWN
from model.device import choose_placement
from service.answer.encoded_study import EncodedStudy
from service.artifacts import ArtifactPaths, load_pipeline
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.pipeline import ReportPipeline
from service.renderings.page_words import ENGLISH
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.settings import shipped_bank, shipped_bundle
from tests.reference import MY_HEART

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))


@pytest.fixture(scope="module")
def pipeline() -> ReportPipeline:
    return load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu"))


def embedded(pipeline: ReportPipeline, paths: Sequence[Path]) -> EncodedStudy:
    with open_study(list(paths), IngestLimits()) as study:
        return pipeline.embed(study.read())


def answered(pipeline: ReportPipeline, paths: Sequence[Path]) -> ReportDocument:
    return pipeline.report(embedded(pipeline, paths), RunOptions())


def neighbours(answer: ReportDocument) -> list[list[int]]:
    return [[found.candidate_id for found in section.neighbours] for section in answer.sections]


def write_mp4(path: Path, frames_rgb: NDArray[np.uint8]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = frames_rgb.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames_rgb:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def noises(rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """uint8 (40, 240, 320, 3) each: uniform, Gaussian, salt and pepper, still, blurred in time."""
    shape = (40, 240, 320, 3)
    yield rng.integers(0, 256, shape, dtype=np.uint8)
    yield np.clip(rng.normal(110, 50, shape), 0, 255).astype(np.uint8)
    yield np.where(rng.random(shape) < 0.1, 255, 0).astype(np.uint8)
    yield np.repeat(rng.integers(0, 256, (1, *shape[1:]), dtype=np.uint8), shape[0], axis=0)
    walk = rng.normal(0, 12, shape).cumsum(axis=0)
    yield np.clip(128 + walk, 0, 255).astype(np.uint8)


def assert_known_where_assessed(answer: ReportDocument) -> None:
    """One clip tells something; a phenotype has a value where its section was assessed and a clip shows it."""
    assessed = {section.name: section.assessed for section in answer.sections}
    assert any(assessed.values())
    for row in answer.phenotypes.values():
        shown = row.reason != NOT_SHOWN
        assert (row.value is not None) == (assessed[row.section] and shown)


def test_one_real_clip_is_a_study(pipeline: ReportPipeline) -> None:
    answer = answered(pipeline, [CINE])
    assert answer.clips[0].used
    assert len(answer.sections) == 15
    assert_known_where_assessed(answer)
    json.loads(answer.model_dump_json(), parse_constant=lambda name: pytest.fail(f"{name} in the answer"))


def test_sentences_say_where_they_come_from(pipeline: ReportPipeline) -> None:
    sentences = [sentence for section in answered(pipeline, [CINE]).sections for sentence in section.sentences]
    assert sentences
    for sentence in sentences:
        assert bool(sentence.candidate_ids) == (sentence.source != "generated")


def test_an_estimated_number_is_marked_in_text_and_told(pipeline: ReportPipeline) -> None:
    answer = answered(pipeline, [CINE])
    sentences = [sentence for section in answer.sections for sentence in section.sentences]
    numbers = [s for s in sentences if any(map(str.isdecimal, s.text)) and s.measured is None]
    shown = sum(section.text.count(ENGLISH.estimated) for section in answer.sections)
    told = sum("estimated" in sentence.text and not sentence.estimated for sentence in numbers)
    assert shown + told == len(numbers)
    assert ("estimated_numbers" in {warning.code for warning in answer.warnings}) == bool(shown)


def test_one_neighbour_is_no_source_of_a_number(pipeline: ReportPipeline) -> None:
    """With k = 1 the estimate is one other patient's label: it may be listed, but the report must not state it."""
    answer = pipeline.report(embedded(pipeline, [CINE]), RunOptions(neighbours=1))
    assert answer.phenotypes["ejection_fraction"].labelled == 1
    stated = [s for section in answer.sections for s in section.sentences if any(map(str.isdecimal, s.text))]
    assert all(sentence.estimated for sentence in stated)


def test_noise_is_refused_and_nothing_is_assessed(pipeline: ReportPipeline, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    clips = [write_mp4(tmp_path / f"{number}.mp4", frames) for number, frames in enumerate(noises(rng))]
    answer = answered(pipeline, clips)
    assert [clip.used for clip in answer.clips] == [False] * len(clips)
    assert not any(section.assessed for section in answer.sections)
    assert all(row.reason == "section_not_assessed" for row in answer.phenotypes.values())


@pytest.mark.shared
def test_nine_real_clips_and_how_they_move_the_answer(pipeline: ReportPipeline) -> None:
    clips = sorted(MY_HEART.glob("*.mp4"))
    whole = embedded(pipeline, clips)
    assert len(whole.used) + len(whole.skipped) == 9
    replaced = embedded(pipeline, [*clips[:-1], CINE])
    assert (whole.sections.vectors - replaced.sections.vectors).abs().max() > 1e-3
    answer, other = (pipeline.report(study, RunOptions()) for study in (whole, embedded(pipeline, [CINE])))
    assert neighbours(answer) != neighbours(other)
    assert answer.warnings[0].code == "study_unlike", "nothing is concluded about a heart that is real"
    assert all(row.value is None for row in answer.phenotypes.values())
    assert any(neighbours(answer))
    assert set(answer.stage_seconds) == {"read", "prepare", "encode", "measure", "pool", "retrieve", "vote", "write"}
