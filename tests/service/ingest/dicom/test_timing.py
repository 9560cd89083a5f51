"""Which of several statements about time is the frame rate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.dicom.timing import FRAME_TIME, FRAME_TIME_VECTOR, Timing, frame_rate_of, increment_ms
from tests import dicom_files as make
from tests.service.ingest.reading import read_clip

GREY = np.ascontiguousarray(make.moving_frames(12)[..., 0])
VECTOR = [0.0, *[36.1] * 11]
_NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))


@pytest.mark.parametrize(
    ("tags", "hertz", "source"),
    [
        ({"FrameTime": 20.0}, 50, "frame_time"),
        ({"FrameTime": 1000.0, "FrameTimeVector": VECTOR, "FrameIncrementPointer": FRAME_TIME_VECTOR}, 27.7,
         "frame_time_vector"),
        ({"FrameTime": 25.0, "FrameTimeVector": VECTOR, "FrameIncrementPointer": FRAME_TIME_VECTOR}, 27.7,
         "frame_time_vector"),
        ({"FrameTime": 25.0, "FrameTimeVector": VECTOR, "FrameIncrementPointer": FRAME_TIME}, 40, "frame_time"),
        ({"FrameTime": 25.0, "FrameTimeVector": VECTOR, "FrameIncrementPointer": [FRAME_TIME, FRAME_TIME_VECTOR]}, 40,
         "frame_time"),
        ({"FrameTime": 1000.0, "FrameTimeVector": VECTOR}, 27.7, "frame_time_vector"),
        ({"FrameTime": 1000.0, "FrameTimeVector": VECTOR, "FrameIncrementPointer": FRAME_TIME}, 27.7,
         "frame_time_vector"),
        ({"FrameTime": 33.3, "FrameIncrementPointer": FRAME_TIME_VECTOR}, 30, "frame_time"),
        ({"FrameTime": 1000.0, "CineRate": 30}, 30, "cine_rate"),
        ({"FrameTime": 0.033, "CineRate": 30}, 30, "cine_rate"),
        ({"FrameTime": 1.0, "CineRate": 30}, 30, "cine_rate"),
        ({"FrameTime": 1000.0}, 1, "frame_time"),
        ({"FrameTime": 1000.0, "CineRate": 1}, 1, "frame_time"),
        ({"FrameTime": None, "ActualFrameDuration": 40}, 25, "actual_frame_duration"),
        ({"FrameTime": None, "EffectiveDuration": 0.5}, 24, "effective_duration"),
        ({"FrameTime": None, "EffectiveDuration": 500}, None, "assumed"),
        ({"FrameTime": None, "RecommendedDisplayFrameRate": 40}, 40, "recommended_display_frame_rate"),
        ({"FrameTime": None, "CineRate": 25, "RecommendedDisplayFrameRate": 40}, 25, "cine_rate"),
        ({"FrameTime": None, "FrameTimeVector": [0.0, *[30.0] * 9, 3000.0, 30.0]}, 33.33, "frame_time_vector"),
        ({"FrameTime": None, "FrameTimeVector": [40.0 * step for step in range(12)]}, 25, "frame_time_vector"),
        ({"FrameTime": None, "FrameTimeVector": [0.0] * 12, "CineRate": 20}, 20, "cine_rate"),
        ({"FrameTime": None}, None, "assumed"),
        ({"FrameTime": 0.0, "CineRate": 0}, None, "assumed"),
    ],
    ids=str,
)  # fmt: skip
def test_the_rate_and_where_it_was_found(
    tmp_path: Path, tags: dict[str, Any], hertz: float | None, source: str
) -> None:
    clip = read_clip(make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags))
    assert clip.frame_rate_hz == (None if hertz is None else pytest.approx(hertz, rel=2e-3))
    assert clip.frame_rate_source == source


def test_a_rate_of_the_stored_frames_not_the_stated_ones(tmp_path: Path) -> None:
    tags: dict[str, Any] = {"FrameTime": None, "EffectiveDuration": 0.5, "NumberOfFrames": None}
    path = make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags)
    assert read_clip(path).frame_rate_hz == pytest.approx(24)


@given(
    st.lists(st.integers(0, 2**32 - 1), max_size=3), _NUMBERS, st.lists(st.floats(), max_size=6), _NUMBERS, _NUMBERS,
    st.integers(1, 1000),
)  # fmt: skip
def test_any_statements_give_a_plausible_rate_or_none(
    pointer: list[int],
    milliseconds: float | None,
    vector: list[float],
    seconds: float | None,
    hertz: float | None,
    frames: int,
) -> None:
    timing = Timing(tuple(pointer), milliseconds, tuple(vector), milliseconds, seconds, hertz, hertz)
    rate, source = frame_rate_of(timing, frames)
    assert (rate is None) == (source == "assumed")
    assert rate is None or 1 <= rate <= 500


@given(st.floats(1, 1000), st.integers(3, 30))
def test_increments_and_times_since_the_first_frame_mean_the_same(step: float, count: int) -> None:
    assert increment_ms((0.0, *[step] * count)) == pytest.approx(step)
    assert increment_ms(tuple(step * number for number in range(count + 1))) == pytest.approx(step)
