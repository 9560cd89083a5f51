"""The speckle says which way the beams run, in whatever way the picture is turned."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.sector_geometry.beams import TELLING, downwards_to_sideways
from model.echo.sector_geometry.pictures import shown_of
from model.errors import ClipRejected
from tests.model.echo.sector_geometry.frames import Frames, clip_of

CONFIG = echoscribe_preprocessing(56)
HEIGHT, WIDTH, APEX = 240, 320, (160.0, 10.0)


def sector(frames: int = 16, seed: int = 0, *, dark: float = 0.0) -> tuple[Frames, NDArray[np.bool_]]:
    """Moving speckle as scanners show it, longer across the beams than along; dark: share of the sector's side."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    radius, angle = np.hypot(x - APEX[0], y - APEX[1]), np.arctan2(x - APEX[0], y - APEX[1])
    inside = (radius < 215) & (np.abs(angle) < 0.75) & (angle > -0.75 + 1.5 * dark)
    random = np.random.default_rng(seed)
    polar = np.hypot(*(cv2.GaussianBlur(random.standard_normal((260, 128)), (0, 0), 1.2) for _ in range(2)))
    made = []
    for number in range(frames):
        rows = radius + 3 * np.sin(2 * np.pi * number / 12)
        grey = cv2.remap(
            polar.astype(np.float32),
            ((angle / 1.5 + 0.5) * 127).astype(np.float32),
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
        )
        made.append(np.clip(120 * grey / polar.mean() * inside, 0, 255))
    return np.repeat(np.asarray(made, np.uint8)[..., None], 3, axis=3), inside


def turned(frames: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """The frames in one of the eight orientations of a picture."""
    if name.startswith("transposed"):
        frames = frames.swapaxes(1, 2)
    return np.ascontiguousarray(np.rot90(frames, int(name[-1]), (1, 2)))


UPRIGHT = ("turned 0", "turned 2", "transposed 1", "transposed 3")  # the last two: mirrored
ON_ITS_SIDE = ("turned 1", "turned 3", "transposed 0", "transposed 2")


@pytest.mark.parametrize("name", UPRIGHT + ON_ITS_SIDE)
def test_the_sign_says_it(name: str) -> None:
    frames, inside = sector()
    mask = turned(inside[None, ..., None].astype(np.uint8), name)[0, ..., 0] > 0
    told = downwards_to_sideways(torch.from_numpy(turned(frames, name)), mask)
    assert told > TELLING if name in UPRIGHT else told < -TELLING


@pytest.mark.parametrize("dark", [0.0, 0.3, 0.45])
@pytest.mark.parametrize("name", UPRIGHT + ON_ITS_SIDE)
def test_upright_sectors_are_used_and_those_on_their_side_are_named(name: str, dark: float) -> None:
    clip = clip_of(turned(sector(dark=dark)[0], name))
    if name in UPRIGHT:
        shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG)
        return
    with pytest.raises(ClipRejected, match="on its side"):
        shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG)


def test_an_empty_mask_tells_nothing_and_colour_is_not_counted() -> None:
    frames, inside = sector()
    assert downwards_to_sideways(torch.from_numpy(frames), np.zeros_like(inside)) == 0
    stripes = np.zeros_like(frames)
    stripes[:, :, ::6, 0] = 255  # red lines downwards
    mixed = np.where(stripes.any(axis=-1, keepdims=True), stripes, frames)
    assert downwards_to_sideways(torch.from_numpy(mixed), inside) >= 0
