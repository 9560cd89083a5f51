import numpy as np
import pytest
import torch

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.sector_geometry.pictures import shown_of
from model.echo.sector_geometry.traces import trace_pixels
from tests.model.echo.sector_clips import SCENES, render
from tests.model.echo.sector_geometry.frames import Frames, clip_of, scene, with_trace

CONFIG = echoscribe_preprocessing(56)
COLOURS = {
    "green": (60, 255, 60),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "red": (255, 40, 40),
    "white": (255, 255, 255),
    "grey": (190, 190, 190),
}


def shown_mask(frames: Frames) -> np.ndarray:
    clip = clip_of(frames)
    mask = shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG).mask
    assert mask is not None
    return mask.numpy()


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", ["scroll", "sweep", "grow"])
@pytest.mark.parametrize("y", [130.0, 190.0, 218.0])  # across the sector, near its far arc, at it
def test_a_trace_over_the_sector_is_blanked_and_the_sector_stays(colour: str, kind: str, y: float) -> None:
    clip = scene(1)
    frames = with_trace(clip.frames_rgb, y, COLOURS[colour], kind)
    drawn = (frames != clip.frames_rgb).any(axis=(0, 3))
    mask = shown_mask(frames)
    assert (mask & drawn).sum() <= 0.05 * drawn.sum()
    assert (mask & clip.sector).sum() >= 0.95 * (clip.sector & ~_around(drawn)).sum()
    assert (mask & ~clip.sector).sum() <= 0.06 * clip.sector.sum()


def _around(drawn: np.ndarray) -> np.ndarray:
    """What a trace passes, and what lies next to it."""
    near = np.zeros_like(drawn)
    for down in range(-4, 5):
        for right in range(-4, 5):
            near |= np.roll(drawn, (down, right), axis=(0, 1))
    return near


def test_the_model_sees_the_heart_as_without_the_trace() -> None:
    clip = scene(1)
    traced = with_trace(clip.frames_rgb, 218.0, COLOURS["green"], "scroll")
    ours, theirs = (
        prepare_clip(clip_of(frames), CONFIG, torch.device("cpu")).model_input for frames in (clip.frames_rgb, traced)
    )
    assert (ours - theirs).abs().mean() < 0.1


@pytest.mark.parametrize("name", SCENES)
def test_no_sector_has_a_trace_of_its_own(name: str) -> None:
    frames = torch.from_numpy(render(SCENES[name]).frames_rgb)
    sector = np.flatnonzero(render(SCENES[name]).sector.any(1))
    box = (0, int(sector[0]), frames.shape[2], int(sector[-1]) - 20)
    assert trace_pixels(frames, range(len(frames)), box) is None


def test_a_line_that_stands_still_is_no_trace() -> None:
    frames = scene(1).frames_rgb.copy()
    frames[:, 150:152, 40:280] = (60, 255, 60)
    assert trace_pixels(torch.from_numpy(frames), range(len(frames)), (0, 0, 320, 240)) is None


def test_dithered_colours_are_no_trace() -> None:
    frames = scene(1).frames_rgb.copy()
    inside = scene(1).sector & (np.indices(frames.shape[1:3]).sum(axis=0) % 2 == 0)
    frames[:, inside] = (60, 160, 60)
    assert trace_pixels(torch.from_numpy(frames), range(len(frames)), (0, 0, 320, 240)) is None
