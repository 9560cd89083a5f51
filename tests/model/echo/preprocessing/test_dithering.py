"""Greys that are dithered of a few colours are refused as what they are; colour flow, colour noise and maps are not."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.dithering import check_not_dithered
from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, echoscribe_preprocessing
from model.errors import ClipRejected
from model.study import Clip, SkipReason
from tests.model.echo.sector_clips import SCENES, render

CONFIG = echoscribe_preprocessing()
GREY = render(SCENES["phased"]).frames_rgb


def dithered(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each channel in a few levels, dithered in an order of its own: a palette of eight times eight times four."""
    order = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16
    tiled = np.tile(order, (frames.shape[1] // 4, frames.shape[2] // 4))
    out = np.empty_like(frames)
    for channel, levels in enumerate((7, 7, 3)):
        shifted = np.roll(tiled, channel, axis=1)
        out[..., channel] = np.floor(frames[..., channel] / 255 * levels + shifted) * (255 / levels)
    return out


def test_dithered_greys_are_refused_by_name() -> None:
    clip = Clip(1, "0" * 64, "video", dithered(GREY), 30.0, len(GREY), frame_rate_source="time_stamps")
    with pytest.raises(ClipRejected, match="dithered as in a GIF") as refused:
        prepare_clip(clip, CONFIG, torch.device("cpu"))
    assert refused.value.reason is SkipReason.WRONG_COLOURS


def tinted(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(frames * np.array([1.0, 0.8, 0.4]), np.uint8)


def with_colour_noise(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blobs of red and blue all over the sector, a few pixels wide, as too much colour gain makes."""
    random = np.random.default_rng(0)
    noise = cv2.GaussianBlur(random.standard_normal(frames.shape[1:3]), (0, 0), 3)
    out = frames.copy()
    inside = frames.any(axis=(0, 3))
    out[:, inside & (noise > 0.12)] = (230, 60, 0)
    out[:, inside & (noise < -0.12)] = (0, 60, 230)
    return out


PASS = {
    "grey": GREY,
    "flow": render(SCENES["wide"]).frames_rgb,
    "a tinted map": tinted(GREY),
    "colour noise": with_colour_noise(GREY),
    "grey in four levels": GREY // 64 * 64,
}


@pytest.mark.parametrize("frames", PASS.values(), ids=PASS)
def test_colours_that_are_there_are_not_dithering(frames: NDArray[np.uint8]) -> None:
    check_not_dithered(frames, CONFIG)


def test_the_published_profile_reads_what_comes() -> None:
    check_not_dithered(dithered(GREY), ECHOPRIME)
