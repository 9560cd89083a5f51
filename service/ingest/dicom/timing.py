"""The frame rate of a cine from what its header states about time (PS3.3 C.7.6.5, C.7.6.6, C.8.5.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Final

from model.study import FrameRateSource

FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065

# Rates outside are slips of unit or placeholders; the fastest echo modes store below 500 frames per second.
PLAUSIBLE_HZ: Final = (1.0, 500.0)
# Of several statements that contradict each other, one in this range is believed first. A beat lasts 0.4 to 1.5 s:
# below 8 Hz it shows too few frames to be a cine, and carts store 2D cines at 15 to 150 Hz (ASE 2015, 2.1: the frame
# rate should be at least 40 to 80 Hz for speckle tracking), ultrafast ones at a few hundred.
LIKELY_HZ: Final = (8.0, 300.0)


@dataclass(frozen=True)
class Timing:
    """The statements about time in a header, None or empty where one is absent.

    pointer: tags that FrameIncrementPointer names (C.7.6.6). The first value of a vector is no increment (C.7.6.5.1.2).
    """

    pointer: tuple[int, ...] = ()
    frame_time_ms: float | None = None
    frame_time_vector_ms: tuple[float, ...] = ()
    frame_duration_ms: float | None = None
    effective_duration_s: float | None = None
    cine_rate_hz: float | None = None
    display_rate_hz: float | None = None

    @property
    def states_time(self) -> bool:
        """Whether the header says anything at all about frames that follow each other in time."""
        return self != Timing()


def frame_rate_of(timing: Timing, frames: int) -> tuple[float | None, FrameRateSource]:
    """(frames per second, where it was found) of a cine of that many frames; (None, "assumed") where nothing is said.

    The attribute that FrameIncrementPointer names comes first, then the others from the most to the least direct. The
    first that fits a heart is taken, else the first that is possible at all.
    """
    stated = [(rate, source) for rate, source in _statements(timing, frames) if isfinite(rate)]
    for low, high in (LIKELY_HZ, PLAUSIBLE_HZ):
        for rate, source in stated:
            if low <= rate <= high:
                return rate, source
    return None, "assumed"


def _statements(timing: Timing, frames: int) -> Iterator[tuple[float, FrameRateSource]]:
    """Every rate that the header states, the most direct first."""
    direct: dict[int, tuple[float | None, FrameRateSource]] = {
        FRAME_TIME: (timing.frame_time_ms, "frame_time"),
        FRAME_TIME_VECTOR: (increment_ms(timing.frame_time_vector_ms), "frame_time_vector"),
    }
    ordered = sorted(direct, key=lambda tag: tag not in timing.pointer)
    durations: list[tuple[float | None, FrameRateSource]] = [direct[tag] for tag in ordered]
    durations.append((timing.frame_duration_ms, "actual_frame_duration"))
    if timing.effective_duration_s is not None and frames > 1:
        durations.append((1000 * timing.effective_duration_s / frames, "effective_duration"))
    for milliseconds, source in durations:
        if milliseconds is not None and milliseconds > 0:
            yield 1000 / milliseconds, source
    if timing.cine_rate_hz is not None:
        yield timing.cine_rate_hz, "cine_rate"
    if timing.display_rate_hz is not None:
        yield timing.display_rate_hz, "recommended_display_frame_rate"


def increment_ms(vector_ms: tuple[float, ...]) -> float | None:
    """The usual time between two frames, milliseconds: the median, so that a pause changes nothing; None without any.

    Some writers store the time since the first frame instead of increments; such a vector rises all the way.
    """
    steps = vector_ms[1:]
    if len(steps) > 2 and all(first < second for first, second in zip(vector_ms, steps, strict=False)):
        steps = tuple(second - first for first, second in zip(vector_ms, steps, strict=False))
    usable = [step for step in steps if isfinite(step) and step > 0]
    return median(usable) if usable else None
