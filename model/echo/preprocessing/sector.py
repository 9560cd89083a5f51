"""Finds the ultrasound sector of a cine and tells which pixels may be shown; everything else is text or may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.cpu_kernels import brightness, opened
from model.echo.preprocessing.fan import Fan
from model.echo.sector_geometry.boxes import Box, bounds_of, box_mask, scaled_box
from model.echo.sector_geometry.finding import fills, find, regions_of
from model.echo.sector_geometry.orientation import is_mirrored

# Source of the numbers below: LOG 2026-11-22, rendered sectors with text, ticks and ECG, and real cines.
_LOOKED_AT = 24  # frames, evenly over the clip: enough for every pixel of a beating heart to change
_LONG_SIDE = 320  # pixels of the reduced picture in which the shape is found
_LIVE_STD = 0.6  # grey levels over time; text does not change, compression changes it by less
_STILL_SHARE = 0.002  # of the picture; a clock or a blinking marker changes about as much
_LINE_GREY = 40  # a line passes where a pixel is at times this much brighter than its 3×3 opening ...
_LINE_BODY = 0.25  # ... and the opening never reaches this share of it
_STROKE_PX = 7  # letters, ticks and markers have strokes thinner than this at 600 rows
_STROKE_GREY = 48
_STROKE_RANGE = 10  # a pixel that changes by less than this over the clip is drawn, not seen
_STROKE_APART = 0.7  # share of a stroke's surroundings that is black or moves
_BOX_KEEPS = 0.97  # a header's box that would cut off more of the live region is wrong (scaled pictures keep old boxes)


@dataclass(frozen=True, eq=False)
class Sector:
    """What may be shown of a cine, or of one of several pictures in it. The fan is in the picture's own pixels.

    fan: None for a zoomed view without edges. mask: bool (H, W) the sector without what is drawn over it.
    box: (x0, y0, x1, y1) the whole fan, as far as it lies within the picture. mirrored: right and left are exchanged.
    """

    fan: Fan | None
    mask: NDArray[np.bool_]
    box: Box
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """The sector of a cine, None without one; panels: the parts of the frame that several pictures seem to have."""

    sector: Sector | None = None
    panels: tuple[Box, ...] = ()


@dataclass(frozen=True, eq=False)
class Liveliness:
    """How each pixel behaves over a cine.

    std: float32 (h, w) of the reduced picture, 0 where only a thin line passes (an ECG).
    low, high: uint8 (H, W) extremes over the frames looked at.
    """

    std: NDArray[np.float32]
    low: NDArray[np.uint8]
    high: NDArray[np.uint8]

    @property
    def scale(self) -> float:
        """How many times as large the picture is as the reduced one."""
        return float(self.low.shape[0] / self.std.shape[0])

    @property
    def still(self) -> bool:
        """Next to nothing changes over the cine."""
        return bool((self.std > _LIVE_STD).mean() < _STILL_SHARE)


def is_live(seen: Liveliness) -> NDArray[np.bool_]:
    """Where the reduced picture changes: bool (h, w)."""
    return seen.std > _LIVE_STD


def looked_at(total: int) -> tuple[int, ...]:
    """Places, evenly among `total` frames, of those in which the sector is looked for."""
    return tuple(torch.linspace(0, total - 1, min(_LOOKED_AT, total)).long().tolist())


def liveliness(frames: torch.Tensor, index: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(std float32 (h, w), low uint8 (H, W), high uint8 (H, W)) over time, on the frames' device.

    frames: uint8 (T, H, W, 3). index: the t of them that are looked at. The brightest channel counts, so that blue
    Doppler lives as red does.
    """
    height, width = frames.shape[1:3]
    factor = max(1.0, max(height, width) / _LONG_SIDE)
    small, low, high = brightness(frames, index, (round(height / factor), round(width / factor)))
    brightest, thick = small.amax(dim=0), opened(small).amax(dim=0)
    line = (brightest - thick >= _LINE_GREY) & (thick <= _LINE_BODY * brightest)
    std = (small - small.mean(dim=0)).square_().mean(dim=0).sqrt_() * ~line  # torch's own std takes ten times as long
    smooth = torch.nn.functional.avg_pool2d(std[None], 3, stride=1, padding=1)[0]
    return smooth * (std > _LIVE_STD / 2), low, high


