"""Clips that are no echocardiogram: noise, everyday pictures that move, ultrasound of something else."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]  # (T, H, W, 3)
_FRAMES, _ROWS, _COLUMNS = 32, 300, 400
_PHOTOGRAPH = "grace_hopper.jpg"  # the only photograph in an installed package (matplotlib's; public domain)


def noise(rng: np.random.Generator) -> Frames:
    """White noise in a sector: a probe in the air with the gain up."""
    grey = rng.normal(rng.uniform(30, 120), rng.uniform(10, 50), (_FRAMES, _ROWS, _COLUMNS))
    return _in_sector(np.clip(grey, 0, 255), rng)


def natural_video(rng: np.random.Generator) -> Frames:
    """A camera that moves over a photograph: half of them whole, half seen through a sector."""
    from matplotlib import image  # noqa: PLC0415 - an extra, which brings the photograph
    from matplotlib.cbook import get_sample_data  # noqa: PLC0415 - the same

    photograph = np.asarray(image.imread(str(get_sample_data(_PHOTOGRAPH, asfileobj=False))))
    x, y = rng.uniform(0.3, 0.7, 2) * (photograph.shape[1], photograph.shape[0])
    zoom, turn, drift = rng.uniform(0.5, 1.2), rng.uniform(-40, 40), rng.uniform(-3, 3, 2)
    frames = []
    for number in range(_FRAMES):
        place = float(x + drift[0] * number), float(y + drift[1] * number)
        matrix = np.asarray(cv2.getRotationMatrix2D(place, turn + 0.4 * number, 1 / zoom), dtype=np.float64)
        matrix[:, 2] = matrix[:, 2] + np.array([_COLUMNS / 2, _ROWS / 2]) - np.array(place)
        frames.append(cv2.warpAffine(photograph, matrix, (_COLUMNS, _ROWS), borderMode=cv2.BORDER_REFLECT))
    video = np.stack(frames).astype(np.uint8)
    return video if rng.random() < 0.5 else _in_sector(video.mean(axis=3), rng)


def other_ultrasound(rng: np.random.Generator) -> Frames:
    """Speckled layers and round organs that slide with the breath, without a heart: an abdomen or a neck."""
    height, width = _ROWS + 80, _COLUMNS + 80
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wave = 12 * np.sin(x / rng.uniform(40, 120) + rng.uniform(0, 6))
    level = 60 + 40 * np.sin((y + wave) / rng.uniform(10, 40))
    for _ in range(int(rng.integers(1, 5))):
        centre, axes = rng.uniform(0.2, 0.8, 2) * (width, height), rng.uniform(20, 80, 2)
        inside = ((x - centre[0]) / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2 < 1
        level[inside] = rng.choice(np.array([5.0, 35.0, 110.0]))
    speckle = cv2.GaussianBlur(rng.rayleigh(1.0, (height, width)).astype(np.float32), (0, 0), rng.uniform(0.8, 2.0))
    still = np.clip(level * speckle, 0, 255)
    breath = [int(20 + 18 * np.sin(2 * np.pi * number / rng.uniform(60, 120))) for number in range(_FRAMES)]
    moved = np.stack([still[shift : shift + _ROWS, 40 : 40 + _COLUMNS] for shift in breath])
    return _in_sector(np.clip(moved + rng.normal(0, 4, moved.shape), 0, 255), rng)


def _in_sector(grey: NDArray[np.floating], rng: np.random.Generator) -> Frames:
    """The pictures in a fan on black."""
    y, x = np.mgrid[:_ROWS, :_COLUMNS]
    half, radius = np.radians(rng.uniform(35, 45)), rng.uniform(0.85, 0.95) * _ROWS
    across, down = x - _COLUMNS / 2, y - 6.0
    fan = (np.hypot(across, down) < radius) & (np.abs(np.arctan2(across, down)) < half) & (down > 0)
    return np.repeat((grey * fan).astype(np.uint8)[..., None], 3, axis=3)


STRANGE: Mapping[str, Callable[[np.random.Generator], Frames]] = {
    "noise": noise,
    "natural video": natural_video,
    "non-cardiac ultrasound": other_ultrasound,
}
