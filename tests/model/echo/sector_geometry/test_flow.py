import numpy as np
import pytest
import torch

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.sector_geometry.flow import shows_flow
from model.echo.sector_geometry.pictures import Shown
from model.errors import ClipRejected
from model.study import SkipReason
from tests.model.echo.sector_geometry.frames import Frames, clip_of, scene

CONFIG = echoscribe_preprocessing(56)
CPU = torch.device("cpu")


def dim_loop(*, colour: bool) -> Frames:
    """A picture of so little gain that no tissue counts as contact, with a dim jet over it or none."""
    grey = scene(2, gain=0.035, floor=1.2).frames_rgb
    bright = scene(2, colour=True).frames_rgb
    span = np.ptp(bright, axis=3, keepdims=True)
    return np.where(span > 30, (0.35 * bright).astype(np.uint8), grey) if colour else grey


def test_a_dim_colour_loop_is_used() -> None:
    assert prepare_clip(clip_of(dim_loop(colour=True)), CONFIG, CPU).model_input.isfinite().all()


def test_the_same_picture_without_colour_has_no_contact() -> None:
    with pytest.raises(ClipRejected) as rejected:
        prepare_clip(clip_of(dim_loop(colour=False)), CONFIG, CPU)
    assert rejected.value.reason is SkipReason.NO_CONTACT


@pytest.mark.parametrize("kind", ["grey", "tinted", "noise"])
def test_grey_tint_and_single_coloured_pixels_are_no_flow(kind: str) -> None:
    frames = scene(2).frames_rgb.copy()
    if kind == "tinted":
        frames = (frames * np.array([1.06, 1.0, 0.88])).clip(0, 255).astype(np.uint8)
    if kind == "noise":
        places = np.random.default_rng(0).random(frames.shape[:3]) < 0.03
        frames[places] = (200, 0, 0)
    shown = Shown(torch.ones(frames.shape[1:3], dtype=torch.bool), (0, 0, 320, 240))
    assert not shows_flow(torch.from_numpy(frames), range(len(frames)), shown)
