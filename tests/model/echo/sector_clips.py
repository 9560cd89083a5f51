"""Synthetic cines whose sector is known exactly: a fan of moving speckle, with text, ticks and an ECG around it."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scene:
    """What a cine shows. Lengths in pixels, angles in degrees from straight down, left negative."""

    height: int = 480
    width: int = 640
    apex: tuple[float, float] = (320.0, 40.0)
    left_deg: float = -42.0
    right_deg: float = 42.0
    near: float = 0.0  # radius where the picture starts: a curved probe's is not 0
    depth: float = 380.0
    frames: int = 30
    gain: float = 1.0
    floor: float = 3.0  # mean of the receiver noise in grey levels
    beat_frames: float = 28.0
    motion: float = 5.0
    colour: bool = False
    dark_side: bool = False  # no contact at the left edge: black there
    text: Literal["none", "around", "touching"] = "around"
    ecg: Literal["none", "sweep", "scroll"] = "sweep"
    seed: int = 0


SCENES: dict[str, Scene] = {
    "phased": Scene(),
    "grey 800x600": Scene(600, 800, (400, 12), -45, 45, 0, 560, ecg="scroll", seed=1),
    "narrow": Scene(480, 640, (300, 30), -20, 20, 0, 400, seed=2),
    "wide": Scene(480, 640, (320, 60), -58, 58, 0, 330, colour=True, seed=3),
    "curved probe": Scene(480, 640, (320, -60), -32, 32, 90, 480, seed=4),
    "touches the edge": Scene(480, 640, (200, 20), -45, 45, 0, 440, ecg="none", seed=5),
    "off centre": Scene(600, 1024, (380, 40), -40, 40, 0, 470, seed=6),
    "low gain": Scene(gain=0.16, floor=1.0, seed=7),
    "text touches": Scene(text="touching", seed=8),
    "dark side": Scene(dark_side=True, floor=0.3, seed=9),
    "tilted": Scene(480, 640, (330, 40), -55, 28, 0, 370, ecg="scroll", seed=10),
    "small and cropped": Scene(112, 112, (56, 4), -40, 40, 0, 100, text="none", ecg="none", seed=11),
}


@dataclass(frozen=True, eq=False)
class SectorClip:
    """A rendered scene.

    frames_rgb: uint8 (T, H, W, 3). sector: bool (H, W) its true pixels.
    burned_in: bool (H, W) pixels of text, ticks or ECG in any frame that lie outside the sector.
    """

    frames_rgb: NDArray[np.uint8]
    sector: NDArray[np.bool_]
    burned_in: NDArray[np.bool_]


@lru_cache(maxsize=4)
def render(scene: Scene) -> SectorClip:
    """The cine of a scene, the same for the same scene."""
    random = np.random.default_rng(scene.seed)
    sector, radius, angle = _fan(scene)
    echo = _reflectivity(scene, random, radius, angle)
    speckle = _speckle(random, (scene.height, scene.width))
    frames = []
    overlays = []
    for index in range(scene.frames):
        phase = 2 * np.pi * index / scene.beat_frames
        tissue = _moved(echo * speckle, scene.motion * np.sin(phase), scene.apex)
        grey = scene.gain * tissue + scene.floor * random.rayleigh(0.8, sector.shape)
        picture = np.where(sector, np.clip(grey, 0, 255), 0).astype(np.uint8)
        rgb = np.repeat(picture[..., None], 3, axis=2)
        if scene.colour:
            _doppler(rgb, scene, phase)
        overlay = np.zeros_like(picture)
        _burn_in(overlay, scene, index)
        rgb = np.maximum(rgb, overlay[..., None])
        frames.append(rgb)
        overlays.append(overlay > 0)
    return SectorClip(np.stack(frames), sector, np.any(overlays, axis=0) & ~sector)


def noise_in_sector(scene: Scene) -> NDArray[np.uint8]:
    """uint8 (T, H, W, 3): fresh uniform noise in every frame, inside the scene's fan and black outside."""
    sector, _, _ = _fan(scene)
    random = np.random.default_rng(scene.seed)
    grey = random.integers(0, 256, (scene.frames, *sector.shape), dtype=np.uint8) * sector
    return np.repeat(grey[..., None], 3, axis=3)


def scaled(scene: Scene, factor: float) -> Scene:
    """The same scene at another size."""
    return replace(
        scene,
        height=round(scene.height * factor),
        width=round(scene.width * factor),
        apex=(scene.apex[0] * factor, scene.apex[1] * factor),
        near=scene.near * factor,
        depth=scene.depth * factor,
        motion=scene.motion * factor,
    )


