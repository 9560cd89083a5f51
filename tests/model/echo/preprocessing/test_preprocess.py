from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import best_window, crop, frames_needed, prepare_clip
from model.echo.preprocessing.preprocessing_config import (
    ECHOPRIME,
    EchoPreprocessing,
    Quality,
    echoscribe_preprocessing,
)
from model.echo.preprocessing.sector import look_at, sector_of
from model.echo.preprocessing.windows import WindowScore
from model.echo.sector_geometry.pictures import Shown, centre_box, shown_of
from model.errors import ClipRejected
from model.study import Clip, SkipReason, Source
from scripts.reference.published_pipeline import preprocessed
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.modalities.echo.warm_up import warm_up_clips
from tests.model.echo.noise_clips import NOISE, in_sector
from tests.model.echo.sector_clips import SCENES, Scene, render, scaled
from tests.reference import MY_HEART

CPU = torch.device("cpu")
SMALL = echoscribe_preprocessing(112)
EVERY_FRAME = ECHOPRIME.model_copy(update={"mask_frames": "all"})  # the published mask, the sampled one's slow twin


def clip_of(frames: NDArray[np.uint8], source: str = "video", **fields: object) -> Clip:
    given = {"frame_rate_hz": 30.0, "frames_total": len(frames), **fields}
    return Clip(1, "0" * 64, source, np.ascontiguousarray(frames), **given)  # type: ignore[arg-type]  # given by name


def heart(**changes: object) -> Clip:
    # Types: given by name.
    return clip_of(render(replace(scaled(SCENES["phased"], 0.5), **changes)).frames_rgb)  # type: ignore[arg-type]  # fields by name


def rejection(clip: Clip, config: EchoPreprocessing = SMALL) -> SkipReason:
    with pytest.raises(ClipRejected) as rejected:
        prepare_clip(clip, config, CPU)
    return rejected.value.reason


def shown(clip: Clip, frames: torch.Tensor, config: EchoPreprocessing) -> Shown:
    return shown_of(clip, frames, config)


