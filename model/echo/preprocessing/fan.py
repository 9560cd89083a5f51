"""The shape of an ultrasound sector: a fan, fitted to the pixels that live. Plain geometry in numpy.

The outline of the live pixels is dark in places (no contact, low gain) and spoilt in others (ECG, labels). So an edge
is not averaged: of all lines through two outline points the one is taken that most outline points touch and hardly any
exceeds. What the fan then covers is kept even where it is dark; what it does not cover is blanked even if it moves.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_TOUCH_PX = 1.5  # an outline point this near to a line touches it
_PROBES = 72  # outline points per side from which lines are drawn: 2,556 lines
_LINES_AT_ONCE = 128  # at 300 rows their distances stay in a processor's cache
_MAX_LEAK = 0.12  # share of the live pixels that may lie outside the fan (an ECG strip that joins it)
_MIN_FILL = 0.2  # share of the fan that must live
_MIN_TOUCH = 0.15  # share of the outline's rows that must touch each edge (the rest may be dark)
_MIN_ARC = 0.25  # share of the directions that must end at the far arc for it to be believed
_MAX_INWARD = 0.2  # slope of an edge that runs inward on the way down: a tilted sector's, not its far arc's
_OPENING_DEG = (15.0, 160.0)  # of all sectors a cardiac probe can show


@dataclass(frozen=True)
class Fan:
    """A sector: apex in pixels, edges in radians from straight down (left negative), radii in pixels.

    upside_down: the numbers hold for the picture turned top to bottom.
    within: (x0, y0, x1, y1) of the picture as it is, beyond which nothing is shown: where the picture cuts the fan off
    or another one begins. None: nowhere.
    """

    apex_x: float
    apex_y: float
    left: float
    right: float
    near: float
    far: float
    upside_down: bool = False
    within: tuple[float, float, float, float] | None = None

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """The pixels whose centres lie inside: bool (height, width).

        Each bound compares a row with a column, so that no angle is taken of any pixel; it opens by less than 180°.
        """
        y, x = np.ogrid[:height, :width]
        dx, dy = x + 0.5 - self.apex_x, y + 0.5 - self.apex_y
        inside = dx * np.cos(self.left) >= dy * np.sin(self.left)
        inside &= dx * np.cos(self.right) <= dy * np.sin(self.right)
        inside &= dx**2 <= self.far**2 - dy**2
        inside &= dx**2 >= self.near**2 - dy**2
        turned = np.flipud(inside) if self.upside_down else inside
        return np.asarray(turned if self.within is None else turned & self.frame(height, width))

    def frame(self, height: int, width: int) -> NDArray[np.bool_]:
        """The pixels whose centres lie within what is shown at all: bool (height, width)."""
        x0, y0, x1, y1 = self.within or (0, 0, width, height)
        y, x = np.ogrid[:height, :width]
        inside = (x + 0.5 >= x0) & (x + 0.5 <= x1) & (y + 0.5 >= y0) & (y + 0.5 <= y1)
        return np.asarray(inside)

    def depth(self, x: NDArray[np.float64], y: NDArray[np.float64], height: float) -> NDArray[np.float64]:
        """Distance from the probe of points in the fan's own pixels, 0 at its near and 1 at its far arc."""
        y = height - y if self.upside_down else y
        radius = np.hypot(x - self.apex_x, y - self.apex_y)
        return np.asarray((radius - self.near) / (self.far - self.near))

    def scaled(self, factor: float) -> "Fan":
        """The same fan in a picture `factor` times as large."""
        apex = (self.apex_x * factor, self.apex_y * factor)
        x0, y0, x1, y1 = self.within or (0.0, 0.0, 0.0, 0.0)
        within = self.within and (x0 * factor, y0 * factor, x1 * factor, y1 * factor)
        radii = self.near * factor, self.far * factor
        return Fan(*apex, self.left, self.right, *radii, self.upside_down, within)

    def moved(self, right: float, down: float) -> "Fan":
        """The same fan with its apex elsewhere; down: in the direction in which its numbers hold."""
        return replace(self, apex_x=self.apex_x + right, apex_y=self.apex_y + down)

    def bounds(self, height: int) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) of the whole fan in pixels of a picture of that height, also beyond what is shown."""
        low, high = (radius * np.cos(max(abs(self.left), abs(self.right))) for radius in (self.near, self.far))
        x = [radius * np.sin(angle) for radius in (self.near, self.far) for angle in (self.left, self.right)]
        y = [low, high, self.far if self.left <= 0 <= self.right else high]
        x0, x1 = self.apex_x + min(x), self.apex_x + max(x)
        y0, y1 = self.apex_y + min(y), self.apex_y + max(y)
        return (x0, height - y1, x1, height - y0) if self.upside_down else (x0, y0, x1, y1)


def fit_fan(live: NDArray[np.bool_]) -> Fan | None:
    """The fan whose outline the live pixels touch, or None where they have no such shape.

    live: bool (H, W) one connected region. The apex is up; pass the picture upside down to look for the other.
    """
    rows = np.flatnonzero(live.any(axis=1))
    if len(rows) < 12:
        return None
    width = live.shape[1]
    left_x = live.argmax(axis=1)[rows].astype(float)
    right_x = (width - live[:, ::-1].argmax(axis=1))[rows].astype(float)
    y = rows.astype(float) + 0.5
    left = _edge(y, left_x)
    right = _edge(y, width - right_x)
    if left is None or right is None:
        return None
    # x = left[0] + left[1] y and x = width - (right[0] + right[1] y) meet in the apex.
    spread = -(left[1] + right[1])
    opening = np.degrees(np.arctan(-left[1]) + np.arctan(-right[1]))
    if spread <= 0 or not _OPENING_DEG[0] <= opening <= _OPENING_DEG[1]:
        return None
    apex_y = (left[0] + right[0] - width) / spread
    apex_x = left[0] + left[1] * apex_y
    return _with_radii(live, float(apex_x), float(apex_y), (float(np.arctan(left[1])), float(np.arctan(-right[1]))))


def _edge(y: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[float, float] | None:
    """(offset, slope) of the line x = offset + slope·y that bounds the outline (y, x) from the left, or None.

    Rows where the outline lies on the picture's border say nothing: there the sector is cut off.
    """
    free = x > 1
    if free.sum() < 8:
        return None
    y, x = y[free], x[free]
    probes = np.unique(np.linspace(0, len(y) - 1, _PROBES).astype(int))
    first, second = (probes[index] for index in np.triu_indices(len(probes), 1))
    slope = (x[second] - x[first]) / (y[second] - y[first])
    outward = slope <= _MAX_INWARD
    if not outward.any():
        return None
    first, second, slope = first[outward], second[outward], slope[outward]
    offset = x[first] - slope * y[first]
    parts = range(0, len(slope), _LINES_AT_ONCE)
    scores = [_line_scores(y, x, *(of[at : at + _LINES_AT_ONCE] for of in (offset, slope, y[second]))) for at in parts]
    best = int(np.concatenate(scores).argmax())
    touches = np.abs(_distances(y, x, offset[best : best + 1], slope[best : best + 1])[0]) <= _TOUCH_PX
    if touches.sum() < _MIN_TOUCH * len(y):
        return None
    refined = np.polyfit(y[touches], x[touches], 1)
    return float(refined[1]), float(refined[0])


def _line_scores(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    offset: NDArray[np.float64],
    slope: NDArray[np.float64],
    lower: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How well each line bounds the outline; lower: the y of the lower of the two points that it goes through."""
    signed = _distances(y, x, offset, slope)
    outside = signed < -_TOUCH_PX
    exceeded = np.count_nonzero(outside, axis=1)
    touches = np.count_nonzero(signed <= _TOUCH_PX, axis=1) - exceeded
    above = np.count_nonzero(outside & (y <= lower[:, None]), axis=1)
    # Beyond the lower of its two points an edge may be exceeded by a strip below the sector, so that costs less.
    return np.asarray(touches - 3.0 * above - 0.4 * (exceeded - above))


