"""Cines put together from synthetic scenes: several in a frame, cut off, pasted, with traces."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.study import Clip
from tests.model.echo.sector_clips import Scene, SectorClip, render

Frames = NDArray[np.uint8]  # (T, H, W, 3)
SMALL = Scene(240, 320, (160.0, 14.0), -40, 40, 0, 200, text="none", ecg="none", frames=16)


def scene(seed: int, **changes: object) -> SectorClip:
    """A heart of its own per seed, 240 rows of 320 pixels."""
    return render(replace(SMALL, seed=seed, **changes))  # type: ignore[arg-type]  # fields by name


def clip_of(frames: Frames, **fields: object) -> Clip:
    """The frames as a video clip at 30 Hz."""
    given = {"source": "video", "frame_rate_hz": 30.0, "frames_total": len(frames), **fields}
    return Clip(1, "0" * 64, frames_rgb=np.ascontiguousarray(frames), **given)  # type: ignore[arg-type]  # by name


def trimmed(clip: SectorClip, share: float = 0.0) -> Frames:
    """The frames cut to the sector's box; share of its width left on each side, negative to cut the corners off."""
    rows, columns = np.flatnonzero(clip.sector.any(1)), np.flatnonzero(clip.sector.any(0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    more = round(share * (right - left))
    return clip.frames_rgb[:, rows[0] : rows[-1] + 1, max(0, left - more) : right + more]


def beside(pictures: list[Frames], columns: int, gap: int, grey: int = 0) -> Frames:
    """The pictures in a grid, `gap` pixels between them, on a background of a grey level."""
    high, wide = (max(picture.shape[axis] for picture in pictures) for axis in (1, 2))
    lines = -(-len(pictures) // columns)
    size = len(pictures[0]), lines * (high + gap) - gap, columns * (wide + gap) - gap, 3
    whole = np.full(size, grey, np.uint8)
    for number, picture in enumerate(pictures):
        y, x = (number // columns) * (high + gap), (number % columns) * (wide + gap)
        whole[:, y : y + picture.shape[1], x : x + picture.shape[2]] = picture
    return whole


def enlarged(frames: Frames, size: tuple[int, int], place: tuple[int, int], factor: float) -> Frames:
    """The frames enlarged and put into black pictures of a size (H, W) at a place (x, y)."""
    whole = np.zeros((len(frames), *size, 3), np.uint8)
    wide, high = round(frames.shape[2] * factor), round(frames.shape[1] * factor)
    x, y = place
    for frame, picture in zip(frames, whole, strict=True):
        picture[y : y + high, x : x + wide] = cv2.resize(frame, (wide, high), interpolation=cv2.INTER_CUBIC)
    return whole


def with_trace(frames: Frames, y: float, colour: tuple[int, int, int], kind: str) -> Frames:
    """The frames with an ECG at a height: scrolling, swept over what was there, or growing from the left."""
    drawn, width = frames.copy(), frames.shape[2]
    x = np.arange(8, width - 8)
    for number, frame in enumerate(drawn):
        beat = ((x + (6 * number if kind == "scroll" else 0)) % 100) / 100
        line = y - 14 * np.exp(-(((beat - 0.5) / 0.04) ** 2))
        points = np.stack([x, line], axis=-1).round().astype(np.int32)
        at = len(x) * (number + 1) // len(drawn)
        parts = {"scroll": [points], "grow": [points[:at]], "sweep": [points[:at], points[at + 12 :]]}[kind]
        cv2.polylines(frame, [part for part in parts if len(part) > 1], isClosed=False, color=colour, thickness=1)
    return drawn
