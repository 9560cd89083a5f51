"""The composer, run on the invented modality: nothing in it may know that a study is an echo."""

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.device import choose_placement
from model.embeddings import PreparedAcquisition
from model.errors import ClipRejected
from model.study import AcquisitionReader, Clip, ClipWarning, SkippedClip, SkipReason
from service.answer.text.retrieved_report import FOREIGN_NUMBER
from service.artifacts import load_pipeline
from service.clip_preparation import CLIPS_AT_ONCE
from service.errors import InvalidNeighbours, ModeUnavailable
from service.pipeline import ReportPipeline
from service.run_options import Progress, RunOptions
from service.schemas import ReportDocument, SectionOut
from tests.toy_modality import TOY, ToyModality, toy_clip, write_toy

BRIGHT, DARK = (250, 200, 240), (9, 5, 2)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> ReportPipeline:
    paths = write_toy(tmp_path_factory.mktemp("toy"))
    return load_pipeline(paths, choose_placement("cpu"))


def section(answer: ReportDocument, name: str) -> SectionOut:
    return next(found for found in answer.sections if found.name == name)


def test_a_study_becomes_a_document_with_every_section_and_phenotype(pipeline: ReportPipeline) -> None:
    answer = pipeline.run([toy_clip(1, BRIGHT), toy_clip(2, DARK)])
    assert [found.name for found in answer.sections] == list(TOY.sections)
    assert list(answer.phenotypes) == list(TOY.phenotype_names)
    assert answer.mode == "retrieval"
    assert [clip.view for clip in answer.clips] == ["bright", "dark"]
    assert answer.provenance["candidates"] == 60
    assert {"read", "prepare", "encode", "pool", "retrieve", "vote", "write"} == set(answer.stage_seconds)


def test_the_same_clips_twice_give_equal_answers_but_for_id_and_times(pipeline: ReportPipeline) -> None:
    clips = [toy_clip(1, BRIGHT), toy_clip(2, DARK)]
    first, second = pipeline.run(clips), pipeline.run(clips)
    varying = {"study_id", "created", "stage_seconds"}
    assert first.model_dump(exclude=varying) == second.model_dump(exclude=varying)
    assert first.study_id != second.study_id


def test_a_section_whose_views_are_missing_is_not_assessed(pipeline: ReportPipeline) -> None:
    answer = pipeline.run([toy_clip(1, DARK)])
    colour = section(answer, "Colour")
    assert (colour.assessed, colour.text, colour.neighbours) == (False, "", [])
    assert colour.reason == "no_clip_of_an_informative_view"
    assert answer.phenotypes["hue"].reason == "section_not_assessed"
    assert section(answer, "Brightness").assessed


def test_unknown_is_null_with_a_reason(pipeline: ReportPipeline) -> None:
    hue = pipeline.run([toy_clip(1, BRIGHT)]).phenotypes["hue"]
    assert (hue.value, hue.p10, hue.labelled, hue.reason) == (None, None, 0, "not_labelled_in_bank")


def test_a_threshold_decides_and_only_where_there_is_one(pipeline: ReportPipeline) -> None:
    phenotypes = pipeline.run([toy_clip(1, BRIGHT)]).phenotypes
    bright = phenotypes["is_bright"]
    assert bright.value is not None
    assert bright.positive is (bright.value >= 0.5)
    assert phenotypes["hue"].positive is None


def test_a_candidate_far_away_is_found_when_only_it_has_the_section(pipeline: ReportPipeline) -> None:
    answer = pipeline.run([toy_clip(1, BRIGHT)], RunOptions(neighbours=1, depth=1))
    assert section(answer, "Colour").text == "The colour is warm."
    assert section(answer, "Colour").sentences[0].candidate_ids == [59]


def test_numbers_of_a_candidate_are_marked_as_another_patients(pipeline: ReportPipeline) -> None:
    answer = pipeline.run([toy_clip(1, BRIGHT)])
    assert FOREIGN_NUMBER in section(answer, "Brightness").text
    assert "numbers_of_another_patient" in {warning.code for warning in answer.warnings}


