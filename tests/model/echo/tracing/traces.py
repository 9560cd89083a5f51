"""Traced clips of invented hearts: ellipses whose areas and beats are known."""

import numpy as np

from model.echo.tracing.chambers import CHAMBERS, CLASSES
from model.echo.tracing.clip_trace import ClipTrace, TracedPicture
from model.echo.tracing.crop import CropPlace

SIZE, FRAMES = 64, 16
PLACES = {
    "lv": (30, 36, 9, 18),
    "la": (52, 38, 8, 7),
    "rv": (30, 16, 6, 14),
    "ra": (52, 18, 7, 7),
}  # y, x, across, down


def probabilities_of(contraction: np.ndarray) -> np.ndarray:
    """float32 (T, CLASSES, SIZE, SIZE): ventricles shrink across with the contraction, the left atrium grows.

    A pixel on a border has its shares, as a network gives them.
    """
    fine = 4
    y, x = (np.mgrid[: fine * SIZE, : fine * SIZE] + 0.5) / fine
    found = np.zeros((len(contraction), CLASSES, SIZE, SIZE), np.float32)
    for frame, moved in enumerate(contraction):
        labels = np.zeros(x.shape, np.uint8)
        for name, (cy, cx, across, down) in PLACES.items():
            wide = across * {"la": 1 + 0.3 * moved, "ra": 1.0}.get(name, 1 - 0.35 * moved)
            if name == "lv":
                wall = np.hypot((x - cx) / (wide + 3), (y - cy) / (down + 3)) < 1
                labels[wall & (y < cy + down)] = 1 + CHAMBERS.index("myocardium")
            labels[np.hypot((x - cx) / wide, (y - cy) / down) < 1] = 1 + CHAMBERS.index(name)
        shares = np.eye(CLASSES, dtype=np.float32)[labels].reshape(SIZE, fine, SIZE, fine, CLASSES).mean(axis=(1, 3))
        found[frame] = np.moveaxis(0.02 + 0.88 * shares, -1, 0)
    return found


def contraction(beats_per_second: float = 1.0) -> np.ndarray:
    """(FRAMES,) at 15 Hz: 0 at the first frame, 1 a third of a beat later."""
    phase = np.arange(FRAMES) / 15 * beats_per_second % 1
    up = 0.5 - 0.5 * np.cos(np.pi * phase / 0.35)
    return np.where(phase < 0.35, up, 0.5 + 0.5 * np.cos(np.pi * (phase - 0.35) / 0.65))


def trace(view: str = "A4C", pixel_cm: float | None = 0.2, position: int = 1) -> ClipTrace:
    picture = TracedPicture(
        grey=np.full((FRAMES, SIZE, SIZE), 90, np.uint8),
        frames=tuple(range(10, 10 + 2 * FRAMES, 2)),
        step_s=1 / 15,
        place=CropPlace((100, 50, 100 + 2 * SIZE, 50 + 2 * SIZE), SIZE),
        pixel_cm=pixel_cm,
    )
    return ClipTrace((position, None), view, 0.9, picture, probabilities_of(contraction()))
