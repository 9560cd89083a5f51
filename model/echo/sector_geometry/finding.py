"""The fans of a frame: one, or one per picture where it holds several; what is taken must hold most of what moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan
from model.echo.sector_geometry.boxes import Box, bounds_of, box_mask
from model.echo.sector_geometry.fitting import agreement, fan_of, fits_on_its_side
from model.echo.sector_geometry.panels import looks_divided, panels_of
from model.errors import ClipRejected
from model.study import SkipReason

_SMALLEST = 0.01  # of the picture: a smaller live region is a clock, a marker or an ECG
_ALONE = 0.85  # of all that lives: one region of this size needs no look at the others
_MOST = 0.6  # of all that lives: a fan that holds less is a near field, or one of several pictures
_AGREES = 0.5  # of a fan and its region together: with less in common, the frame may hold several pictures
_STRIP = 0.9  # of its own bounding box: a region that fills it is a spectrum or an M-mode, not tissue
_FILLED = 0.8  # of a rectangle: more than any fan fills of its own (0.71 at 160°)


def on_its_side() -> ClipRejected:
    """The reason against a sector that lies on its side: which of its sides is right only a marker would say.

    A picture that was squeezed and does not say so has its echoes run the same way.
    """
    text = "the sector lies on its side, or the picture is squeezed and does not say so; send it upright and unsqueezed"
    return ClipRejected(SkipReason.SECTOR_NOT_FOUND, text)


def regions_of(live: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Connected regions of live pixels, the largest first, thin lines (an ECG, a tick) removed before."""
    pixels = live.astype(np.uint8)
    closed = cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [label for label in range(1, count) if areas[label] >= _SMALLEST * live.size]
    return [labels == label for label in sorted(large, key=lambda label: -areas[label])]


def find(regions: list[NDArray[np.bool_]], stated: Box | None = None) -> tuple[Fan | None, list[Box]]:
    """(fan that live regions show or None, parts of the frame where they seem to be of several pictures).

    regions: bool (H, W) each, the largest first. stated: the only 2D region that the header names, in the same pixels.
    Raises ClipRejected where the only region is a fan turned by 90° and no other.
    """
    everything = np.any(regions, axis=0)
    alone = regions[0].sum() >= _ALONE * everything.sum()
    fan = fan_of(regions[0]) if alone else None
    if alone and fan is None and fits_on_its_side(regions[0]):
        raise on_its_side()
    doubtful = fan is None or agreement(fan, regions[0]) < _AGREES or looks_divided(regions[0])
    panels = panels_of(everything) if doubtful else []
    return fan or _doubtful_fan(regions, everything, stated), panels


def _doubtful_fan(regions: list[NDArray[np.bool_]], everything: NDArray[np.bool_], stated: Box | None) -> Fan | None:
    """The fan of one of several regions, or of all together, that holds most of what moves."""
    together = [] if looks_divided(everything) else [everything]
    for candidate in (*regions[:2], *together):
        fan = fan_of(candidate)
        if fan is not None and _held(fan, _counted(regions, candidate, stated)) >= _MOST:
            return fan
    return None


def _held(fan: Fan, live: NDArray[np.bool_]) -> float:
    """The share of the live pixels that the fan holds."""
    return float((live & fan.mask(*live.shape)).sum() / max(1, live.sum()))


def _counted(regions: list[NDArray[np.bool_]], candidate: NDArray[np.bool_], stated: Box | None) -> NDArray[np.bool_]:
    """The live pixels that a candidate's fan is held against: without strips, and within the stated 2D region."""
    kept = [region for region in regions if region is candidate or filled_share(region, bounds_of(region)) < _STRIP]
    counted = np.any(kept, axis=0)
    if stated is None:
        return np.asarray(counted)
    inside = box_mask(stated, counted.shape)
    fits = (candidate & inside).sum() >= _STRIP * candidate.sum()
    return np.asarray(counted & inside if fits else counted)


def filled_share(live: NDArray[np.bool_], box: Box) -> float:
    """The share of a box that lives."""
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), box[2], box[3]
    part = live[y0:y1, x0:x1]
    return float(part.mean()) if part.size else 0.0


def fills(live: NDArray[np.bool_], box: Box) -> bool:
    """Live pixels fill the box and lie nowhere else: a zoomed view, without the sector's edges."""
    within = int((live & box_mask(box, live.shape)).sum())
    return filled_share(live, box) >= _FILLED and within >= _FILLED * live.sum()


def fills_a_rectangle(live: NDArray[np.bool_]) -> bool:
    """The largest region of live pixels, bool (H, W), fills its own bounding box: a zoomed view, or noise."""
    regions = regions_of(live)
    return bool(regions) and filled_share(regions[0], bounds_of(regions[0])) >= _FILLED