def test_without_any_usable_clip_nothing_is_assessed_and_the_answer_says_so(pipeline: ReportPipeline) -> None:
    skipped = SkippedClip(1, "0" * 64, SkipReason.STILL_IMAGE, "One frame.")
    answer = pipeline.run([skipped])
    assert not any(found.assessed for found in answer.sections)
    assert all(found.value is None for found in answer.phenotypes.values())
    assert "no_usable_clip" in {warning.code for warning in answer.warnings}
    assert (answer.clips[0].used, answer.clips[0].skipped, answer.clips[0].detail) == (
        False,
        "still_image",
        "One frame.",
    )


class Refusing(ToyModality):
    """A modality that refuses dark clips."""

    def prepare(self, clip: Clip) -> Sequence[PreparedAcquisition | SkippedClip]:
        if clip.frames_rgb.mean() < 50:
            raise ClipRejected(SkipReason.NO_CONTACT, "Nothing to see.")
        return super().prepare(clip)


def test_a_rejected_clip_is_skipped_and_the_others_count(tmp_path: Path) -> None:
    pipeline = load_pipeline(write_toy(tmp_path), choose_placement("cpu"), build=lambda *_: Refusing())
    answer = pipeline.run([toy_clip(1, DARK), toy_clip(2, BRIGHT)])
    assert [(clip.used, clip.skipped) for clip in answer.clips] == [(False, "no_contact"), (True, None)]


def test_clips_are_read_side_by_side_and_answered_in_order(pipeline: ReportPipeline) -> None:
    assert CLIPS_AT_ONCE > 1 or os.cpu_count() == 1
    meeting, lock, under_way = threading.Barrier(CLIPS_AT_ONCE), threading.Lock(), [0, 0]
    clips = [toy_clip(position, BRIGHT if position % 2 else DARK) for position in range(1, 1 + 3 * CLIPS_AT_ONCE)]

    def reader(clip: Clip) -> AcquisitionReader:
        def read() -> Clip:
            with lock:
                under_way[0] += 1
                under_way[1] = max(under_way)
            meeting.wait(20)
            with lock:
                under_way[0] -= 1
            return clip

        return read

    answer = pipeline.run(reader(clip) for clip in clips)
    assert under_way[1] == CLIPS_AT_ONCE
    varying = {"study_id", "created", "stage_seconds"}
    assert answer.model_dump(exclude=varying) == pipeline.run(clips).model_dump(exclude=varying)


def test_what_reading_raises_ends_the_study_and_no_clip_is_read_after_it(pipeline: ReportPipeline) -> None:
    read: list[int] = []

    def reader(number: int) -> AcquisitionReader:
        def take() -> Clip:
            read.append(number)
            if number == 2:
                raise OSError("the disk is gone")
            return toy_clip(number, BRIGHT)

        return take

    with pytest.raises(OSError, match="the disk is gone"):
        pipeline.run(reader(number) for number in range(1, 100))
    reported = len(read)
    assert reported <= 3 + CLIPS_AT_ONCE
    pipeline.run([toy_clip(1, BRIGHT)])  # the threads are free again
    assert len(read) == reported


def test_a_clip_that_was_not_read_to_its_end_is_named(pipeline: ReportPipeline) -> None:
    clip = toy_clip(3, BRIGHT)
    longer = Clip(3, clip.sha256, "video", clip.frames_rgb, 30.0, frames_total=900)
    warnings = {warning.code: warning.text for warning in pipeline.run([longer]).warnings}
    assert "3" in warnings["clip_not_read_to_its_end"]


def test_the_answer_says_the_frame_rate_its_source_and_what_was_noticed(pipeline: ReportPipeline) -> None:
    timed = replace(toy_clip(1, BRIGHT), frame_rate_source="frame_time")
    noticed = (ClipWarning("frames_left_out", "1 of 3 frames was left out."),)
    untimed = replace(toy_clip(2, DARK), frame_rate_hz=None, warnings=noticed)
    answer = pipeline.run([timed, untimed, SkippedClip(3, "0" * 64, SkipReason.STATIC, "Nothing moves.")])
    rates = [(clip.frame_rate_hz, clip.frame_rate_source) for clip in answer.clips]
    assert rates == [(30.0, "frame_time"), (None, "assumed"), (None, None)]
    told = {warning.code: warning.text for warning in answer.warnings}
    assert told["frames_left_out"] == "Clip 2: 1 of 3 frames was left out."
    assert told["frame_rate_assumed"].startswith("Clips 2 ")


