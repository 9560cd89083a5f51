import numpy as np
import pytest
import torch

from model.echo.preprocessing.preprocessing_config import ECHOPRIME, Quality, echoscribe_preprocessing
from model.echo.preprocessing.windows import SCORE_SIZE, WindowScore, reduced, scores, windows_of

CONFIG = echoscribe_preprocessing(112)


@pytest.mark.parametrize("rate", [15.0, 30.0, 60.0, 47.3, 120.0])
def test_a_window_covers_the_same_time_at_any_frame_rate(rate: float) -> None:
    (first, *_) = windows_of(1000, rate, CONFIG)
    seconds = np.array(first.present) / rate
    assert np.allclose(np.diff(seconds), 2 / 30, atol=1.0 / rate + 1e-9)
    assert seconds[-1] == pytest.approx(1.0, abs=1 / rate)


def test_an_unknown_frame_rate_counts_frames() -> None:
    assert windows_of(31, None, CONFIG)[0].frames == tuple(range(0, 32, 2))


def test_three_windows_lie_evenly_over_the_clip() -> None:
    windows = windows_of(93, 30.0, CONFIG)
    assert [window.start for window in windows] == [0, 31, 62]
    assert windows[-1].frames[-1] == 92


def test_a_short_clip_has_one_window_and_lacks_its_last_frames() -> None:
    (window,) = windows_of(20, 30.0, CONFIG)
    assert window.present == tuple(range(0, 20, 2))
    assert window.frames[10:] == (None,) * 6


def test_the_published_profile_reads_the_first_32_frames_at_any_rate() -> None:
    for rate in (None, 15.0, 90.0):
        assert [window.frames for window in windows_of(500, rate, ECHOPRIME)] == [tuple(range(0, 32, 2))]


def _scores(pictures: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> WindowScore:
    side = SCORE_SIZE
    depth = torch.arange(side).float()[:, None].expand(side, side) / side
    return WindowScore(*scores(torch.from_numpy(pictures).float()[None], torch.ones(side, side), depth)[0].tolist())


def test_noise_has_no_contact_a_moving_structure_has_both_and_a_still_one_no_motion() -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SCORE_SIZE, :SCORE_SIZE]
    quality = Quality()
    noise = _scores(60 + 40 * random.standard_normal((16, SCORE_SIZE, SCORE_SIZE)))
    beat = [30 + 80 * np.exp(-(((np.hypot(x - 32, y - 44) - 10 - 3 * np.sin(t / 2)) / 2) ** 2)) for t in range(16)]
    moving, still = _scores(np.stack(beat)), _scores(np.stack(beat[:1] * 16))
    assert not noise.touches(quality)
    assert moving.touches(quality)
    assert moving.moves(quality)
    assert still.touches(quality)
    assert not still.moves(quality)


def test_a_profile_of_depth_alone_is_no_contact() -> None:
    y = np.mgrid[:SCORE_SIZE, :SCORE_SIZE][0]
    score = _scores(np.repeat((200 - 3.0 * y)[None], 16, axis=0))
    assert not score.touches(Quality())


def test_pixels_outside_the_mask_do_not_dilute_the_means() -> None:
    mask = torch.zeros(128, 128, dtype=torch.uint8)
    mask[:, :63] = 1
    pictures, share = reduced(80 * mask[None], mask)
    assert torch.allclose(pictures[0, :, :31], torch.tensor(80.0))
    assert share[0, 31] == 0.5
