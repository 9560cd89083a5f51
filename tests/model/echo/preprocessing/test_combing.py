"""Interlaced pictures that nothing marks: one moment is kept. Speckle, noise, letters and dithering are no combs."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.combing import is_combed, with_whole_lines, without_combs
from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, echoscribe_preprocessing
from model.study import Clip
from tests.model.echo.sector_clips import SCENES, Scene, render

CONFIG = echoscribe_preprocessing()
SCENE = Scene(240, 320, (160, 16), depth=200, text="around", ecg="sweep", frames=40, motion=8, beat_frames=14, seed=3)


def interlaced(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half as many frames, of the even lines of one and the odd lines of the next."""
    woven = frames[::2].copy()
    woven[:, 1::2] = frames[1::2, 1::2]
    return woven


def clip_of(frames: NDArray[np.uint8]) -> Clip:
    return Clip(1, "0" * 64, "video", frames, 30.0, len(frames), frame_rate_source="time_stamps")


def test_combs_are_found_and_the_lines_of_one_moment_kept() -> None:
    frames = render(SCENE).frames_rgb
    clip = clip_of(interlaced(frames))
    assert is_combed(clip.frames_rgb)
    whole = with_whole_lines(clip, CONFIG)
    assert [warning.code for warning in whole.warnings] == ["lines_of_two_moments"]
    assert np.array_equal(whole.frames_rgb[:, ::2], frames[::2, ::2])
    apart = np.abs(whole.frames_rgb.astype(int) - frames[::2]).mean()
    assert apart < np.abs(clip.frames_rgb.astype(int) - frames[::2]).mean()
    assert not is_combed(whole.frames_rgb)
    assert [w.code for w in prepare_clip(clip, CONFIG, torch.device("cpu")).warnings] == ["lines_of_two_moments"]


@pytest.mark.parametrize("height", [7, 8])
def test_lines_between_are_the_mean_of_those_beside(height: int) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (2, height, 5, 3), dtype=np.uint8)
    whole = without_combs(frames)
    assert np.array_equal(whole[:, 1], (frames[:, 0].astype(int) + frames[:, 2]) // 2)
    assert np.array_equal(whole[:, -1], whole[:, -2] if height % 2 == 0 else frames[:, -1])


@pytest.mark.parametrize("name", SCENES)
def test_whole_pictures_are_no_combs(name: str) -> None:
    clip = clip_of(render(SCENES[name]).frames_rgb)
    assert with_whole_lines(clip, CONFIG) is clip


def test_noise_and_still_pictures_are_no_combs() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 120, 160, 3), dtype=np.uint8)
    assert not is_combed(noise)
    assert not is_combed(np.zeros((9, 120, 160, 3), np.uint8))
    assert not is_combed(noise[:, :20, :20])  # too small to tell
    checkers = np.zeros((9, 120, 160, 3), np.uint8)
    checkers[:, ::2, ::2] = checkers[:, 1::2, 1::2] = 200
    assert not is_combed(checkers)


def test_the_published_profile_reads_what_comes() -> None:
    clip = clip_of(interlaced(render(SCENE).frames_rgb))
    assert with_whole_lines(clip, ECHOPRIME) is clip
