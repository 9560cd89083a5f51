"""A moving ECG or breathing trace that touches or crosses the sector: found by what it is, a long thin drawn line.

Flow is coloured too, but it fills areas; walls are bright and long too, but speckled and not everywhere of one grey.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.sector_geometry.boxes import Box

# Source of the numbers below: LOG 2026-11-29, rendered clips with traces of eight colours in five places.
_THICK = 1 / 80  # of the picture's height; a drawn line is thinner ...
_THICK_PX = 5  # ... or thinner than this
_LONG = 0.12  # of the part's width: letters and pieces of walls are shorter
_VIVID = 60  # grey levels between a pixel's channels; tinted grey has less
_BRIGHT = 70  # grey levels above the opened picture: a line without colour
_UNIFORM = 0.12  # of its brightness: how far a drawn line's pixels are from it, compression included
_HUE = 12  # of OpenCV's 180: how far a trace's pixels are from its own hue, compression included
_LOOKED_AT = 4  # frames; a trace that is swept over the screen is not long in all of them ...
_IN_FRAMES = 2  # ... but in so many
_SAME = 0.97  # of the pixels in common: a line that stands still
_ONE_PEN = 0.8  # of a line's pixels have its hue
_HALO_PX = 2  # around a line: compression spreads its colour
# A pen passes a column once, at a spike's flanks or where traces cross a few times; colours that a palette dithers pass
# it at every few pixels. Source: LOG 2026-11-30, real clips as GIF and back: 9 and more; rendered traces: 1 to 2.
_CROSSINGS = 4


@dataclass(frozen=True)
class Trace:
    """How the line looks. hue: OpenCV's, of 180; None for a white or grey one. grey: its brightness then."""

    hue: int | None
    grey: int


def trace_pixels(
    frames: torch.Tensor, rows: Sequence[int], box: Box, sector: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_] | None:
    """The pixels that a moving trace passes in the box, bool (H, W) of the whole picture; None where there is none.

    frames: uint8 (T, H, W, 3). rows: those that are read; a few tell whether there is a trace, then all are looked at.
    sector: bool (H, W) the whole fan. A line without colour is only told from walls where it leaves the sector.
    """
    height, width = frames.shape[1:3]
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    part = frames[:, y0:y1, x0:x1].cpu().numpy()
    size = max(_THICK_PX, round(_THICK * height))
    few = sorted({rows[place] for place in np.linspace(0, len(rows) - 1, _LOOKED_AT).astype(int)})
    passed = _passed(part, rows, few, lambda frame: _coloured(frame, size), size)
    if passed is None and sector is not None:
        outside = (~sector[y0:y1, x0:x1]).astype(np.uint8)
        passed = _passed_without_colour(part, rows, few, outside, size)
    if passed is None:
        return None
    whole = np.zeros((height, width), bool)
    whole[y0:y1, x0:x1] = cv2.dilate(passed.astype(np.uint8), np.ones((2 * _HALO_PX + 1,) * 2, np.uint8)) > 0
    return whole


def may_leave(low: NDArray[np.uint8], high: NDArray[np.uint8], box: Box, sector: NDArray[np.bool_]) -> bool:
    """As many pixels outside the sector light up and go dark again as a trace has; cheap, from the extremes over time.

    low, high: uint8 (H, W). sector: bool (H, W).
    """
    rows = slice(max(0, box[1]), max(0, box[3]))
    lights_up = cv2.subtract(high[rows], low[rows]) >= _BRIGHT
    return bool((lights_up & ~sector[rows]).sum() >= _LONG * low.shape[1] / 4)  # most of a swept trace stays


def _passed(
    part: NDArray[np.uint8], rows: Sequence[int], few: Sequence[int], look: "_Look", size: int
) -> NDArray[np.bool_] | None:
    """The pixels that a trace of a kind passes in all rows, None where the few show none: bool (h, w)."""
    found: dict[int, NDArray[np.bool_]] = {}
    for looked_at, row in enumerate(reversed(few), start=1):
        lines = _longest(look(part[row]))
        if lines is not None:
            found[row] = lines
        if looked_at >= _IN_FRAMES and not found:
            return None
    if len(found) < _IN_FRAMES:
        return None
    clearest = max(found, key=lambda row: int(found[row].sum()))
    trace = _looks(part[clearest], found[clearest])
    if trace is None:
        return None
    own = [_like(part[row], look(part[row]), trace, size) for row in found]
    if _stand_still([each for each in own if each is not None]):
        return None
    passes = (_like(part[row], look(part[row]), trace, size) for row in rows)
    return np.asarray(np.any([each for each in passes if each is not None], axis=0))


