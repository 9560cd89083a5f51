"""End-diastoles and end-systoles of curves whose beats are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.echo.tracing.beats import find_beats

STEP_S = 1 / 15


def curve(rate_bpm: float, seconds: float, start: float = 0.0, fraction: float = 0.4) -> np.ndarray:
    """Areas that fall for a third of each beat and rise again."""
    phase = (np.arange(0, seconds, STEP_S) * rate_bpm / 60 + start) % 1
    fall = np.where(
        phase < 0.35, 0.5 - 0.5 * np.cos(np.pi * phase / 0.35), 0.5 + 0.5 * np.cos(np.pi * (phase - 0.35) / 0.65)
    )
    return np.asarray(1000 * (1 - fraction * fall))


def test_every_beat_of_a_long_clip_is_found() -> None:
    beats = find_beats(curve(60, 4.0), STEP_S)
    assert len(beats) == 4
    assert [beat.end_systole for beat in beats] == pytest.approx([5, 20, 35, 50], abs=1)
    assert all(beat.end_diastole < beat.end_systole for beat in beats[1:])


@given(st.floats(45, 130), st.floats(0, 1), st.floats(0.1, 0.6))
def test_a_window_of_a_second_holds_a_beat(rate: float, start: float, fraction: float) -> None:
    sizes = curve(rate, 1.3, start, fraction)
    beats = find_beats(sizes, STEP_S)
    assert beats
    for beat in beats:
        assert sizes[beat.end_systole] < sizes[beat.end_diastole]


def test_what_hardly_changes_has_no_beat() -> None:
    rng = np.random.default_rng(0)
    assert find_beats(1000 + rng.normal(0, 3, 30), STEP_S) == ()
    assert find_beats(np.zeros(30), STEP_S) == ()


def test_a_clip_that_ends_while_the_ventricle_empties_has_no_beat_there() -> None:
    sizes = np.concatenate([curve(60, 1.0), curve(60, 0.25)])
    beats = find_beats(sizes, STEP_S)
    assert [beat.end_systole for beat in beats] == pytest.approx([5], abs=1)


def test_a_clip_that_ends_at_end_systole_has_its_beat() -> None:
    sizes = curve(60, 1.4)
    assert find_beats(sizes, STEP_S)[-1].end_systole == len(sizes) - 1
