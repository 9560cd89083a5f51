"""Clips without any heart: several kinds of noise, over the whole picture and inside a sector."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.model.echo.sector_clips import Scene, render

Frames = NDArray[np.uint8]
FRAMES, HEIGHT, WIDTH = 40, 360, 480


def _rgb(grey: NDArray[Any]) -> Frames:
    whole = np.clip(grey, 0, 255).astype(np.uint8)
    return np.repeat(whole[..., None], 3, axis=3)


def _uniform(random: np.random.Generator) -> Frames:
    return _rgb(random.integers(0, 256, (FRAMES, HEIGHT, WIDTH)).astype(float))


def _coloured(random: np.random.Generator) -> Frames:
    return random.integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), dtype=np.uint8)


def _gaussian(random: np.random.Generator) -> Frames:
    return _rgb(110 + 45 * random.standard_normal((FRAMES, HEIGHT, WIDTH)))


def _salt_and_pepper(random: np.random.Generator) -> Frames:
    return _rgb(255.0 * (random.random((FRAMES, HEIGHT, WIDTH)) < 0.3))


def _still(random: np.random.Generator) -> Frames:
    return np.repeat(_uniform(random)[:1], FRAMES, axis=0)


def _still_with_noise(random: np.random.Generator) -> Frames:
    return _rgb(_still(random)[..., 0] * 0.7 + 20 * random.standard_normal((FRAMES, HEIGHT, WIDTH)))


def _texture(random: np.random.Generator) -> Frames:
    fields = [cv2.GaussianBlur(random.standard_normal((HEIGHT, WIDTH)), (0, 0), 6) for _ in range(FRAMES)]
    return _rgb(110 + 600 * np.stack(fields))


def _flicker(random: np.random.Generator) -> Frames:
    return _rgb(random.uniform(20, 255, (FRAMES, 1, 1)) * np.ones((1, HEIGHT, WIDTH)))


NOISE: dict[str, Callable[[np.random.Generator], Frames]] = {
    "uniform": _uniform,
    "coloured": _coloured,
    "gaussian": _gaussian,
    "salt and pepper": _salt_and_pepper,
    "still": _still,
    "still with noise": _still_with_noise,
    "texture": _texture,
    "flicker": _flicker,
}


def in_sector(frames: Frames) -> Frames:
    """The frames, black outside a fan."""
    scene = Scene(HEIGHT, WIDTH, (WIDTH / 2, 20), -42, 42, 0, 310, frames=1)
    return frames * render(scene).sector[..., None]
