"""Variations of traced frames: other shapes of hearts and other pictures of them; the truth follows every change.

Geometry transfers best between data sets of echo, better than artefacts of intensity (EAGT, arXiv 2605.16427). Pictures
are never mirrored: that would teach to confuse the ventricles.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.chambers import CHAMBERS

_LV, _LA, _RV, _RA = (1 + CHAMBERS.index(name) for name in ("lv", "la", "rv", "ra"))
Frames = NDArray[np.float32]  # (S, S, T) grey levels 0..255
_ROTATION_DEG, _SHEAR, _SHIFT = 14.0, 0.10, 0.09
_SCALE = (-0.24, 0.30)  # logarithm
_PLAIN_SHARE = 0.25  # of the runs: moved and bent alone, so that a clean picture is traced as exactly as it can be
_BENDS, _BEND_PIXELS = (4, 7), 4.5  # knots of the elastic grid, largest deviation in pixels of 128


@dataclass(frozen=True, eq=False)
class Traced:
    """Varied frames and their truth. grey: float32 (S, S, T) 0..255. chambers: uint8 (S, S, T)."""

    grey: Frames
    chambers: NDArray[np.uint8]


def vary(grey: NDArray[np.uint8], chambers: NDArray[np.uint8], rng: np.random.Generator, size: int) -> Traced:
    """One drawn variation of a run at the size that the network reads. grey, chambers: uint8 (T, s, s)."""
    place = moved_from(rng, grey.shape[1], size)
    picture = np.ascontiguousarray(grey.transpose(1, 2, 0))
    truth = np.ascontiguousarray(chambers.transpose(1, 2, 0))
    shape = (size, size, grey.shape[0])
    moved = cv2.remap(picture, *place, cv2.INTER_LINEAR).astype(np.float32).reshape(shape)
    followed = cv2.remap(truth, *place, cv2.INTER_NEAREST).reshape(shape)
    order = _order(rng, grey.shape[0])
    moved = np.ascontiguousarray(moved[..., order])
    outline = np.ascontiguousarray(followed[..., order], dtype=np.uint8)
    if rng.random() < _PLAIN_SHARE:
        return Traced(exported(moved, rng), outline)
    if rng.random() < 0.4:
        _without_leaflets(moved, outline, rng)
    inside = (moved.max(axis=2) > 0).astype(np.float32)[..., None]
    moved = of_another_scanner(behind_chest_wall(moved, rng), rng) * inside
    cut_off(moved, outline, rng)
    return Traced(exported(moved, rng), outline)


def _order(rng: np.random.Generator, frames: int) -> NDArray[np.intp]:
    """Forwards or backwards; now and then fewer different frames, as at a clip's end or at a low rate."""
    order = np.arange(frames)
    if rng.random() < 0.06:
        order = np.minimum(order, int(rng.integers(0, frames)))
    return order[::-1] if rng.random() < 0.5 else order


