"""Variations of single pictures that leave their view as it is, by the geometry and the scanners of the tracer's.

Geometry transfers best between data sets of echo (EAGT, arXiv 2605.16427): moved, turned, scaled, sheared, bent, seen
in perspective. A picture is mirrored only in views whose name stays true: both ways to show four and five chambers are
in use, while a mirrored long axis is no view at all.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.tracing.augmentation import (
    Frames,
    behind_chest_wall,
    cut_off,
    exported,
    moved_from,
    of_another_scanner,
)

MIRRORED_VIEWS = frozenset({"A4C", "A5C"})
_MIRRORED_SHARE, _PLAIN_SHARE = 0.12, 0.2  # of the pictures; plain ones are only moved
_PERSPECTIVE_SHARE, _PERSPECTIVE = 0.4, 0.07  # a corner moves by that share of the side (EAGT: 0.05 to 0.1)
_FLOW = 10  # grey levels by which the channels of a pixel with flow differ
_TINT = 0.12  # of a mid grey's channels; sepia and blue maps of vendors reach 0.16


def vary_picture(rgb: NDArray[np.uint8], view: str, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """uint8 (size, size, 3): one drawn variation of a picture that is not tinted. rgb: uint8 (s, s, 3)."""
    if view in MIRRORED_VIEWS and rng.random() < _MIRRORED_SHARE:
        rgb = np.ascontiguousarray(rgb[:, ::-1])
    moved = cv2.remap(rgb, *_from(rng, rgb.shape[0], size), cv2.INTER_LINEAR)
    flow = (np.ptp(moved, axis=2) > _FLOW).astype(np.uint8)[..., None]
    grey = moved.mean(axis=2, dtype=np.float32)[..., None]
    if rng.random() >= _PLAIN_SHARE:
        inside = (grey > 0).astype(np.float32)
        grey = of_another_scanner(behind_chest_wall(grey, rng), rng) * inside
        cut_off(grey, flow, rng)
    shown = np.where(flow > 0, moved.astype(np.float32), _tinted(grey, rng))
    return np.asarray(exported(shown, rng).clip(0, 255).round(), np.uint8)


def _from(rng: np.random.Generator, stored: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel is taken from: as the tracer's, now and then in perspective too."""
    across, down = moved_from(rng, stored, size)
    if rng.random() >= _PERSPECTIVE_SHARE:
        return across, down
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * stored
    seen = corners + rng.uniform(-_PERSPECTIVE, _PERSPECTIVE, (4, 2)).astype(np.float32) * stored
    matrix = cv2.getPerspectiveTransform(corners, seen)
    points = np.stack((across, down), axis=-1).reshape(-1, 1, 2)
    turned = cv2.perspectiveTransform(points, matrix).reshape(size, size, 2)
    return np.ascontiguousarray(turned[..., 0]), np.ascontiguousarray(turned[..., 1])


def _tinted(grey: Frames, rng: np.random.Generator) -> Frames:
    """float32 (S, S, 3): the grey map of a vendor."""
    level = grey / 255
    tint = rng.normal(0, _TINT / 3, 3).clip(-_TINT, _TINT).astype(np.float32)
    return np.asarray(grey * (1 + 4 * level * (1 - level) * tint), np.float32)
