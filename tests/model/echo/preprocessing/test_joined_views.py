"""Two views joined in one file are not read as one; what a heart, a probe or a scanner does in one view is no cut."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.joined_views import cuts_of, of_one_view
from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, echoscribe_preprocessing
from model.study import Clip
from tests.model.echo.sector_clips import SCENES, Scene, render

CONFIG = echoscribe_preprocessing()
ONE = Scene(120, 160, (80, 8), depth=100, text="none", ecg="none", frames=40, motion=2, seed=1)
OTHER = replace(ONE, left_deg=-38, seed=2)


def frames_of(scene: Scene, count: int = 40) -> NDArray[np.uint8]:
    return render(scene).frames_rgb[:count]


def clip_of(frames: NDArray[np.uint8]) -> Clip:
    return Clip(1, "0" * 64, "video", frames, 30.0, len(frames), frame_rate_source="time_stamps")


def test_the_longest_of_joined_views_is_used_and_a_warning_says_so() -> None:
    joined = clip_of(np.concatenate((frames_of(ONE, 32), frames_of(OTHER))))
    prepared = prepare_clip(joined, CONFIG, torch.device("cpu"))
    (warning,) = prepared.warnings
    assert warning.code == "views_joined"
    assert "from about frame 33 on" in warning.text
    assert "frames 33 to 72" in warning.text
    assert prepared.start_frame >= 32
    kept = of_one_view(joined, CONFIG)
    assert np.array_equal(kept.frames_rgb, frames_of(OTHER))


@pytest.mark.parametrize("between", [0, 6])
def test_three_views_and_black_pictures_between_them(between: int) -> None:
    black = np.zeros((between, 120, 160, 3), np.uint8)
    parts = [frames_of(ONE, 20), black, frames_of(OTHER, 20), black, frames_of(replace(ONE, seed=3), 20)]
    found = cuts_of(np.concatenate(parts))
    assert found == ([20, 26, 46, 52] if between else [20, 40])


def at(rate_hz: float, frames: NDArray[np.uint8]) -> Clip:
    return replace(clip_of(frames), frame_rate_hz=rate_hz)


def test_a_part_shorter_than_a_beat_is_none() -> None:
    for frames in ((frames_of(ONE, 5), frames_of(OTHER, 11)), (frames_of(ONE, 11), frames_of(OTHER, 5))):
        clip = at(10.0, np.concatenate(frames))
        assert of_one_view(clip, CONFIG) is clip
    long = at(10.0, np.concatenate((frames_of(ONE, 10), frames_of(OTHER, 5), frames_of(OTHER, 10))))
    assert len(of_one_view(long, CONFIG).frames_rgb) == 15


def test_a_longer_part_in_which_little_is_seen_is_not_taken_for_the_view() -> None:
    air = frames_of(replace(ONE, gain=0.0, floor=20, seed=4, frames=80), 80)
    assert np.array_equal(
        of_one_view(clip_of(np.concatenate((air, frames_of(ONE)))), CONFIG).frames_rgb, frames_of(ONE)
    )


def test_the_length_of_a_part_is_counted_in_frames_of_the_file() -> None:
    frames = np.concatenate((frames_of(ONE, 8), frames_of(OTHER, 8)))
    numbers = tuple(range(0, 80, 5))
    apart = Clip(
        1, "0" * 64, "video", frames, 30.0, 80, frame_rate_source="time_stamps", frame_numbers=numbers,
        frames_readable=80,
    )  # fmt: skip
    assert [len(of_one_view(clip, CONFIG).frames_rgb) for clip in (apart, clip_of(frames))] == [8, 16]


def zoomed(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A slow zoom into each frame."""
    size = (frames.shape[2], frames.shape[1])
    turns = [cv2.getRotationMatrix2D((80, 60), 0, 1 + 0.01 * number) for number in range(len(frames))]
    return np.stack([cv2.warpAffine(one, turn, size) for one, turn in zip(frames, turns, strict=True)])


def with_contrast(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Contrast that fills the picture within ten frames."""
    gain = np.clip((np.arange(len(frames)) - 10) / 10, 0, 1)[:, None, None, None]
    return np.where(frames > 0, np.clip(frames + 90 * gain, 0, 255), 0).astype(np.uint8)


def jerking(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A beat whose fast moments are few frames apart: it rests, jumps, stays a moment, and jumps on."""
    places = [*range(14), *[21] * 3, *[35] * 6, *range(28)]
    return frames[places]


ALIKE = {
    "a fast beat": jerking(frames_of(ONE)),
    "a loop played twice": np.concatenate((frames_of(ONE), frames_of(ONE))),
    "there and back": np.concatenate((frames_of(ONE), frames_of(ONE)[::-1])),
    "a freeze": np.concatenate((frames_of(ONE), np.repeat(frames_of(ONE)[-1:], 20, axis=0))),
    "a damaged frame": np.concatenate((frames_of(ONE, 20), frames_of(OTHER, 1), frames_of(ONE)[20:])),
    "a slow zoom": zoomed(frames_of(ONE)),
    "contrast": with_contrast(frames_of(ONE)),
    "some frames lack": frames_of(ONE)[[*range(10), *range(17, 40)]],
    "noise": np.random.default_rng(0).integers(0, 256, (30, 120, 160, 3), dtype=np.uint8),
    "nothing moves": np.repeat(frames_of(ONE)[:1], 20, axis=0),
}


@pytest.mark.parametrize("frames", ALIKE.values(), ids=ALIKE)
def test_one_view_has_no_cut(frames: NDArray[np.uint8]) -> None:
    assert cuts_of(frames) == []


@pytest.mark.parametrize("name", SCENES)
def test_rendered_views_have_no_cut(name: str) -> None:
    frames = render(SCENES[name]).frames_rgb
    assert cuts_of(frames) == []
    clip = clip_of(frames)
    assert of_one_view(clip, CONFIG) is clip


def test_the_published_profile_reads_what_comes() -> None:
    joined = clip_of(np.concatenate((frames_of(ONE), frames_of(OTHER))))
    assert of_one_view(joined, ECHOPRIME) is joined
