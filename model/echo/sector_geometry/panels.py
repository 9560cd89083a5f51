"""Several pictures in one frame: dual, quad, side by side. Each has its own fan; one fan over two hearts has none.

Two fans beside each other have two apexes and a gap between that opens upwards. A sector with a shadow from the probe
down has such a gap too, but both its halves meet in one apex.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan
from model.echo.sector_geometry.boxes import Box, bounds_of, box_mask, in_reading_order
from model.echo.sector_geometry.fitting import agreement, fan_of

_NOTCH = 0.12  # of a region's height: the live outline's dip between two apexes is deeper
_NOTCH_WIDE = 0.08  # of a region's width: a rib's shadow or a line of text is narrower
_VALLEY = 0.6  # of what the smaller side reaches: live pixels in the row or column between two pictures
_CENTRAL = 0.2  # a border between pictures lies at least this share of a region's side from its ends
_SMALLEST = 0.15  # of all live pixels: a picture of its own holds more
_APART = 0.5  # of the smaller radius: nearer apexes are one
_ALIGNED = 0.35  # of the smaller radius: apexes of pictures side by side are no more apart in the other direction
_ALIKE = 2.0  # times as large: screens give pictures beside each other about the same size
_AGREES = 0.5  # of a part and its fan together: half of it in common, dark corners allowed for
_CLEAR = 0.8  # of a part and its fan together: so clear a fan is not looked at for a border
_PADDING_PX = 3  # around a part, so that its own outline is not taken for the border that cuts it off
_LEVELS = 2  # two cuts of a picture give four


def looks_divided(live: NDArray[np.bool_]) -> bool:
    """The region's outline has two summits above, below, or on both sides: bool (H, W) of one region.

    Cheap, and more often true than right.
    """
    x0, y0, x1, y1 = bounds_of(live)
    region = live[y0:y1, x0:x1]
    if _has_notch(region) or _has_notch(np.flipud(region)):
        return True
    return _has_notch(region.T) and _has_notch(np.flipud(region.T))


def _has_notch(region: NDArray[np.bool_]) -> bool:
    """The outline falls and rises again between two columns, seen from above."""
    height, width = region.shape
    top = np.where(region.any(axis=0), region.argmax(axis=0), height)
    from_left, from_right = np.minimum.accumulate(top), np.minimum.accumulate(top[::-1])[::-1]
    deep = top - np.maximum(from_left, from_right)
    return bool((deep > _NOTCH * height).sum() > _NOTCH_WIDE * width)


def panels_of(live: NDArray[np.bool_]) -> list[Box]:
    """The part of the frame that each of several pictures has, in reading order; none where it is not several.

    live: bool (H, W) all live regions of the frame. The parts are (x0, y0, x1, y1) and fill the frame.
    """
    height, width = live.shape
    parts = _divided(live, (0, 0, width, height), _LEVELS)
    return in_reading_order([part.box for part in parts])


def are_apart(fans: list[Fan]) -> bool:
    """The fans are of several pictures, in rows or columns and of about one size; not pieces of one sector."""
    pairs = [_relation(one, other) for one, other in combinations(fans, 2)]
    aligned = {fan for pair, relation in zip(combinations(range(len(fans)), 2), pairs, strict=True)
               if relation == "beside" for fan in pair}  # fmt: skip
    return len(fans) > 1 and "one" not in pairs and len(aligned) == len(fans)


def _relation(one: Fan, other: Fan) -> Literal["one", "beside", "across"]:
    """Whether two fans are pieces of one, beside or beneath each other, or across a corner."""
    smaller, larger = sorted((one.far, other.far))
    across, down = abs(one.apex_x - other.apex_x) / smaller, abs(one.apex_y - other.apex_y) / smaller
    if max(across, down) < _APART or larger > _ALIKE * smaller or one.upside_down != other.upside_down:
        return "one"
    return "beside" if min(across, down) <= _ALIGNED else "across"


@dataclass(frozen=True)
class _Part:
    """A part of the frame with its fan in the frame's pixels. agreement: of the fan and what lives in the part."""

    box: Box
    fan: Fan
    agreement: float


def _divided(live: NDArray[np.bool_], box: Box, levels: int) -> list[_Part]:
    """The parts that one or two cuts from side to side make of a box of the frame; each must have a fan of its own."""
    within = live & box_mask(box, live.shape)
    if not within.any():
        return []
    x0, y0, x1, y1 = bounds_of(within)
    for axis in (1, 0):
        at = _border(within[y0:y1, x0:x1].sum(axis=1 - axis))
        if at is None:
            continue
        halves = _cut(box, axis, at + (x0, y0)[1 - axis])
        if min((within & box_mask(half, live.shape)).sum() for half in halves) < _SMALLEST * within.sum():
            continue
        found = [_parts_of(live, half, levels - 1) for half in halves]
        parts = [part for group in found for part in group]
        if all(found) and are_apart([part.fan for part in parts]):
            return parts
    return []


def _cut(box: Box, axis: int, at: int) -> tuple[Box, Box]:
    """The box cut at a column (axis 1) or row (axis 0)."""
    x0, y0, x1, y1 = box
    return ((x0, y0, at, y1), (at, y0, x1, y1)) if axis else ((x0, y0, x1, at), (x0, at, x1, y1))


def _parts_of(live: NDArray[np.bool_], box: Box, levels: int) -> list[_Part]:
    """A box as one part, or as the parts of it where their fans fit better; empty where neither has fans."""
    within = live & box_mask(box, live.shape)
    whole = _whole(within, box)
    fits = 0.0 if whole is None else whole.agreement
    parts = _divided(live, box, levels) if levels and (fits < _CLEAR or looks_divided(within)) else []
    if parts and np.mean([part.agreement for part in parts]) > fits:
        return parts
    return [] if whole is None or fits < _AGREES else [whole]


def _whole(within: NDArray[np.bool_], box: Box) -> _Part | None:
    """A box as one part. within: bool (H, W) what lives in it."""
    x0, y0, x1, y1 = bounds_of(within)
    padded = np.pad(within[y0:y1, x0:x1], _PADDING_PX)
    fan = fan_of(padded)
    if fan is None:
        return None
    above = within.shape[0] - y1 if fan.upside_down else y0
    return _Part(box, fan.moved(x0 - _PADDING_PX, above - _PADDING_PX), agreement(fan, padded))


def _border(counts: NDArray[np.integer]) -> int | None:
    """Where a line of live pixels' counts has its valley between two pictures: an empty gap, or where least live."""
    length = len(counts)
    first, last = round(_CENTRAL * length), length - round(_CENTRAL * length)
    if last - first < 2:
        return None
    middle = counts[first:last]
    lowest = np.flatnonzero(middle == middle.min())
    at = first + int(lowest[len(lowest) // 2])
    reached = min(counts[:at].max(initial=0), counts[at:].max(initial=0))
    return at if counts[at] <= _VALLEY * reached else None
