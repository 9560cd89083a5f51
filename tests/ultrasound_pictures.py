"""Pictures that look like ultrasound to a reader of files: a grey fan that moves, on black."""

import numpy as np
from numpy.typing import NDArray


def fan_frames(frames: int = 12, rows: int = 96, columns: int = 128, pace: float = 1.0) -> NDArray[np.uint8]:
    """uint8 (T, H, W, 3) RGB: smooth bright arcs within a fan, with a red and a blue patch as colour Doppler has."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    depth = np.hypot(x - columns / 2, y) / rows
    inside = (np.abs(np.arctan2(x - columns / 2, y + 1)) < 0.6) & (depth < 0.95)
    made = []
    for index in range(frames):
        tissue = 60 + 50 * np.sin(14 * depth + pace * index) + 20 * np.cos(x / 9)
        rgb = np.repeat(np.clip(tissue, 0, 255)[..., None], 3, axis=-1)
        flow = np.exp(-((x - columns * 0.45) ** 2 + (y - rows * 0.6) ** 2) / rows)
        rgb[..., 0] += 90 * flow
        rgb[..., 2] += 40 * np.roll(flow, 8, axis=1)
        made.append(rgb * inside[..., None])
    return np.asarray(np.clip(np.rint(made), 0, 255), np.uint8)
