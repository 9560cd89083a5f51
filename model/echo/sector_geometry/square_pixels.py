"""Pixels that are not square are made so before anything is fitted: a sector's arc is a circle only then."""

from dataclasses import replace

import cv2
import numpy as np

from model.study import Clip

_SQUARE = 0.02  # less off than this is rounding: a sector changes by less than a pixel in fifty


def with_square_pixels(clip: Clip) -> Clip:
    """The clip stretched along its longer pixels' side; the clip itself where its pixels are square."""
    if abs(clip.pixel_aspect - 1) <= _SQUARE:
        return clip
    height, width = clip.frames_rgb.shape[1:3]
    wide, high = max(1.0, clip.pixel_aspect), max(1.0, 1 / clip.pixel_aspect)
    size = round(width * wide), round(height * high)
    frames = np.empty((len(clip.frames_rgb), size[1], size[0], 3), np.uint8)
    for frame, stretched in zip(clip.frames_rgb, frames, strict=True):
        cv2.resize(frame, size, dst=stretched, interpolation=cv2.INTER_LINEAR)
    factors = size[0] / width, size[1] / height
    return replace(
        clip,
        frames_rgb=frames,
        pixel_aspect=1.0,
        sector_box=clip.sector_box and _stretched(clip.sector_box, factors),
        regions_2d=tuple(_stretched(box, factors) for box in clip.regions_2d),
    )


def _stretched(box: tuple[int, int, int, int], factors: tuple[float, float]) -> tuple[int, int, int, int]:
    x, y = factors
    return round(box[0] * x), round(box[1] * y), round(box[2] * x), round(box[3] * y)