def moved_from(rng: np.random.Generator, stored: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel is taken from: turned, scaled, sheared, shifted and bent."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    scale = float(np.exp(-rng.uniform(*_SCALE)))
    turn = np.radians(rng.normal(0, _ROTATION_DEG / 1.6))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shear = np.array([[1 + rng.normal(0, 0.08), rng.normal(0, _SHEAR)], [rng.normal(0, _SHEAR / 2), 1.0]])
    matrix = (rotation @ shear * scale * stored / size).astype(np.float32)
    middle = (size - 1) / 2
    shift = rng.normal(0, _SHIFT / 1.5, 2) * stored
    across = matrix[0, 0] * (x - middle) + matrix[0, 1] * (y - middle) + (stored - 1) / 2 + shift[0]
    down = matrix[1, 0] * (x - middle) + matrix[1, 1] * (y - middle) + (stored - 1) / 2 + shift[1]
    knots = int(rng.integers(*_BENDS))
    drawn = rng.normal(0, 1, (knots, knots, 2)) * rng.uniform(0, _BEND_PIXELS) * stored / 128
    bend = cv2.resize(drawn.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return (across + bend[..., 0]).astype(np.float32), (down + bend[..., 1]).astype(np.float32)


def _without_leaflets(grey: Frames, chambers: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Leaflets and papillary muscles fade, in place: an open valve is often not seen, and only the walls tell the base.

    What is brighter in the left heart's or in the right heart's cavities than most of them is cut down to that.
    """
    for pair in ((_LV, _LA), (_RV, _RA)):
        cavity = np.isin(chambers, pair)
        if cavity.any():
            cap = np.float32(np.quantile(grey[cavity], rng.uniform(0.4, 0.8)))
            grey[cavity] = np.minimum(grey[cavity], cap * np.float32(1.3) + 4)


def _field(rng: np.random.Generator, size: int, knots: int, channels: int = 1) -> Frames:
    """float32 (S, S, channels): a smooth field of unit deviation."""
    coarse = rng.standard_normal((knots, knots, channels), dtype=np.float32)
    fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, dtype=np.float32).reshape(size, size, channels)


def behind_chest_wall(grey: Frames, rng: np.random.Generator) -> Frames:
    """What lies between probe and heart: uneven gain, shadows, haze, strands that belong to no outline."""
    size = grey.shape[0]
    out = grey * np.exp(_field(rng, size, int(rng.integers(2, 6))) * rng.uniform(0, 0.45))
    if rng.random() < 0.35:
        out = out * _shadow(rng, size)
    if rng.random() < 0.5:
        out = out + _haze(rng, size)
    if rng.random() < 0.45:
        out = out + _strands(rng, size)
    if rng.random() < 0.4:
        blobs = _field(rng, size, int(rng.integers(6, 16)))
        out = out * np.clip(1.0 - np.clip(blobs - rng.uniform(0.8, 1.6), 0, 1) * rng.uniform(0.5, 1.5), 0, 1)
    return np.asarray(out, dtype=np.float32)


def _shadow(rng: np.random.Generator, size: int) -> Frames:
    """A dark or bright wedge from the probe."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle = np.arctan2(x - size / 2, y + 2.0)
    middle, width = rng.uniform(-0.75, 0.75), rng.uniform(0.04, 0.3)
    wedge = np.exp(-0.5 * ((angle - middle) / width) ** 2)
    return np.asarray(np.clip(1 - wedge * rng.uniform(-0.3, 0.95), 0, None), dtype=np.float32)[..., None]


def _haze(rng: np.random.Generator, size: int) -> Frames:
    """Clutter that hangs over a part of the picture, most often the near field."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    cy, cx = abs(rng.normal(0, 0.2)), rng.normal(0.5, 0.2)
    high, wide = rng.uniform(0.08, 0.3), rng.uniform(0.1, 1.0)  # a spot, or the whole near field
    spot = np.exp(-0.5 * (((y - cy) / high) ** 2 + ((x - cx) / wide) ** 2))
    texture = 1 + 0.35 * _field(rng, size, int(rng.integers(8, 40)))[..., 0]
    return np.asarray(spot * texture * rng.uniform(10, 150), dtype=np.float32)[..., None]


def _strands(rng: np.random.Generator, size: int) -> Frames:
    """Bright threads and knots: trabeculae, moderator band, chordae, papillary muscles, side lobes."""
    drawn = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        start = rng.uniform(0.2, 0.8, 2) * size
        heading, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.03, 0.3) * size
        bend = rng.normal(0, 0.5)
        steps = np.linspace(0, 1, 8)
        turned = heading + bend * steps
        points = start + np.stack([np.cos(turned), np.sin(turned)], -1) * (steps * length)[:, None]
        thick = int(rng.integers(1, 6)) if rng.random() < 0.6 else int(rng.integers(4, 11))
        level = float(rng.uniform(30, 190))
        cv2.polylines(drawn, [points.round().astype(np.int32)], isClosed=False, color=level, thickness=thick)
    soft = cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.6, 2.0)))
    grain = 1 + 0.5 * _field(rng, size, int(rng.integers(20, 56)))[..., 0]
    return np.asarray(np.clip(soft * grain, 0, None), dtype=np.float32)[..., None]


def of_another_scanner(grey: Frames, rng: np.random.Generator) -> Frames:
    """Grey map, sharpness and speckle of another scanner."""
    size, frames = grey.shape[0], grey.shape[2]
    top = max(1.0, float(np.percentile(grey, 99)))
    level = np.clip(grey / top, 0, 1.3)
    level = level ** rng.uniform(0.6, 1.7) * rng.uniform(0.45, 1.25) + rng.uniform(-0.05, 0.06)
    if rng.random() < 0.5:  # coarse or fine grain, of the tissue or of the receiver
        each = frames if rng.random() < 0.5 else 1
        grain = _field(rng, size, int(rng.integers(18, size)), each)
        level = level * (1 + grain * rng.uniform(0.05, 0.45))
    if rng.random() < 0.4:
        level = level + np.abs(_field(rng, size, size, frames)) * rng.uniform(0.0, 0.12)
    level = np.clip(level, 0, 1).astype(np.float32)
    softness = rng.random()
    if softness < 0.45:
        level = cv2.GaussianBlur(level, (0, 0), float(rng.uniform(0.3, 1.7)))
    elif softness < 0.65:
        wide = cv2.GaussianBlur(level, (0, 0), float(rng.uniform(0.8, 1.6))).reshape(level.shape)
        level = level + (level - wide) * rng.uniform(0.3, 1.4)
    return np.asarray(np.clip(level, 0, 1) * 255, dtype=np.float32).reshape(size, size, frames)


def cut_off(grey: Frames, chambers: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Ends the sector early, at a side or below, in place."""
    if rng.random() > 0.3:
        return
    size = grey.shape[0]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    way = rng.random()
    if way < 0.55:
        side, limit = rng.choice([-1.0, 1.0]), np.radians(rng.uniform(14, 42))
        gone = side * np.arctan2(x - size * rng.uniform(0.4, 0.6), y + 1.0) > limit
    elif way < 0.8:
        gone = y > size * rng.uniform(0.68, 0.98)
    else:
        gone = np.hypot(x - size / 2, y) > size * rng.uniform(0.7, 0.98)
    grey[gone] = 0
    chambers[gone] = 0


def exported(grey: Frames, rng: np.random.Generator) -> Frames:
    """The picture after a small or a badly compressed export."""
    size, frames = grey.shape[0], grey.shape[2]
    if rng.random() < 0.25:
        small = int(rng.integers(round(0.4 * size), size))
        reduced = cv2.resize(grey, (small, small), interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.resize(reduced, (size, size)), dtype=np.float32).reshape(size, size, frames)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 60))]
        coded = [cv2.imencode(".jpg", grey[..., frame].round().astype(np.uint8), quality)[1] for frame in range(frames)]
        shown = [np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), dtype=np.float32) for code in coded]
        grey = np.stack(shown, axis=-1)
    return np.asarray(grey, dtype=np.float32).reshape(size, size, frames)
