"""The frame rate of a video from its time stamps."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Final

_NEAR: Final = 0.25  # of the median: farther steps are pauses, cuts and dropped pictures


def rate_of_time_stamps(times: Sequence[int], time_base: Fraction) -> float | None:
    """Frames per second of the median step between ascending time stamps; None for fewer than two.

    A pause or a cut does not change it, as it would the mean. Time stamps in milliseconds make the steps of 29.97 Hz
    33, 33 and 34; so the mean of the steps near the median is taken, which the median's own rounding does not spoil.
    """
    steps = [second - first for first, second in pairwise(times) if second > first]
    if not steps:
        return None
    middle = median_low(steps)
    near = [step for step in steps if abs(step - middle) <= middle * _NEAR]
    return float(1 / (Fraction(sum(near), len(near)) * time_base))