def _passed_without_colour(
    part: NDArray[np.uint8], rows: Sequence[int], few: Sequence[int], outside: NDArray[np.uint8], size: int
) -> NDArray[np.bool_] | None:
    """The same for a white or grey line: found outside the sector, followed into it within the rows it keeps to."""

    def look(frame: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        lines = _grey(frame, size)
        return None if lines is None else lines & outside

    beyond = _passed(part, rows, few, look, size)
    if beyond is None:
        return None
    kept = np.flatnonzero(beyond.any(axis=1))
    grey = int(np.median(part[few[-1]].max(axis=2)[beyond & (_grey_or_none(part[few[-1]], size) > 0)]))
    passed = beyond.copy()
    for row in rows:
        alike = np.abs(_brightest(part[row]).astype(np.int16) - grey) <= _UNIFORM * grey
        alike[: kept[0]] = alike[kept[-1] + 1 :] = False
        passed |= alike & (_grey_or_none(part[row], size) > 0)
    return passed


def _stand_still(lines: list[NDArray[np.bool_]]) -> bool:
    """The lines of all frames are nearly the same, drawn on the screen and no trace, or too few to tell."""
    if len(lines) < _IN_FRAMES:
        return True
    common, ever = np.all(lines, axis=0), np.any(lines, axis=0)
    return bool(common.sum() >= _SAME * ever.sum())


_Look = Callable[[NDArray[np.uint8]], NDArray[np.uint8] | None]


def _coloured(frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8] | None:
    """1 where a thin coloured line passes that is not the rim of a coloured area: uint8 (h, w), None without colour."""
    few = _LONG * frame.shape[1] / 4
    if cv2.countNonZero(cv2.threshold(_span(frame[:, ::2]), _VIVID - 1, 1, cv2.THRESH_BINARY)[1]) < few:
        return None  # half of the columns tell that there is no colour
    vivid = cv2.threshold(_span(frame), _VIVID - 1, 1, cv2.THRESH_BINARY)[1]
    square = np.ones((size, size), np.uint8)
    area = cv2.dilate(cv2.morphologyEx(vivid, cv2.MORPH_OPEN, square), square)
    return np.where(area > 0, 0, vivid).astype(np.uint8)


def _grey(frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8] | None:
    """1 where a thin bright line passes: uint8 (h, w), None where none does."""
    above = cv2.morphologyEx(_brightest(frame), cv2.MORPH_TOPHAT, np.ones((size, size), np.uint8))
    lines = cv2.threshold(above, _BRIGHT - 1, 1, cv2.THRESH_BINARY)[1]
    if cv2.countNonZero(lines):
        lines = np.where(_span(frame) >= _VIVID, 0, lines).astype(np.uint8)
    return None if cv2.countNonZero(lines) < _LONG * frame.shape[1] else np.asarray(lines)


def _span(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far each pixel's channels are apart."""
    red, green, blue = cv2.split(frame)
    return np.asarray(cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)))


def _brightest(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(frame)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def _grey_or_none(frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The lines of `_grey`, zeros where none passes."""
    lines = _grey(frame, size)
    return np.zeros(frame.shape[:2], np.uint8) if lines is None else lines


def _longest(lines: NDArray[np.uint8] | None) -> NDArray[np.bool_] | None:
    """The connected lines that are long enough for a trace: bool (h, w), None without any."""
    if lines is None:
        return None
    joined = cv2.dilate(lines, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    widths = stats[:, cv2.CC_STAT_WIDTH]
    is_long = widths >= _LONG * lines.shape[1]
    is_long[0] = False
    if is_long.any():
        begins = labels[1:][(lines[1:] > 0) & (lines[:-1] == 0)]
        is_long &= np.bincount(begins, minlength=len(widths)) <= _CROSSINGS * widths
    return is_long[labels] & (lines > 0) if is_long.any() else None


def _looks(frame: NDArray[np.uint8], line: NDArray[np.bool_]) -> Trace | None:
    """How a line looks, None where it is not drawn with one pen."""
    pixels = frame[line]
    if np.median(np.ptp(pixels, axis=1)) < _VIVID:
        along = np.where(line, _brightest(frame), 0).max(axis=0).astype(np.float32)
        grey = int(np.median(along[along > 0]))
        return Trace(None, grey) if (np.abs(along[along > 0] - grey) <= _UNIFORM * grey).mean() >= _ONE_PEN else None
    hues = cv2.cvtColor(pixels[None], cv2.COLOR_RGB2HSV)[0, :, 0]
    counts = np.bincount(hues, minlength=180)
    hue = int(np.convolve(np.concatenate((counts[-2:], counts, counts[:2])), np.ones(5), mode="valid").argmax())
    return Trace(hue, 0) if (_from_hue(hues, hue) <= _HUE).mean() >= _ONE_PEN else None


def _like(
    frame: NDArray[np.uint8], lines: NDArray[np.uint8] | None, trace: Trace, size: int
) -> NDArray[np.bool_] | None:
    """The pixels of lines that look like the trace, and what of its colour is next to them: bool (h, w)."""
    if trace.hue is None or lines is None:
        return _longest(lines)
    hues, strength, bright = cv2.split(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV))
    alike = (_from_hue(hues, trace.hue) <= 2 * _HUE) & (strength >= _VIVID) & (bright >= _VIVID)
    near = cv2.dilate(((lines > 0) & alike).astype(np.uint8), np.ones((2 * size + 1, 2 * size + 1), np.uint8)) > 0
    return np.asarray(near & alike)


def _from_hue(hues: NDArray[Any], hue: int) -> NDArray[np.int16]:
    """How far hues are from one, round the circle."""
    apart = np.abs(hues.astype(np.int16) - hue)
    return np.asarray(np.minimum(apart, 180 - apart))
