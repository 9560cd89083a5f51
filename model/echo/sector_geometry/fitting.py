"""The fan that fits a live region best: whole, or cut off by a straight side of the picture it was copied from."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan, fit_fan
from model.echo.sector_geometry.boxes import bounds_of

_STRAIGHT = 0.1  # share of a region's rows that end at the same column where a picture cuts a fan off
_STRAIGHT_PX = 1  # so far from the outermost column a row still ends at it
_FAR_FROM_PROBE = 0.5  # of the far radius: a near arc beyond belongs to no cardiac probe, unless it fits well
_CLEAR = 0.7  # of fan and region together: a fan that has so much in common with the region is not tried upside down
_AT_THE_APEX = 0.08  # of the far radius: a region that begins so near to where its edges meet is not upside down
_CLEARLY_BETTER = 0.05  # a fan with its apex down is rare, so it must fit that much better
_WELL = 0.85  # of fan and region together: a fan on its side must fit so well to be believed (LOG L-080)
_ROUGH = 0.11  # outlines of dark sectors are rough: against the speckle they count beyond this (LOG 2026-11-30) ...
_SPECKLE_COUNTS, _SPECKLE_AT_MOST = 0.3, -0.6  # ... or beyond this share of what the speckle says
_MARGIN_PX = 1.0  # beyond the outermost live pixel of a region that is cut off


def fan_of(live: NDArray[np.bool_]) -> Fan | None:
    """The fan of one live region, bool (H, W), apex up or, as children's laboratories show it, down; None without one.

    A region that ends in straight vertical sides is also taken for a fan that those cut off, and the better of the two
    is given: public clips of 112 × 112 pixels cut both corners off, and are pasted into larger pictures. Either shows
    nothing beyond the region then: letters may stand beside the cut.
    """
    whole = _believed(_either_way_up(live), live)
    if not _is_cut_off(live):
        return whole
    cut = _cut_fan(live)
    if cut is not None and agreement(cut, live) > max(_as_ellipse(live), agreement(whole, live)):
        return cut
    return whole and replace(whole, within=_around(live))


def _believed(fan: Fan | None, live: NDArray[np.bool_]) -> Fan | None:
    """The fan, None where an ellipse fits the region better than a fan that begins so far from its probe."""
    if fan is None or fan.near <= _FAR_FROM_PROBE * fan.far or agreement(fan, live) > _as_ellipse(live):
        return fan
    return None


def _either_way_up(live: NDArray[np.bool_]) -> Fan | None:
    """The fan with its apex up; with its apex down where that fits clearly better."""
    upright = fit_fan(live)
    fits = agreement(upright, live)
    if upright is not None and upright.near <= _AT_THE_APEX * upright.far:
        return upright
    if upright is not None and fits >= _CLEAR:
        return upright
    found = fit_fan(np.flipud(live))
    inverted = None if found is None else _believed(replace(found, upside_down=True), live)
    return inverted if agreement(inverted, live) > fits + _CLEARLY_BETTER else upright


def fits_on_its_side(live: NDArray[np.bool_], fits: float = _CLEAR) -> bool:
    """Whether a fan with its apex left or right fits a region clearly better than the one that fits so well."""
    return _fit_on_its_side(live) > max(_WELL, fits + _CLEARLY_BETTER)


def may_lie_on_its_side(live: NDArray[np.bool_], fits: float, speckle: float) -> bool:
    """Whether such a fan fits a region hardly worse than the one that fits so well, the less the clearer the speckle.

    speckle: below zero where it says that the beams run sideways (`beams.downwards_to_sideways`).
    """
    return _fit_on_its_side(live) >= fits - max(_ROUGH, -_SPECKLE_COUNTS * max(speckle, _SPECKLE_AT_MOST))


def _fit_on_its_side(live: NDArray[np.bool_]) -> float:
    turned = (np.ascontiguousarray(np.rot90(live, quarter)) for quarter in (1, 3))
    return max(agreement(fit_fan(each), each) for each in turned)


def _is_cut_off(live: NDArray[np.bool_]) -> bool:
    """Many rows, one after the other, begin or end at the region's outermost column."""
    rows = live.any(axis=1)
    first = live.argmax(axis=1)[rows]
    last = live.shape[1] - 1 - live[:, ::-1].argmax(axis=1)[rows]
    longest = max(_longest_run(first <= first.min() + _STRAIGHT_PX), _longest_run(last >= last.max() - _STRAIGHT_PX))
    return longest >= _STRAIGHT * len(first)


def _longest_run(true: NDArray[np.bool_]) -> int:
    """How many true values follow each other at most."""
    changes = np.flatnonzero(np.diff(np.concatenate(([False], true, [False])).astype(np.int8)))
    return int((changes[1::2] - changes[::2]).max(initial=0))


def _cut_fan(live: NDArray[np.bool_]) -> Fan | None:
    """The fan of the region's own box as if that were the picture: rows that end at its sides say nothing."""
    x0, y0, x1, y1 = bounds_of(live)
    fan = _either_way_up(live[y0:y1, x0:x1])
    if fan is None:
        return None
    placed = fan.moved(x0, live.shape[0] - y1 if fan.upside_down else y0)
    return replace(placed, within=_around(live))


def _around(live: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = bounds_of(live)
    return x0 - _MARGIN_PX, y0 - _MARGIN_PX, x1 + _MARGIN_PX, y1 + _MARGIN_PX


def agreement(fan: Fan | None, live: NDArray[np.bool_]) -> float:
    """What fan and region have in common, as a share of both; dark cavities count as the region's."""
    return 0.0 if fan is None else _common(fan.mask(*live.shape), filled(live))


def _as_ellipse(live: NDArray[np.bool_]) -> float:
    """The same for the ellipse that has the region's centre and second moments: any rounded shape fits it well."""
    spans = filled(live)
    moments = cv2.moments(spans.astype(np.uint8), binaryImage=True)
    spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]) / moments["m00"]
    y, x = np.mgrid[: live.shape[0], : live.shape[1]]
    offset = np.stack([x - moments["m10"] / moments["m00"], y - moments["m01"] / moments["m00"]], axis=-1)
    inverse = np.linalg.inv(spread + np.eye(2))
    return _common(np.einsum("hwi,ij,hwj->hw", offset, inverse, offset) <= 4, spans)  # 4: two standard deviations


def _common(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def filled(live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels between live ones of their row and between live ones of their column too: bool (H, W)."""
    return _row_spans(live) & _row_spans(live.T).T


def _row_spans(live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every row filled between its first and its last live pixel."""
    begun = np.maximum.accumulate(live, axis=1)
    return np.asarray(begun & np.maximum.accumulate(live[:, ::-1], axis=1)[:, ::-1])
