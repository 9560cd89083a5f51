"""Finds the ultrasound sector of a cine and tells which pixels may be shown; everything else is text or may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.cpu_kernels import brightness, opened
from model.echo.preprocessing.fan import Fan, fit_fan

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
    """What may be shown of a cine. The fan is in the picture's own pixels.

    mask: bool (H, W) the sector without what is drawn over it. box: (x0, y0, x1, y1) the fan within the picture.
    """

    fan: Fan
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


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
    def still(self) -> bool:
        """Next to nothing changes over the cine."""
        return bool((self.std > _LIVE_STD).mean() < _STILL_SHARE)


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


def sector_of(seen: Liveliness, stated_box: tuple[int, int, int, int] | None = None) -> Sector | None:
    """The sector of a cine, or None where no fan of living pixels is found.

    stated_box: the region that the header names; it can only take away.
    """
    height, width = seen.low.shape
    scale = height / seen.std.shape[0]
    for region in _regions(seen.std > _LIVE_STD):
        fan = _fit_either_way_up(region)
        if fan is None:
            continue
        fan = fan.scaled(scale)
        shape = fan.mask(height, width)
        mask = shape & ~_drawn(seen) & _within(stated_box, region, (height, width))
        return Sector(fan, mask, _bounds(shape))
    return None


def _regions(live: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The two largest connected regions of live pixels, thin lines (an ECG, a tick) removed first."""
    pixels = live.astype(np.uint8)
    closed = cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    order = sorted(range(1, count), key=lambda label: -stats[label, cv2.CC_STAT_AREA])[:2]
    smallest = 0.01 * live.size
    return [labels == label for label in order if stats[label, cv2.CC_STAT_AREA] >= smallest]


def _fit_either_way_up(region: NDArray[np.bool_]) -> Fan | None:
    """The fan with its apex up or, as some children's laboratories show it, down."""
    upright = fit_fan(region)
    if upright is not None:
        return upright
    inverted = fit_fan(np.flipud(region))
    return None if inverted is None else replace(inverted, upside_down=True)


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


def _within(
    box: tuple[int, int, int, int] | None, region: NDArray[np.bool_], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """The stated box where it fits the live region, else everything: bool (H, W)."""
    everything = np.ones(size, dtype=bool)
    if box is None:
        return everything
    inside = np.zeros(size, dtype=bool)
    inside[max(0, box[1]) : box[3], max(0, box[0]) : box[2]] = True
    reduced = cv2.resize(inside.astype(np.uint8), region.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return inside if (region & reduced).sum() >= _BOX_KEEPS * region.sum() else everything


def _bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the true pixels, x1 and y1 exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
