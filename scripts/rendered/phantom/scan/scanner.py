"""From echo power to the grey picture on a screen: log compression, a vendor's look, scan conversion."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.grid import BeamGrid
from scripts.rendered.phantom.scan.looks import Look

_MUSCLE_GREY = 0.47  # grey of the mean echo of myocardium (LOG 2026-11-22: compared with real cines)


def compress(power: NDArray[np.float32], look: Look, dynamic_range_db: float) -> NDArray[np.uint8]:
    """Grey levels (samples, beams) of echo power; `dynamic_range_db` is added to the look's own."""
    level = cv2.log(power + np.float32(1e-9))
    scale = 255 * (10 / np.log(10)) / (look.dynamic_range_db + dynamic_range_db)
    grey = cv2.convertScaleAbs(np.maximum(level * np.float32(scale) + np.float32(255 * _MUSCLE_GREY), 0))
    grey = cv2.LUT(grey, _grey_map(look))
    smooth = cv2.GaussianBlur(grey, (5, 5), look.smoothing_beams + 1e-3, sigmaY=look.smoothing_samples + 1e-3)
    if look.sharpening:
        wide = cv2.GaussianBlur(smooth, (7, 7), 1.8)
        smooth = cv2.addWeighted(smooth, 1 + look.sharpening, wide, -look.sharpening, 0)
    return np.asarray(smooth)


def _grey_map(look: Look) -> NDArray[np.uint8]:
    level = np.linspace(0, 1, 256)
    kept = np.clip((level - look.reject) / (1 - look.reject), 0, 1)
    return np.asarray(np.round(255 * kept**look.gamma), dtype=np.uint8)


def tint_table(look: Look) -> NDArray[np.uint8]:
    """(256, 1, 3) RGB of a grey level: tinted in the middle, neutral at both ends."""
    level = np.linspace(0, 1, 256)[:, None]
    weight = 4 * level * (1 - level)
    colour = level * (1 + weight * (np.array(look.tint) - 1))
    return np.asarray(np.round(255 * np.clip(colour, 0, 1)), dtype=np.uint8)[:, None]


@dataclass(frozen=True, eq=False)
class ScanConverter:
    """Maps beam pictures to a pixel raster.

    columns, rows: float32 (H, W) places in the beam picture. inside: bool (H, W) the sector.
    """

    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, grid: BeamGrid, apex: tuple[float, float], pixel_mm: float, shape: tuple[int, int]) -> "ScanConverter":
        """The converter to a raster of a shape whose pixel (apex x, apex y) is the probe."""
        x = (np.arange(shape[1], dtype=np.float32) + np.float32(0.5 - apex[0])) * np.float32(pixel_mm)
        y = (np.arange(shape[0], dtype=np.float32) + np.float32(0.5 - apex[1])) * np.float32(pixel_mm)
        across, down = np.meshgrid(x, y)
        radius, angle = np.hypot(across, down), np.arctan2(across, down)
        inside = (radius <= grid.depth_mm) & (np.abs(angle) <= grid.half_angle_rad)
        rows = radius / np.float32(grid.step_mm) - np.float32(0.5)
        columns = (angle + np.float32(grid.half_angle_rad)) / np.float32(grid.step_rad) - np.float32(0.5)
        return cls(columns.astype(np.float32), rows.astype(np.float32), np.asarray(inside))

    def convert(self, picture: NDArray[np.uint8], *, nearest: bool = False) -> NDArray[np.uint8]:
        """The raster of a beam picture (samples, beams) or (samples, beams, 3); zero outside the sector."""
        way = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        raster = cv2.remap(picture, self.columns, self.rows, way, borderMode=cv2.BORDER_REPLICATE)
        raster[~self.inside] = 0
        return np.asarray(raster)
