"""The study that is run once before the service calls itself ready: one drawn cine that looks enough like an echo."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from model.study import Clip

_ROWS, _COLUMNS, _FRAMES = 240, 320, 64  # the size of a small clip, two seconds of it
_FRAME_RATE_HZ = 30.0
_BEAT_FRAMES = 24
_HALF_ANGLE = 0.7  # radians on either side of straight down: a common sector of 80 degrees
_GRAIN = 5  # pixels between the nodes of the texture: coarser than speckle, so that it persists from frame to frame


def warm_up_clips() -> list[Clip]:
    """One clip: tissue-like texture in a sector that breathes with a beat. The same bytes every time."""
    frames = _frames()
    digest = hashlib.sha256(frames.tobytes()).hexdigest()
    return [
        Clip(
            position=1,
            sha256=digest,
            source="video",
            frames_rgb=frames,
            frame_rate_hz=_FRAME_RATE_HZ,
            frames_total=_FRAMES,
        )
    ]


def _frames() -> NDArray[np.uint8]:
    """uint8 (T, H, W, 3) RGB, black outside the sector."""
    rows, columns = np.mgrid[0:_ROWS, 0:_COLUMNS].astype(np.float32)
    across, down = columns - _COLUMNS / 2, rows - 4
    depth, angle = np.hypot(across, down), np.arctan2(across, down)
    inside = (np.abs(angle) < _HALF_ANGLE) & (depth < _ROWS - 12) & (depth > 8)
    texture = np.random.default_rng(0).gamma(1.5, 60.0, (80, 80)).astype(np.float32)
    frames = np.zeros((_FRAMES, _ROWS, _COLUMNS, 3), np.uint8)
    for number in range(_FRAMES):
        stretch = 1.0 + 0.08 * np.sin(2 * np.pi * number / _BEAT_FRAMES)
        grey = _sample(texture, depth * stretch / _GRAIN, (angle + _HALF_ANGLE) * 20)
        frames[number] = (np.clip(grey, 1, 255) * inside)[..., None]
    return frames


def _sample(texture: NDArray[np.float32], row: NDArray[np.float32], column: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 like `row`: the texture between its nodes, linearly; beyond its edges the nearest node."""
    row, column = np.clip(row, 0, texture.shape[0] - 1.001), np.clip(column, 0, texture.shape[1] - 1.001)
    top, left = row.astype(np.intp), column.astype(np.intp)
    below, beside = row - top, column - left
    upper = texture[top, left] * (1 - beside) + texture[top, left + 1] * beside
    lower = texture[top + 1, left] * (1 - beside) + texture[top + 1, left + 1] * beside
    mixed: NDArray[np.float32] = upper * (1 - below) + lower * below
    return mixed