@pytest.mark.parametrize("source", ["dicom", "video"])
@pytest.mark.parametrize("frames", [40, 20, 3])
@pytest.mark.parametrize("size", [(240, 320), (217, 318), (300, 221)])
def test_the_published_profile_equals_the_slow_twin(source: str, frames: int, size: tuple[int, int]) -> None:
    scene = Scene(*size, (size[1] / 2, 12), -38, 38, 0, 190, frames=frames, colour=True, text="none", ecg="none")
    clip = clip_of(render(scene).frames_rgb, source)
    ours = prepare_clip(clip, EVERY_FRAME, CPU).model_input
    theirs = preprocessed(clip.frames_rgb, source)  # type: ignore[arg-type]  # given by name
    grey = (ours - theirs).abs() * torch.tensor(ECHOPRIME.std).view(3, 1, 1, 1)
    assert grey.mean() < 0.01
    assert grey.max() < 1.5  # a rounding either way
    if frames < 31:
        assert not ours[:, (frames + 1) // 2 :].any()


def thinned(clip: Clip, config: EchoPreprocessing) -> Clip:
    """The clip as a reader brings it that decodes what is needed and nothing else."""
    numbers = frames_needed(clip.length, clip.frame_rate_hz, clip.source, config)
    kept = np.ascontiguousarray(clip.frames_rgb[list(numbers)])
    return replace(clip, frames_rgb=kept, frame_numbers=numbers, frames_readable=clip.length)


@pytest.mark.parametrize("config", [ECHOPRIME, EVERY_FRAME, SMALL], ids=["sampled", "every frame", "echoscribe"])
@pytest.mark.parametrize("source", ["dicom", "video"])
@pytest.mark.parametrize(("frames", "rate"), [(9, 30.0), (16, 30.0), (24, 25.0), (70, 30.0), (90, 61.5)])
def test_what_is_needed_gives_the_same_input_as_every_frame(
    config: EchoPreprocessing, source: str, frames: int, rate: float
) -> None:
    clip = replace(clip_of(heart(frames=frames).frames_rgb, source), frame_rate_hz=rate)
    few = thinned(clip, config)
    whole, ours = prepare_clip(clip, config, CPU), prepare_clip(few, config, CPU)
    assert torch.equal(whole.model_input, ours.model_input)
    assert torch.equal(whole.view_input, ours.view_input)
    assert whole.start_frame == ours.start_frame
    assert len(few.frames_rgb) < frames or frames < 25 or (config is EVERY_FRAME and source == "dicom")


@pytest.mark.parametrize(("frames", "rate"), [(24, 25.0), (70, 30.0), (90, 61.5)])
def test_the_fan_found_in_the_frames_that_are_read_is_that_of_all(frames: int, rate: float) -> None:
    clip = replace(heart(frames=frames), frame_rate_hz=rate)
    pixels = torch.from_numpy(clip.frames_rgb)
    every = sector_of(look_at(pixels), clip.sector_box)
    assert every is not None
    mask = shown(clip, pixels, SMALL).mask
    assert mask is not None
    found = mask.numpy()
    assert (found & every.mask).sum() >= 0.98 * (found | every.mask).sum()


@given(st.integers(1, 600), st.none() | st.floats(1, 400), st.sampled_from(["dicom", "video"]))
def test_needed_frames_ascend_within_the_clip(total: int, rate: float | None, source: Source) -> None:
    for config in (ECHOPRIME, SMALL):
        numbers = frames_needed(total, rate, source, config)
        assert list(numbers) == sorted(set(numbers))
        assert 0 <= numbers[0] <= numbers[-1] < total
        assert len(numbers) <= (48 if config is SMALL else 17)
    assert frames_needed(120, 30.0, "dicom", ECHOPRIME) == (*range(0, 31, 2), 119)
    assert frames_needed(120, 30.0, "video", ECHOPRIME) == tuple(range(0, 31, 2))


def test_a_frame_that_was_not_read_cannot_be_asked_for() -> None:
    few = thinned(heart(frames=70), SMALL)
    absent = next(number for number in range(70) if number not in (few.frame_numbers or ()))
    with pytest.raises(ValueError, match=f"frame {absent} .* was not read"):
        few.rows_of([absent])


@pytest.mark.parametrize("name", ["phased", "wide", "off centre"])
@pytest.mark.parametrize("frames", [33, 80])
def test_the_sampled_mask_overlaps_the_mask_of_every_frame(name: str, frames: int) -> None:
    clip = clip_of(render(replace(scaled(SCENES[name], 0.5), frames=frames)).frames_rgb, "dicom")
    pictures = torch.from_numpy(clip.frames_rgb)
    sampled, published = (shown(clip, pictures, config).mask for config in (ECHOPRIME, EVERY_FRAME))
    assert sampled is not None
    assert published is not None
    assert (sampled & published).sum() >= 0.98 * (sampled | published).sum()


def test_the_published_profile_fails_closed_without_a_mask() -> None:
    still = np.repeat(heart().frames_rgb[:1], 20, axis=0)
    assert rejection(clip_of(still, "dicom"), ECHOPRIME) is SkipReason.SECTOR_NOT_FOUND


def test_crops_follow_the_published_rounding() -> None:
    assert centre_box(600, 800, 0.1) == (160, 60, 640, 540)
    assert centre_box(480, 640, 0.0) == (80, 0, 560, 480)
    assert centre_box(301, 300, 0.1) == (30, 30, 270, 271)  # round(0.5) = 0: no margin, cut truncated


def test_the_corrected_profile_shows_a_centred_sector_and_nothing_beside_it() -> None:
    clip = render(SCENES["off centre"])
    prepared = prepare_clip(clip_of(clip.frames_rgb), SMALL, CPU)
    assert prepared.model_input.shape == (3, 16, 112, 112)
    assert prepared.view_input.shape == (3, 3, 112, 112)
    grey = prepared.model_input[0].amax(0) * SMALL.std[0] + SMALL.mean[0]
    columns = torch.nonzero(grey.amax(0) > 12).flatten()
    assert abs(int(columns[0]) + int(columns[-1]) - 111) <= 4


def test_the_corrected_profile_masks_both_sources_and_keeps_rgb() -> None:
    frames = render(SCENES["wide"]).frames_rgb
    video = prepare_clip(clip_of(frames), SMALL, CPU).model_input
    dicom = prepare_clip(clip_of(frames, "dicom"), SMALL, CPU).model_input
    assert torch.equal(video, dicom)


def test_the_same_heart_at_twice_the_frame_rate_gives_the_same_pictures() -> None:
    slow = heart(frames=40, beat_frames=28.0, floor=0)
    fast = heart(frames=80, beat_frames=56.0, floor=0)
    fast = replace(fast, frame_rate_hz=60.0)
    one = replace_windows(SMALL)
    ours, theirs = prepare_clip(slow, one, CPU).model_input, prepare_clip(fast, one, CPU).model_input
    assert (ours - theirs).abs().mean() * SMALL.std[0] < 1


def replace_windows(config: EchoPreprocessing) -> EchoPreprocessing:
    return config.model_copy(update={"windows": 1})


def test_a_short_clip_holds_its_last_frame() -> None:
    prepared = prepare_clip(heart(frames=16), SMALL, CPU)
    assert torch.equal(prepared.model_input[:, 8], prepared.model_input[:, 15])
    assert prepared.model_input[:, 15].max() > 0


def test_too_few_frames_are_refused_with_both_numbers() -> None:
    with pytest.raises(ClipRejected, match="5 frames, at least 8") as rejected:
        prepare_clip(heart(frames=5), SMALL, CPU)
    assert rejected.value.reason is SkipReason.TOO_SHORT


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("where", ["whole picture", "in a sector", "declared free of text"])
def test_noise_is_never_used(kind: str, where: str) -> None:
    frames = NOISE[kind](np.random.default_rng(7))
    clip = clip_of(in_sector(frames) if where == "in a sector" else frames, "dicom")
    if where == "declared free of text":
        clip = replace(clip, text_declared_absent=True)
    reason = rejection(clip)
    coloured = {SkipReason.WRONG_COLOURS} if kind == "coloured" else set[SkipReason]()
    assert reason in {SkipReason.NO_CONTACT, SkipReason.STATIC, SkipReason.SECTOR_NOT_FOUND} | coloured
    assert where != "declared free of text" or reason is not SkipReason.SECTOR_NOT_FOUND


def test_a_clip_that_stands_still_says_so() -> None:
    assert rejection(clip_of(np.repeat(heart().frames_rgb[:1], 40, axis=0))) is SkipReason.STATIC


def test_without_a_sector_only_a_declared_absence_of_text_lets_a_clip_through() -> None:
    frames = render(scaled(SCENES["phased"], 0.5)).frames_rgb[:, 90:170, 110:210]  # tissue from edge to edge
    assert rejection(clip_of(frames, "dicom")) is SkipReason.SECTOR_NOT_FOUND
    assert prepare_clip(clip_of(frames, "dicom", text_declared_absent=True), SMALL, CPU).start_frame >= 0


def test_the_window_with_contact_is_chosen() -> None:
    beating = heart(frames=96)
    frames = beating.frames_rgb.copy()
    air = render(replace(scaled(SCENES["phased"], 0.5), gain=0.0, floor=20, frames=40)).frames_rgb
    frames[:32], frames[64:] = air[:32], air[:32]
    assert prepare_clip(replace(beating, frames_rgb=frames), SMALL, CPU).start_frame == 32


def test_the_earliest_of_equal_windows_wins_and_motion_counts_only_up_to_enough() -> None:
    quality = Quality()
    swept = WindowScore(20, 0.9, 50)
    assert best_window([WindowScore(20, 0.9, 3), swept, swept], quality) == 0
    assert best_window([WindowScore(20, 0.9, 0.5), swept], quality) == 1


def test_a_crop_beyond_the_picture_is_black() -> None:
    frames = torch.full((2, 40, 60, 3), 9, dtype=torch.uint8)
    clip = clip_of(frames.numpy())
    wider = replace(shown(clip, frames, ECHOPRIME), box=(-5, -2, 65, 45))
    part = crop(frames, torch.tensor([1]), wider)
    assert part.shape == (1, 47, 70, 3)
    assert int(part.sum()) == 9 * 40 * 60 * 3


def test_read_only_frames_and_the_service_s_warm_up_clip_are_read() -> None:
    (clip,) = warm_up_clips()
    clip.frames_rgb.flags.writeable = False
    assert prepare_clip(clip, SMALL, CPU).model_input.isfinite().all()


@pytest.mark.shared
def test_all_nine_real_clips_are_decided_and_the_late_heart_is_found() -> None:
    starts = {}
    for path in sorted(MY_HEART.glob("*.mp4")):
        with open_study([path], IngestLimits()) as study:
            (clip,) = study.read()
        assert isinstance(clip, Clip)
        starts[path.stem] = prepare_clip(clip, SMALL, CPU).start_frame
    assert len(starts) == 9
    assert starts["SDX000052"] > 0  # it shows almost nothing at its start