def _distances(
    y: NDArray[np.float64], x: NDArray[np.float64], offset: NDArray[np.float64], slope: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(lines, rows) how far each outline point lies inside each line, negative outside."""
    return np.asarray((x - (offset[:, None] + slope[:, None] * y)) / np.hypot(1, slope)[:, None])


def _with_radii(live: NDArray[np.bool_], apex_x: float, apex_y: float, edges: tuple[float, float]) -> Fan | None:
    """The fan with its arcs, half a pixel of margin all round; None where the live pixels do not fill it."""
    y, x = np.nonzero(live)
    dx, dy = x + 0.5 - apex_x, y + 0.5 - apex_y
    radius, angle = np.hypot(dx, dy), np.arctan2(dx, dy)
    inside = (angle >= edges[0] - 0.02) & (angle <= edges[1] + 0.02)
    if inside.sum() < (1 - _MAX_LEAK) * len(y):
        return None
    bins = 48
    column = np.clip(((angle - edges[0]) / (edges[1] - edges[0]) * bins).astype(int), 0, bins - 1)[inside]
    reach = np.zeros(bins)
    np.maximum.at(reach, column, radius[inside])
    start = np.full(bins, np.inf)
    np.minimum.at(start, column, radius[inside])
    far = _arc(reach[reach > 0])
    near = float(np.percentile(start[np.isfinite(start)], 5))
    margin = 0.5
    turn = margin / (0.5 * far)
    fan = Fan(apex_x, apex_y, edges[0] - turn, edges[1] + turn, max(0.0, near - 2 * margin), far + margin)
    kept = fan.mask(*live.shape)
    fits = (live & kept).sum() >= max((1 - _MAX_LEAK) * live.sum(), _MIN_FILL * kept.sum())
    return fan if fits else None


def _arc(reach: NDArray[np.float64]) -> float:
    """The radius that most directions end at and few exceed; where none is clear, nearly the largest."""
    touches = np.abs(reach - reach[:, None]) <= _TOUCH_PX
    beyond = reach > reach[:, None] + _TOUCH_PX
    score = touches.sum(1) - 0.75 * beyond.sum(1)
    best = int(score.argmax())
    if touches[best].sum() >= _MIN_ARC * len(reach) and score[best] > 0:
        return float(reach[touches[best]].max())
    return float(reach.max())