def _fan(scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[: scene.height, : scene.width].astype(float)
    dx, dy = x - scene.apex[0], y - scene.apex[1]
    radius, angle = np.hypot(dx, dy), np.degrees(np.arctan2(dx, dy))
    inside = (radius >= scene.near) & (radius <= scene.depth)
    return inside & (angle >= scene.left_deg) & (angle <= scene.right_deg), radius, angle


def _reflectivity(
    scene: Scene, random: np.random.Generator, radius: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean echo amplitude: bright near field, walls, and two dark cavities."""
    depth = radius / scene.depth
    echo = 55 + 90 * np.exp(-depth / 0.12)
    middle = (scene.left_deg + scene.right_deg) / 2
    span = scene.right_deg - scene.left_deg
    for centre, where, wide, deep in ((0.45, 0.08, 0.16, 0.16), (0.72, -0.12, 0.2, 0.1)):
        lateral = (angle - middle) / span - where
        distance = np.hypot(lateral / wide, (depth - centre) / deep)
        echo = np.where(distance < 1, 2.0, echo + 70 * np.exp(-(((distance - 1.1) / 0.12) ** 2)))
    if scene.dark_side:
        dark = (angle < scene.left_deg + 0.3 * span) & (depth > 0.4)
        echo = np.where(dark, 0.0, echo)
    return np.asarray(echo * (1 + 0.1 * random.standard_normal()), dtype=float)


def _speckle(random: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Fully developed speckle: the magnitude of a smooth complex Gaussian field, mean near 1."""
    real, imaginary = (cv2.GaussianBlur(random.standard_normal(shape), (0, 0), 1.6) for _ in range(2))
    magnitude = np.hypot(real, imaginary)
    return np.asarray(magnitude / magnitude.mean())


def _moved(image: NDArray[np.float64], amplitude: float, apex: tuple[float, float]) -> NDArray[np.float64]:
    """The image displaced by a smooth field that swings with the beat."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    shift = amplitude * np.sin((y - apex[1]) / image.shape[0] * 4)
    map_x = (x + 0.7 * shift).astype(np.float32)
    map_y = (y + shift).astype(np.float32)
    return np.asarray(cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def _doppler(rgb: NDArray[np.uint8], scene: Scene, phase: float) -> None:
    """A jet in red or blue over the picture, in place."""
    centre = (int(scene.apex[0]), int(scene.apex[1] + 0.5 * scene.depth))
    jet = np.zeros(rgb.shape[:2], np.uint8)
    cv2.ellipse(jet, centre, (int(10 + 20 * abs(np.sin(phase))), 40), 15, 0, 360, 1, -1)
    rgb[jet > 0] = (200, 40, 0) if np.sin(phase) > 0 else (0, 60, 220)


def _burn_in(overlay: NDArray[np.uint8], scene: Scene, index: int) -> None:
    """Text, depth ticks and an ECG trace, in place."""
    height, width = overlay.shape
    if scene.text != "none":
        for row, words in enumerate(("DOE^JANE", "ID 123-45-67", "22/11/2026")):
            cv2.putText(overlay, words, (6, 18 + 18 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 200, 1)
        for tick in range(20, height - 20, 20):
            overlay[tick : tick + 2, width - 14 : width - 8] = 180
        cv2.putText(overlay, "MI 1.1", (width - 70, height // 3), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 200, 1)
    if scene.text == "touching":
        edge = np.radians(scene.right_deg)
        for share in (0.35, 0.6, 0.8):  # labels that start two pixels beside the right edge
            x = scene.apex[0] + share * scene.depth * np.sin(edge) + 3
            y = scene.apex[1] + share * scene.depth * np.cos(edge)
            cv2.putText(overlay, "JANE", (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 220, 1)
    if scene.ecg != "none":
        _ecg(overlay, scene, index)


def _ecg(overlay: NDArray[np.uint8], scene: Scene, index: int) -> None:
    """An ECG trace at the bottom: drawn behind a moving gap, or scrolling as a whole, in place."""
    height, width = overlay.shape
    x = np.arange(width)
    shift = 6 * index if scene.ecg == "scroll" else 0
    beat = ((x + shift) % 120) / 120
    trace = height - 14 - 10 * np.exp(-(((beat - 0.5) / 0.02) ** 2)) + 2 * np.sin(6.3 * beat)
    gap = (x - 9 * index) % width < 24 if scene.ecg == "sweep" else np.zeros(width, bool)
    for column, row, hidden in zip(x, trace, gap, strict=True):
        if not hidden:
            overlay[int(row) : int(row) + 2, column] = 210
