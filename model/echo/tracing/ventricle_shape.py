"""The shape of the left ventricle in one plane: its long axis, and its diameters across it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.outlines import FINER

DISKS = 20  # Lang et al. 2015, section 2.1.2
_BASE_SHARE, _TIP_SHARE = 0.06, 0.02  # parts of the pixels at both ends whose middle is taken as the end
_LEAST_PIXELS = 60  # of a mask; no shape can be told from less


@dataclass(frozen=True, eq=False)
class VentricleShape:
    """In network pixels. base, apex: ends of the long axis. diameters: (DISKS,) across it, from the apex on."""

    base: NDArray[np.float64]
    apex: NDArray[np.float64]
    diameters: NDArray[np.float64]
    area: float

    @property
    def length(self) -> float:
        """Of the long axis."""
        return float(np.hypot(*(self.apex - self.base)))

    @property
    def disks_volume(self) -> float:
        """By the method of disks in this plane alone, in cubic pixels."""
        return disks_volume(self.length, self.diameters, self.diameters)

    @property
    def area_length_volume(self) -> float:
        """8 A² / 3 π L, in cubic pixels."""
        return 8 * self.area**2 / (3 * np.pi * max(self.length, 1e-6))


def disks_volume(length: float, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Volume from the diameters in two planes (Lang et al. 2015, section 2.1.2)."""
    return float(np.pi / 4 * (first * second).sum() * length / len(first))


def ventricle_shape(mask: NDArray[np.bool_], towards_base: NDArray[np.float64] | None = None) -> VentricleShape | None:
    """The shape of a mask; None where it is too small. mask: bool (s, s) of `fine_labels`.

    towards_base: where the atrium lies, in network pixels; without it the base is below, away from an apical probe.
    """
    y, x = np.nonzero(mask)
    if len(x) < _LEAST_PIXELS:
        return None
    points = (np.stack([x, y], axis=1) + 0.5) / FINER
    middle = points.mean(axis=0)
    spread = np.linalg.eigh(np.cov((points - middle).T))
    axis = np.asarray(spread.eigenvectors[:, -1])  # from apex to base
    wanted = np.array([0.0, 1.0]) if towards_base is None else towards_base - middle
    axis = axis if axis @ wanted >= 0 else -axis
    for _ in range(2):
        along = (points - middle) @ axis
        base = points[along >= np.quantile(along, 1 - _BASE_SHARE)].mean(axis=0)
        apex = points[along <= np.quantile(along, _TIP_SHARE)].mean(axis=0)
        axis = (base - apex) / max(1e-9, float(np.hypot(*(base - apex))))
    along = (points - middle) @ axis
    low, high = along.min() - 0.5 / FINER, along.max() + 0.5 / FINER
    centre = float(((points - middle) @ np.array([-axis[1], axis[0]])).mean())
    across = np.array([-axis[1], axis[0]]) * centre
    counts, _ = np.histogram(along, bins=DISKS, range=(low, high))
    diameters = counts / FINER**2 / ((high - low) / DISKS)
    return VentricleShape(middle + across + axis * high, middle + across + axis * low, diameters, len(x) / FINER**2)
