"""The sectors of all pictures in a frame, each looked for in its own part of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan
from model.echo.preprocessing.sector import Found, Liveliness, Sector, is_live, look_at, look_for
from model.echo.sector_geometry.boxes import Box, scaled_box
from model.echo.sector_geometry.finding import regions_of
from model.echo.sector_geometry.panels import are_apart
from model.echo.sector_geometry.stated import are_believed, separate_boxes
from model.echo.sector_geometry.traces import may_leave, trace_pixels

_BESIDE = 0.06  # of a sector's height: so far above and below it a trace that touches it is looked for


@dataclass(frozen=True, eq=False)
class Cine:
    """The frames in which sectors are looked for. frames: uint8 (T, H, W, 3). rows: those that are read."""

    frames: torch.Tensor
    rows: Sequence[int]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.frames.shape[1:3]
        return height, width

    def part(self, box: Box) -> "Cine":
        """A part of the frames as a cine of its own."""
        x0, y0, x1, y1 = box
        return Cine(self.frames[:, y0:y1, x0:x1], self.rows)


def sectors_of(cine: Cine, seen: Liveliness, stated: Sequence[Box]) -> tuple[Sector | None, ...]:
    """The sectors of the pictures in a cine, in reading order; empty where there is one picture and no sector.

    seen: of the whole cine. stated: the 2D regions that the header names. None stands for one of several pictures in
    which no sector is found.
    """
    boxes = separate_boxes(stated)
    if len(boxes) > 1 and _are_live(seen, boxes):
        return tuple(_sector_within(cine, box, is_stated=True) for box in boxes)
    found = _look_for(cine, seen, boxes[0] if len(boxes) == 1 else None)
    if found.panels:
        sectors = tuple(_sector_within(cine, box) for box in found.panels)
        if are_apart([sector.fan for sector in sectors if sector is not None and sector.fan is not None]):
            return sectors
    return () if found.sector is None else (found.sector,)


def _are_live(seen: Liveliness, boxes: Sequence[Box]) -> bool:
    """What moves lies in the boxes."""
    regions = regions_of(is_live(seen))
    reduced = [scaled_box(box, 1 / seen.scale) for box in boxes]
    return bool(regions) and are_believed(np.any(regions, axis=0), reduced)


def _look_for(cine: Cine, seen: Liveliness, stated: Box | None) -> Found:
    """What is found once a trace that touches or crosses the sector is taken away."""
    found = look_for(seen, stated)
    if found.sector is None and (found.panels or seen.still):
        return found
    height, width = cine.size
    _, y0, _, y1 = (0, 0, width, height) if found.sector is None else found.sector.box
    beside = round(_BESIDE * (y1 - y0))
    around = (0, y0 - beside, width, y1 + beside)  # a trace is told from walls where it leaves the sector
    fan = None if found.sector is None or found.sector.fan is None else found.sector.fan.mask(height, width)
    if fan is not None and not may_leave(seen.low, seen.high, around, fan):
        fan = None
    trace = trace_pixels(cine.frames, range(len(cine.frames)), around, fan)
    if trace is None:
        return found
    again = look_for(_without(seen, trace), stated)
    sector = again.sector or found.sector
    return again if sector is None else replace(again, sector=replace(sector, mask=sector.mask & ~trace))


def _without(seen: Liveliness, trace: NDArray[np.bool_]) -> Liveliness:
    """The same without what lives only because a trace passes."""
    height, width = seen.std.shape
    passed = cv2.resize(trace.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0
    rest = is_live(seen) & ~passed
    above, below = np.maximum.accumulate(rest, axis=0), np.maximum.accumulate(rest[::-1], axis=0)[::-1]
    between = above & below  # what lives on both sides of a trace lives beneath it
    return replace(seen, std=np.where(passed & ~between, np.float32(0), seen.std))


def _sector_within(cine: Cine, box: Box, *, is_stated: bool = False) -> Sector | None:
    """The sector of a part of the cine in the whole picture's pixels; nothing beyond the part."""
    x0, y0, x1, y1 = box
    part = cine.part(box)
    seen = look_at(part.frames, part.rows)
    sector = _look_for(part, seen, (0, 0, x1 - x0, y1 - y0) if is_stated else None).sector
    if sector is None:
        return None
    mask = np.zeros(cine.size, dtype=bool)
    mask[y0:y1, x0:x1] = sector.mask
    left, top, right, bottom = sector.box
    fan = None if sector.fan is None else _in_whole(sector.fan, box, cine.size[0])
    return replace(sector, fan=fan, mask=mask, box=(left + x0, top + y0, right + x0, bottom + y0))


def _in_whole(fan: Fan, box: Box, height: int) -> Fan:
    """The fan of a part of a picture of that height in the whole picture's pixels."""
    x0, y0, x1, y1 = box
    moved = fan.moved(x0, height - y1 if fan.upside_down else y0)
    left, top, right, bottom = fan.within or (0, 0, x1 - x0, y1 - y0)
    return replace(moved, within=(left + x0, top + y0, right + x0, bottom + y0))
