"""The parasternal long axis: the cavity's diameter and both walls, across the ventricle below the leaflets' tips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.chambers import CHAMBERS
from model.echo.tracing.outlines import FINER

_LEVEL = 0.32  # of the cavity's extent from the atrium: at the leaflets' tips (Lang et al. 2015, section 2.1.1)
_BAND = 0.05  # of that extent to both sides, over which the chords' median is taken
_LEAST_PIXELS = 120
_LV, _WALL, _LA = 1 + CHAMBERS.index("lv"), 1 + CHAMBERS.index("myocardium"), 1 + CHAMBERS.index("la")


@dataclass(frozen=True)
class LongAxis:
    """Lengths in network pixels. upper: towards the probe, the septum; lower: the posterior wall."""

    cavity: float
    upper_wall: float
    lower_wall: float


def long_axis(labels: NDArray[np.uint8]) -> LongAxis | None:
    """The lengths in one frame, None where cavity or atrium are not seen. labels: uint8 (s, s) of `fine_labels`."""
    y, x = np.nonzero(labels == _LV)
    atrium = np.nonzero(labels == _LA)
    if len(x) < _LEAST_PIXELS or len(atrium[0]) < _LEAST_PIXELS:
        return None
    points = np.stack([x, y], axis=1).astype(np.float64)
    middle = points.mean(axis=0)
    axis = np.linalg.eigh(np.cov((points - middle).T)).eigenvectors[:, -1]
    to_atrium = np.array([atrium[1].mean(), atrium[0].mean()]) - middle
    axis = axis if axis @ to_atrium >= 0 else -axis
    across = np.array([-axis[1], axis[0]])
    across = across if across[1] >= 0 else -across  # away from the probe
    along = (points - middle) @ axis
    extent = float(along.max() - along.min())
    chords = [
        _chord(labels, middle + axis * (along.max() - share * extent), across)
        for share in np.linspace(_LEVEL - _BAND, _LEVEL + _BAND, 5)
    ]
    return LongAxis(*(float(np.median([chord[part] for chord in chords])) / FINER for part in range(3)))


def _chord(labels: NDArray[np.uint8], centre: NDArray[np.float64], across: NDArray[np.float64]) -> list[float]:
    """[cavity, upper wall, lower wall] along one line, in mask pixels."""
    steps = np.arange(-labels.shape[0], labels.shape[0], 0.25)
    where = (centre + steps[:, None] * across).round().astype(int)
    kept = ((where >= 0) & (where < labels.shape[0])).all(axis=1)
    seen = labels[where[kept, 1], where[kept, 0]]
    cavity = np.flatnonzero(seen == _LV)
    if not len(cavity):
        return [0.0, 0.0, 0.0]
    upper = (seen[: cavity[0]] == _WALL)[::-1]
    lower = seen[cavity[-1] + 1 :] == _WALL
    return [0.25 * (cavity[-1] - cavity[0] + 1), *(0.25 * _first_piece(part) for part in (upper, lower))]


def _first_piece(is_wall: NDArray[np.bool_]) -> int:
    """Length of the wall that begins here."""
    ends = np.flatnonzero(~is_wall)
    return int(ends[0]) if len(ends) else len(is_wall)
