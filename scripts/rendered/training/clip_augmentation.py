"""Variations of a clip that its report does not depend on: another scanner's greys, another crop, another sharpness.

Clips are never mirrored, because left and right distinguish views.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

# The ranges are wider than the differences between the five training looks (scripts/rendered/phantom/scan/looks.py), so
# that another scanner lies inside them. Geometry covers how much the crop of the fitted sector varies (LOG 2026-11-22:
# 12 grey levels from end to end).
_GAIN, _GAMMA, _TINT, _REJECT = (0.78, 1.28), (0.72, 1.38), 0.08, 0.05
_SHIFT_SHARE = 6 / 112  # of the picture's side
_SCALE, _ROTATION_DEG = (0.92, 1.08), 4.0
_SHARPNESS_CHANCE, _SHARPEST, _SOFTEST = 0.5, 0.7, 1.0  # of the difference between a picture and its blur
_BLUR_PIXELS = 0.9


@dataclass(frozen=True, eq=False)
class Variation:
    """One drawn variation; the same for all frames of a clip, as a scanner's settings are.

    greys: uint8 (1, 256, 3) grey level → grey level of each channel; 0 stays 0, so that outside the sector stays black.
    place: float64 (2, 3) the affine map of pixels. softness: share of the blur, negative sharpens, 0 leaves as it is.
    """

    greys: NDArray[np.uint8]
    place: NDArray[np.float64]
    softness: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: int) -> Self:
        """A variation of pictures of a size."""
        softness = float(rng.uniform(-_SHARPEST, _SOFTEST)) if rng.random() < _SHARPNESS_CHANCE else 0.0
        return cls(_greys(rng), _place(rng, size), softness)

    def of(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (S, S, 3): the frame so varied."""
        size = frame.shape[1::-1]
        moved = cv2.warpAffine(cv2.LUT(frame, self.greys), self.place, size, flags=cv2.INTER_LINEAR)
        return self.sharpened(np.asarray(moved))

    def sharpened(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (S, S, C): the frame sharper or softer, every channel alike."""
        if not self.softness:
            return frame
        soft = cv2.GaussianBlur(frame, (3, 3), _BLUR_PIXELS)
        return np.asarray(cv2.addWeighted(frame, 1 - self.softness, soft, self.softness, 0))


def augment(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The frames of a clip under one drawn variation.

    frames: uint8 (F, S, S, 3) RGB; not changed. Any part of a clip's frames may be given.
    """
    variation = Variation.drawn(rng, frames.shape[1])
    return np.stack([variation.of(frame) for frame in frames])


def _greys(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Rejection of the darkest, gamma, gain and a tint of the middle greys."""
    reject, gamma, gain = rng.uniform(0, _REJECT), rng.uniform(*_GAMMA), rng.uniform(*_GAIN)
    level = np.linspace(0, 1, 256)[:, None]
    kept = np.clip((level - reject) / (1 - reject), 0, 1) ** gamma * gain
    tint = 1 + 4 * level * (1 - level) * rng.uniform(-_TINT, _TINT, 3)
    return np.asarray(np.round(255 * np.clip(kept * tint, 0, 1)), np.uint8)[None]


def _place(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Rotation and scale about the middle, then a shift."""
    middle = ((size - 1) / 2, (size - 1) / 2)
    turned = cv2.getRotationMatrix2D(middle, rng.uniform(-_ROTATION_DEG, _ROTATION_DEG), rng.uniform(*_SCALE))
    place = np.asarray(turned, np.float64)
    place[:, 2] += rng.uniform(-_SHIFT_SHARE, _SHIFT_SHARE, 2) * size
    return place
