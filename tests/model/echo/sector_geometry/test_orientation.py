import cv2
import numpy as np
import pytest
import torch

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.sector_geometry.pictures import shown_of
from tests.model.echo.sector_geometry.frames import Frames, clip_of, scene

CONFIG = echoscribe_preprocessing(56)


def marked(x: int, y: int = 12, *, words: str = "") -> Frames:
    """A sector with its apex at (160, 14) and a dot, or words, beside the probe."""
    frames = scene(3).frames_rgb.copy()
    for frame in frames:
        if words:
            cv2.putText(frame, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (220, 220, 220), 1)
        else:
            cv2.circle(frame, (x, y), 3, (90, 220, 110), -1)
    return frames


def mirrored(frames: Frames) -> bool:
    clip = clip_of(frames)
    return shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG).mirrored


@pytest.mark.parametrize("aside", [14, 25, 45])
def test_a_marker_left_of_the_probe_means_a_mirrored_picture(aside: int) -> None:
    assert mirrored(marked(160 - aside))
    assert not mirrored(marked(160 + aside))
    assert mirrored(marked(160 - aside, 228)[:, ::-1].copy()[:, ::-1]) is False  # far from the probe


def test_upside_down_the_marker_is_looked_for_at_the_probe() -> None:
    assert mirrored(marked(130)[:, ::-1])
    assert not mirrored(marked(190)[:, ::-1])


def test_without_a_marker_or_with_one_on_each_side_nothing_is_turned() -> None:
    assert not mirrored(scene(3).frames_rgb)
    assert not mirrored(np.maximum(marked(130), marked(190)))


def test_words_are_no_marker() -> None:
    assert not mirrored(marked(95, 16, words="DOE J"))


def test_a_mirrored_picture_is_prepared_as_its_twin() -> None:
    ours = prepare_clip(clip_of(marked(190)), CONFIG, torch.device("cpu")).model_input
    theirs = prepare_clip(clip_of(marked(190)[:, :, ::-1]), CONFIG, torch.device("cpu")).model_input
    assert (ours - theirs).abs().mean() < 0.2 * (ours - ours.flip(-1)).abs().mean()
