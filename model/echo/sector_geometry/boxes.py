"""Boxes of pixels: (x0, y0, x1, y1), x1 and y1 exclusive."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.cpu_kernels import Box

__all__ = ["Box", "area", "bounds_of", "box_mask", "common_area", "in_reading_order", "scaled_box", "union"]


def area(box: Box) -> int:
    """Pixels in the box, 0 where it is empty."""
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def common_area(one: Box, other: Box) -> int:
    """Pixels in both boxes."""
    return area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))


def union(one: Box, other: Box) -> Box:
    """The smallest box around both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def in_reading_order(boxes: Sequence[Box]) -> list[Box]:
    """The boxes row by row from the top; those that begin above the middle of a row's first are of that row."""
    rest, ordered = sorted(boxes, key=lambda box: (box[1], box[0])), []
    while rest:
        row = [box for box in rest if box[1] < (rest[0][1] + rest[0][3]) / 2]
        ordered += sorted(row)
        rest = rest[len(row) :]
    return ordered


def scaled_box(box: Box, factor: float) -> Box:
    """The box in a picture `factor` times as large, to whole pixels."""
    x0, y0, x1, y1 = (round(side * factor) for side in box)
    return x0, y0, x1, y1


def box_mask(box: Box, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels of a box, bool of that size (H, W)."""
    inside = np.zeros(size, dtype=bool)
    inside[max(0, box[1]) : box[3], max(0, box[0]) : box[2]] = True
    return inside


def bounds_of(mask: NDArray[np.bool_]) -> Box:
    """The smallest box around the true pixels of a mask that has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def is_within(box: Box, size: Sequence[int]) -> bool:
    """Whether a box lies within a picture of that size (H, W)."""
    return min(box) >= 0 and box[2] <= size[1] and box[3] <= size[0]