def test_what_the_bundle_cannot_do_is_refused_before_a_clip_is_read(pipeline: ReportPipeline) -> None:
    def never() -> object:
        raise AssertionError("a clip was read")
        yield

    with pytest.raises(ModeUnavailable, match="`echoscribe train decoder --bundle B --bank K --out B2`"):
        pipeline.run(never(), RunOptions(mode="rag"))  # type: ignore[arg-type]  # given by name
    for k in (0, 61):
        with pytest.raises(InvalidNeighbours, match=rf"1\.\.60, not {k}"):
            pipeline.run(never(), RunOptions(neighbours=k))  # type: ignore[arg-type]  # given by name


def test_progress_is_told_per_clip_and_stage(pipeline: ReportPipeline) -> None:
    steps: list[Progress] = []
    pipeline.run([toy_clip(1, BRIGHT), toy_clip(2, DARK)], progress=steps.append)
    assert [step.stage for step in steps] == ["prepare", "prepare", "encode", "retrieve", "write"]
    assert [(step.done, step.total) for step in steps[:2]] == [(1, 2), (2, 2)]


def test_progress_counts_files_and_not_the_pictures_in_them(
    pipeline: ReportPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Progress] = []
    two_pictures = [SkippedClip(1, "0" * 64, SkipReason.UNREADABLE, "no", panel) for panel in (1, 2)]
    monkeypatch.setattr(ToyModality, "prepare", lambda _self, _clip: two_pictures)
    pipeline.prepare([toy_clip(1, BRIGHT), toy_clip(2, DARK)], steps.append)
    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
    pipeline.prepare((clip for clip in [toy_clip(1, BRIGHT)]), steps.append)
    assert (steps[-1].done, steps[-1].total) == (1, 0)  # how many follow is not known


def test_an_embedded_study_is_reused_across_reports(pipeline: ReportPipeline) -> None:
    embedded = pipeline.embed([toy_clip(1, BRIGHT)])
    few, many = (pipeline.report(embedded, RunOptions(neighbours=k)) for k in (5, 50))
    assert [n.candidate_id for n in few.sections[0].neighbours] == [
        n.candidate_id for n in many.sections[0].neighbours[:5]
    ]
    assert torch.equal(embedded.sections.assessed, torch.tensor([True, True]))


class InHalves(ToyModality):
    """A modality whose frames hold two pictures, the right one of which may be dark."""

    def prepare(self, clip: Clip) -> Sequence[PreparedAcquisition | SkippedClip]:
        halves = [replace(clip, frames_rgb=half) for half in np.array_split(clip.frames_rgb, 2, axis=2)]
        return [picture for number, half in enumerate(halves, start=1) for picture in self._half(half, number)]

    def _half(self, clip: Clip, number: int) -> Sequence[PreparedAcquisition | SkippedClip]:
        if clip.frames_rgb.mean() < 50:
            return [SkippedClip(clip.position, clip.sha256, SkipReason.STATIC, "dark", number)]
        (prepared,) = super().prepare(clip)
        assert isinstance(prepared, PreparedAcquisition)
        return [replace(prepared, panel=number)]


def test_two_pictures_of_one_file_are_two_clips_that_the_answer_tells_apart(tmp_path: Path) -> None:
    pipeline = load_pipeline(write_toy(tmp_path), choose_placement("cpu"), build=lambda *_: InHalves())
    clip = toy_clip(1, BRIGHT)
    half_dark = toy_clip(2, BRIGHT)
    half_dark.frames_rgb[:, :, 2:] = 0
    answer = pipeline.run([clip, half_dark])
    told = [(each.clip, each.panel, each.used) for each in answer.clips]
    assert told == [(1, 1, True), (1, 2, True), (2, 1, True), (2, 2, False)]
    weights = {(share.clip, share.panel) for section in answer.sections for share in section.views}
    assert weights == {(1, 1), (1, 2), (2, 1)}
