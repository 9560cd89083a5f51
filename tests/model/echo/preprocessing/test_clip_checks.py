"""Enough different frames in a window, and colours that can be right."""

import numpy as np
import pytest

from model.echo.preprocessing.clip_checks import check_frames, check_window
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, EchoPreprocessing, echoscribe_preprocessing
from model.echo.preprocessing.windows import frames_covered, windows_of
from model.errors import ClipRejected
from model.study import Clip, SkipReason
from tests.ultrasound_pictures import fan_frames

CONFIG = echoscribe_preprocessing(32)


def _clip(frames: np.ndarray, rate: float | None = 30.0) -> Clip:
    return Clip(1, "0" * 64, "dicom", frames, rate, len(frames), frame_rate_source="frame_time" if rate else "assumed")


def _check(clip: Clip, config: EchoPreprocessing = CONFIG) -> None:
    check_frames(clip, config)
    check_window(clip, windows_of(clip.length, clip.frame_rate_hz, config)[0], config)


@pytest.mark.parametrize(
    ("total", "rate", "covered"),
    [(24, 30.0, 24), (60, 30.0, 31), (60, 60.0, 60), (200, 60.0, 61), (24, 1.0, 2), (60, 5.0, 6), (60, None, 31)],
)
def test_frames_in_the_time_of_a_window(total: int, rate: float | None, covered: int) -> None:
    assert frames_covered(total, rate, CONFIG) == covered


@pytest.mark.parametrize(("rate", "is_enough"), [(1.0, False), (5.0, False), (8.0, True), (30.0, True), (None, True)])
def test_a_slow_clip_shows_too_few_frames_in_a_window(rate: float | None, is_enough: bool) -> None:
    clip = _clip(fan_frames(60, 40, 48), rate)
    if is_enough:
        _check(clip)
        return
    with pytest.raises(ClipRejected, match="different frames") as rejected:
        _check(clip)
    assert rejected.value.reason is SkipReason.TOO_SHORT


@pytest.mark.parametrize(("repeats", "is_enough"), [(1, True), (2, True), (6, False), (12, False)])
def test_repeated_pictures_count_once(repeats: int, is_enough: bool) -> None:
    clip = _clip(np.repeat(fan_frames(60 // repeats, 40, 48), repeats, axis=0))
    if is_enough:
        _check(clip)
        return
    with pytest.raises(ClipRejected, match="different frames"):
        _check(clip)


def test_colours_that_cannot_be_right_are_refused() -> None:
    frames = fan_frames(20, 40, 48)
    frames[..., 1:] = np.maximum(frames[..., 1:], 128)
    with pytest.raises(ClipRejected) as rejected:
        _check(_clip(frames))
    assert rejected.value.reason is SkipReason.WRONG_COLOURS


def test_the_published_profile_looks_at_neither() -> None:
    frames = fan_frames(2, 40, 48)
    frames[..., 1:] = np.maximum(frames[..., 1:], 128)
    _check(_clip(frames, 1.0), ECHOPRIME)