def look_at(frames: torch.Tensor, rows: Sequence[int] | None = None) -> Liveliness:
    """The liveliness of a cine, on the CPU, where shapes are found.

    frames: uint8 (T, H, W, 3) on any device. rows: those among which to look, all unless said.
    """
    among = range(len(frames)) if rows is None else rows
    chosen = [among[place] for place in looked_at(len(among))]
    return Liveliness(*(part.cpu().numpy() for part in liveliness(frames, chosen)))


def sector_of(seen: Liveliness, stated_box: Box | None = None) -> Sector | None:
    """The sector of a cine that shows one picture, or None where no fan of living pixels is found.

    stated_box: the region that the header names; it can only take away, unless a zoomed view fills it.
    """
    return look_for(seen, stated_box).sector


def look_for(seen: Liveliness, stated_box: Box | None = None) -> Found:
    """The sector of a cine as `sector_of` gives it, and the parts of the frame where it seems to show several."""
    regions = regions_of(is_live(seen))
    if not regions:
        return Found()
    everything = np.any(regions, axis=0)
    box = None if stated_box is None else scaled_box(stated_box, 1 / seen.scale)
    if stated_box is not None and box is not None and fills(everything, box):
        return Found(_zoomed(seen, stated_box))
    fan, panels = find(regions, box)
    sector = None if fan is None else _sector(seen, fan, everything, stated_box)
    return Found(sector, tuple(scaled_box(panel, seen.scale) for panel in panels))


def _sector(seen: Liveliness, fan: Fan, live: NDArray[np.bool_], stated: Box | None) -> Sector:
    """The sector of a fan of the reduced picture. live: bool (h, w) of that; stated: in the picture's own pixels."""
    height, width = seen.low.shape
    mask = fan.scaled(seen.scale).mask(height, width) & ~_drawn(seen)
    if stated is not None:
        within, inside = live & fan.mask(*live.shape), box_mask(scaled_box(stated, 1 / seen.scale), live.shape)
        if (within & inside).sum() >= _BOX_KEEPS * within.sum():
            mask &= box_mask(stated, mask.shape)
    whole = replace(fan, within=None).scaled(seen.scale)
    mirrored = is_mirrored(seen.low, seen.high, whole)
    return Sector(fan.scaled(seen.scale), mask, bounds_of(whole.mask(height, width)), mirrored)


def _zoomed(seen: Liveliness, box: Box) -> Sector:
    """The sector of a view that fills a box."""
    mask = box_mask(box, seen.low.shape)
    return Sector(None, mask & ~_drawn(seen), bounds_of(mask))


def _drawn(seen: Liveliness) -> NDArray[np.bool_]:
    """Bright strokes, bool (H, W), thin and the same in all frames: letters, ticks, caliper marks.

    Tissue that holds still has such strokes too, but among other still tissue; what is drawn stands out of the black
    or of what moves beneath it.
    """
    size = max(3, round(_STROKE_PX * seen.low.shape[0] / 600))
    low, span = seen.low.astype(np.int16), seen.high.astype(np.int16) - seen.low
    thick = cv2.morphologyEx(seen.low, cv2.MORPH_OPEN, np.ones((size, size), np.uint8))
    stroke = (low >= _STROKE_GREY) & (low - thick >= _STROKE_GREY // 2) & (span <= _STROKE_RANGE)
    apart = ((seen.high <= _STROKE_GREY // 2) | (span >= 2 * _STROKE_RANGE)) & ~stroke
    around, beside = (cv2.blur(part.astype(np.float32), (2 * size + 1, 2 * size + 1)) for part in (~stroke, apart))
    alone = (stroke & (beside >= _STROKE_APART * around)).astype(np.uint8)
    return np.asarray(cv2.dilate(alone, np.ones((3, 3), np.uint8)) > 0)
