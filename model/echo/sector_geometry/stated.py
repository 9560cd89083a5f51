"""The 2D regions that a header names: several are pictures of their own, one may stand for a fan without edges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.echo.sector_geometry.boxes import Box, area, box_mask, common_area, in_reading_order, union

_SAME = 0.2  # of the smaller region in common: a colour box within its tissue region is no second picture
_LIES_WITHIN = 0.9  # of all that lives: else the regions are those of another picture (scaled files keep old ones)


def separate_boxes(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, those that overlap put together, in reading order."""
    kept: list[Box] = []
    for box in boxes:
        joined, apart = box, []
        for other in kept:
            if common_area(joined, other) > _SAME * min(area(joined), area(other)):
                joined = union(joined, other)
            else:
                apart.append(other)
        kept = [*apart, joined]
    return separate_boxes(kept) if len(kept) < len(boxes) else in_reading_order(kept)


def are_believed(live: NDArray[np.bool_], boxes: Sequence[Box]) -> bool:
    """Nearly all that lives, bool (H, W), lies within the boxes."""
    inside = np.any([box_mask(box, live.shape) for box in boxes], axis=0)
    return bool((live & inside).sum() >= _LIES_WITHIN * live.sum())
