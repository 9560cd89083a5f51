"""End-diastole and end-systole of every beat, from how large the left ventricle is in each frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_CHANGE = 0.04  # of the largest size: less is no beat
_SHORTEST_S, _LONGEST_S = 0.1, 0.75  # from end-diastole to end-systole, rates of 40 to 160 per minute
_DEEP = 0.45  # share of the whole change that a dip must have to be an end-systole
_APART_S = 0.22  # from a dip to any deeper one
_DEEP_AT_END = 0.9  # the same where the clip begins or ends: there the ventricle may still be emptying (LOG L-093)


@dataclass(frozen=True)
class Beat:
    """Places of both frames in the curve."""

    end_diastole: int
    end_systole: int


def smooth(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value with a quarter of both neighbours; ends with their own."""
    padded = np.pad(curve, 1, mode="edge")
    return np.asarray(0.25 * padded[:-2] + 0.5 * curve + 0.25 * padded[2:])


def find_beats(sizes: NDArray[np.float64], step_s: float) -> tuple[Beat, ...]:
    """The beats of a curve, none where it hardly changes. step_s: between two frames.

    A beat's end-diastole is the largest size before its end-systole; after it, where the clip begins in systole.
    """
    curve = smooth(np.asarray(sizes, np.float64))
    change = float(curve.max() - curve.min())
    if len(curve) < 4 or change <= _LEAST_CHANGE * float(curve.max()):
        return ()
    beats = []
    for dip in _dips(curve, step_s, change):
        largest = _largest_near(curve, dip, step_s)
        if largest is not None and curve[largest] - curve[dip] >= _DEEP * change:
            beats.append(Beat(largest, dip))
    return tuple(beats)


def _dips(curve: NDArray[np.float64], step_s: float, change: float) -> list[int]:
    """Frames that are the smallest within their surroundings and deep enough."""
    reach = max(1, round(_APART_S / step_s))
    low = float(curve.min())
    dips: list[int] = []
    for place in range(len(curve)):
        around = curve[max(0, place - reach) : place + reach + 1]
        deep = _DEEP_AT_END if place in (0, len(curve) - 1) else _DEEP
        is_dip = curve[place] == around.min() and curve[place] <= low + (1 - deep) * change
        if is_dip and (not dips or place - dips[-1] > reach):
            dips.append(place)
    return dips


def _largest_near(curve: NDArray[np.float64], dip: int, step_s: float) -> int | None:
    nearest, furthest = max(1, round(_SHORTEST_S / step_s)), max(2, round(_LONGEST_S / step_s))
    before = range(max(0, dip - furthest), dip - nearest + 1)
    after = range(dip + nearest, min(len(curve), dip + furthest + 1))
    best_before = max(before, key=lambda place: curve[place], default=None)
    best_after = max(after, key=lambda place: curve[place], default=None)
    if best_before is None or best_after is None:
        return best_after if best_before is None else best_before
    # The larger one, unless both are alike: then the one before, which began this very beat.
    return best_after if curve[best_after] > 1.04 * curve[best_before] else best_before
