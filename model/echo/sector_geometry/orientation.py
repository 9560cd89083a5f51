"""Which side the marker is on: a dot or logo beside the probe that scanners draw where the probe's notch points.

Adult laboratories show it right of the probe (Mitchell et al. 2019, ASE); where it is on the left alone, the picture is
mirrored, as some laboratories and children's hospitals show it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan

# All lengths are shares of the sector's depth. Source: LOG 2026-11-29, rendered and real cines.
_BESIDE = 0.3  # how far from the apex to either side a marker stands
_AROUND = 0.08  # how far above or below the probe's surface
_SIZE = (0.012, 0.06)  # of a marker; smaller are ticks, larger is text or a logo of the maker
_COMPACT = 0.45  # share of its box that it fills: dots, letters in circles
_ALONE = 1.0  # times its size: nothing else stands so near, as in words
_DRAWN_GREY = 70
_STILL = 10  # grey levels over the clip; a marker changes by less


def is_mirrored(low: NDArray[np.uint8], high: NDArray[np.uint8], fan: Fan) -> bool:
    """A marker stands left of the probe and none right. low, high: uint8 (H, W) extremes over the clip."""
    height = low.shape[0]
    depth = fan.far
    surface = fan.apex_y + fan.near
    middle = height - surface if fan.upside_down else surface
    y0, y1 = round(middle - _AROUND * depth), round(middle + _AROUND * depth)
    x0, x1 = round(fan.apex_x - _BESIDE * depth), round(fan.apex_x + _BESIDE * depth)
    rows, columns = slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1))
    drawn = (low[rows, columns] >= _DRAWN_GREY) & (high[rows, columns] - low[rows, columns] <= _STILL)
    drawn &= ~fan.mask(*low.shape)[rows, columns]
    places = _markers(drawn.astype(np.uint8), depth)
    apex = fan.apex_x - columns.start
    return any(x < apex for x in places) and not any(x > apex for x in places)


def _markers(drawn: NDArray[np.uint8], depth: float) -> list[float]:
    """Where compact marks of a marker's size stand alone, pixels from the left."""
    if not drawn.any():
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    boxes = [tuple(map(int, stats[label])) for label in range(1, count)]
    least, most = (share * depth for share in _SIZE)
    found = []
    for box in boxes:
        x, _, width, height, pixels = box
        fits = least <= min(width, height) and max(width, height) <= most and pixels >= _COMPACT * width * height
        reach = _ALONE * max(width, height)
        others = [other for other in boxes if other is not box]
        if fits and not any(_near(box, other, reach) for other in others):
            found.append(x + width / 2)
    return found


def _near(one: tuple[int, ...], other: tuple[int, ...], reach: float) -> bool:
    """The boxes (x, y, width, height, ...) are less than `reach` apart in both directions."""
    return all(
        max(one[axis] - other[axis] - other[axis + 2], other[axis] - one[axis] - one[axis + 2]) < reach
        for axis in (0, 1)
    )
