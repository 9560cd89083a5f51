"""Grids of picture points: the scanner's beams, and the screen. Distances are computed on a coarse grid and refined."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Field

REFINEMENT = (
    4  # coarse cells are this many fine ones in each direction; distances are smooth, edges come from their zero
)
SAMPLES, BEAMS = 256, 128  # range samples and beams of a frame


@dataclass(frozen=True, eq=False)
class BeamGrid:
    """Points along the beams of a sector: rows are range samples, columns are beams from left to right."""

    depth_mm: float
    half_angle_rad: float
    samples: int = SAMPLES
    beams: int = BEAMS

    @property
    def step_mm(self) -> float:
        """Distance between range samples."""
        return self.depth_mm / self.samples

    @property
    def step_rad(self) -> float:
        """Angle between beams."""
        return 2 * self.half_angle_rad / self.beams

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, beams)."""
        return self.samples, self.beams

    def range_mm(self, refinement: int = 1) -> NDArray[np.float32]:
        """Ranges of the rows; `refinement` > 1 gives the coarse grid."""
        rows = self.samples // refinement
        return ((np.arange(rows) + 0.5) * (self.depth_mm / rows)).astype(np.float32)

    def angle_rad(self, refinement: int = 1) -> NDArray[np.float32]:
        """Angles of the columns from straight down, left negative."""
        columns = self.beams // refinement
        step = 2 * self.half_angle_rad / columns
        return ((np.arange(columns) + 0.5) * step - self.half_angle_rad).astype(np.float32)

    def coarse(self) -> tuple[Field, Field]:
        """(lateral, depth) mm of the coarse points, (rows, columns) each."""
        ranges, angles = self.range_mm(REFINEMENT)[:, None], self.angle_rad(REFINEMENT)[None]
        return ranges * np.sin(angles), ranges * np.cos(angles)

    def to_pixels(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """(column, row) of picture points (..., 2) = (lateral, depth) mm; whole numbers are centres of fine cells."""
        lateral, depth = points_mm[..., 0], points_mm[..., 1]
        row = np.hypot(lateral, depth) / self.step_mm - 0.5
        column = (np.arctan2(lateral, depth) + self.half_angle_rad) / self.step_rad - 0.5
        return np.stack([column, row], axis=-1)


@dataclass(frozen=True, eq=False)
class ScreenGrid:
    """Points of a rectangular picture. `origin_mm` is the upper left corner relative to the probe."""

    origin_mm: tuple[float, float]
    step_mm: float
    shape: tuple[int, int]

    def coarse(self) -> tuple[Field, Field]:
        """(lateral, depth) mm of the coarse points."""
        rows, columns = self.shape[0] // REFINEMENT, self.shape[1] // REFINEMENT
        step = self.step_mm * REFINEMENT
        lateral = self.origin_mm[0] + (np.arange(columns, dtype=np.float32) + 0.5) * step
        depth = self.origin_mm[1] + (np.arange(rows, dtype=np.float32) + 0.5) * step
        across, down = np.meshgrid(lateral, depth)
        return across.astype(np.float32), down.astype(np.float32)

    def to_pixels(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """(column, row) of picture points (..., 2) = (lateral, depth) mm."""
        return np.asarray((points_mm - np.array(self.origin_mm)) / self.step_mm - 0.5)


Grid = BeamGrid | ScreenGrid


def paint(labels: NDArray[np.uint8], field: Field, value: int) -> None:
    """Sets labels (T, fine rows, fine columns) to a value where the coarse field (T, rows, columns) is negative."""
    near = np.any(field < 6.0, axis=0)  # mm: no zero crossing further away than a coarse cell
    rows, columns = np.flatnonzero(np.any(near, axis=1)), np.flatnonzero(np.any(near, axis=0))
    if not len(rows):
        return
    r0, r1 = max(0, rows[0] - 1), min(near.shape[0], rows[-1] + 2)
    c0, c1 = max(0, columns[0] - 1), min(near.shape[1], columns[-1] + 2)
    size = (c1 - c0) * REFINEMENT, (r1 - r0) * REFINEMENT
    target = labels[:, r0 * REFINEMENT : r1 * REFINEMENT, c0 * REFINEMENT : c1 * REFINEMENT]
    for frame, part in enumerate(field[:, r0:r1, c0:c1]):
        fine = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR)
        np.copyto(target[frame], np.uint8(value), where=fine < 0)
