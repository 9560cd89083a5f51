"""What is measured in one traced clip, in its own pixels until the file states how large they are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.beats import Beat
from model.echo.tracing.clip_trace import ClipTrace
from model.echo.tracing.long_axis import LongAxis, long_axis
from model.echo.tracing.outlines import coarse_piece
from model.echo.tracing.ventricle_shape import VentricleShape

APICAL = ("A4C", "A2C", "A3C", "A5C")
SHORT, LONG = "Parasternal_Short", "Parasternal_Long"
BASE_LOST = "base_not_found"
_ATRIUM_LEFT = 1 / 3  # of its area
_SHOWN_SHARE = 0.004  # of the picture, in every frame: less of a chamber is not measured


@dataclass(frozen=True, eq=False)
class RawMeasure:
    """A number before it is judged. places: of its frames in the trace. power: of a length in its unit, 0 for ratios.

    signs: what its quality is told from, by name. fault: what is wrong with the outlines, None without any.
    """

    name: str
    value: float
    power: int
    method: str
    places: tuple[int, ...]
    beats: int
    signs: Mapping[str, float] = field(default_factory=dict)
    fault: str | None = None


def measure_clip(trace: ClipTrace) -> Iterator[RawMeasure]:
    """All that the view allows; nothing where no beat is found."""
    if not trace.beats:
        return
    if trace.view in ("A4C", "A2C"):
        yield from _volumes(trace)
        yield from _atrium(trace)
    if trace.view in ("A4C", "A2C", "A3C", "A5C", SHORT):
        yield from _area_change(trace, "lv", "lv_fractional_area_change")
    if trace.view == "A4C":
        yield from _area_change(trace, "rv", "rv_fractional_area_change")
        yield from _largest_area(trace, "ra", "ra_area")
    if trace.view == LONG:
        yield from _diameters(trace)


def signs_of(trace: ClipTrace, chamber: str, places: tuple[int, ...]) -> dict[str, float]:
    """What tells how far a measurement of a chamber is to be believed."""
    area, certainty = trace.area(chamber), trace.certainty(chamber)
    change = max(float(np.ptp(area)), 1e-6)
    rough = float(np.abs(np.diff(area, 2)).mean()) / change if len(area) > 2 else 1.0
    return {
        "certainty": float(certainty[list(places)].mean()),
        "least_certainty": float(np.quantile(certainty, 0.1)),
        "roughness": min(rough, 2.0),
        "cut": float(np.mean([_cut_share(trace, chamber, place) for place in places[:2]])),
        "view": trace.view_probability,
        "size": float(np.sqrt(area[list(places)].mean()) / trace.probabilities.shape[-1]),
        "beats": float(min(len(trace.beats), 3)),
    }


def _cut_share(trace: ClipTrace, chamber: str, place: int) -> float:
    """Share of the chamber's border beyond which there is no picture."""
    inside = coarse_piece(trace.probabilities[place], chamber).astype(np.uint8)
    border = inside.astype(bool) & (cv2.erode(inside, np.ones((3, 3), np.uint8)) == 0)
    return float((border & trace.rim).sum() / max(1, border.sum()))


def _mean_of_beats(curve: NDArray[np.float64], beats: tuple[Beat, ...]) -> tuple[float, float]:
    """Largest and smallest value of the beats, each the mean over them."""
    pairs = np.array([[_top(curve, beat.end_diastole), _bottom(curve, beat.end_systole)] for beat in beats])
    large, small = pairs.mean(axis=0)
    return float(large), float(small)


def _top(curve: NDArray[np.float64], place: int) -> float:
    """The value there, made steadier by the larger neighbour."""
    around = np.sort(curve[max(0, place - 1) : place + 2])
    return float(around[-2:].mean())


def _bottom(curve: NDArray[np.float64], place: int) -> float:
    around = np.sort(curve[max(0, place - 1) : place + 2])
    return float(around[:2].mean())


def steady_places(curve: NDArray[np.float64], place: int, *, largest: bool) -> tuple[int, int]:
    """The frame and the neighbour that is nearest to it in size, on which its number rests with it."""
    neighbours = [other for other in (place - 1, place + 1) if 0 <= other < len(curve)]
    return place, (max if largest else min)(neighbours, key=lambda other: curve[other])


def moment_shapes(trace: ClipTrace, moment: str) -> tuple[VentricleShape, ...] | None:
    """Shapes of the ventricle at a moment of every beat, two frames each; None where one is not seen."""
    area, largest = trace.area("lv"), moment == "end_diastole"
    frames = [place for beat in trace.beats for place in steady_places(area, getattr(beat, moment), largest=largest)]
    shapes = [trace.shape(place) for place in frames]
    return None if None in shapes else tuple(shape for shape in shapes if shape is not None)


def _places(beats: tuple[Beat, ...]) -> tuple[int, ...]:
    return tuple(place for beat in beats for place in (beat.end_diastole, beat.end_systole))


def _volumes(trace: ClipTrace) -> Iterator[RawMeasure]:
    diastole, systole = moment_shapes(trace, "end_diastole"), moment_shapes(trace, "end_systole")
    if diastole is None or systole is None:
        return
    volumes = {
        method: tuple(
            float(np.mean([getattr(one, f"{method}_volume") for one in part])) for part in (diastole, systole)
        )
        for method in ("disks", "area_length")
    }
    fractions = {method: 100 * (1 - small / large) for method, (large, small) in volumes.items()}
    places = _places(trace.beats)
    signs = signs_of(trace, "lv", places) | {"apart": abs(fractions["disks"] - fractions["area_length"]) / 100}
    fault = BASE_LOST if base_is_lost(trace) else None
    common = partial(RawMeasure, places=places, beats=len(trace.beats), signs=signs, fault=fault)
    for method, fraction in fractions.items():
        yield common("lv_ejection_fraction", fraction, 0, f"{method}_{trace.view}")
    large, small = volumes["disks"]
    yield common("lv_end_diastolic_volume", large, 3, f"disks_{trace.view}")
    yield common("lv_end_systolic_volume", small, 3, f"disks_{trace.view}")
    length = float(np.mean([shape.length for shape in diastole]))
    yield common("lv_length", length, 1, f"end_diastole_{trace.view}")


def base_is_lost(trace: ClipTrace) -> bool:
    """Whether the ventricle swallows the atrium in diastole, as where an open valve hides the base.

    The atrium never empties by two thirds of its area between the frames of a beat (Lang et al. 2015, section 4).
    """
    area = trace.area("la")
    diastole = [area[beat.end_diastole] for beat in trace.beats]
    systole = [area[beat.end_systole] for beat in trace.beats]
    return bool(min(diastole) < _ATRIUM_LEFT * max(systole))


def _is_shown(trace: ClipTrace, chamber: str) -> bool:
    return bool(trace.area(chamber).min() > _SHOWN_SHARE * trace.probabilities.shape[-1] ** 2)


def _atrium(trace: ClipTrace) -> Iterator[RawMeasure]:
    if not _is_shown(trace, "la"):
        return
    area = trace.area("la")
    largest, smallest = int(area.argmax()), int(area.argmin())
    signs = signs_of(trace, "la", (largest, smallest))
    common = partial(RawMeasure, places=(largest, smallest), beats=len(trace.beats), signs=signs)
    large, small = _top(area, largest), _bottom(area, smallest)
    yield common("la_area", large, 2, trace.view)
    yield common("la_emptying_fraction", 100 * (1 - small / large), 0, f"area_{trace.view}")


def _area_change(trace: ClipTrace, chamber: str, name: str) -> Iterator[RawMeasure]:
    if not _is_shown(trace, chamber):
        return
    places = _places(trace.beats)
    large, small = _mean_of_beats(trace.area(chamber), trace.beats)
    signs = signs_of(trace, chamber, places)
    yield RawMeasure(name, 100 * (1 - small / large), 0, trace.view, places, len(trace.beats), signs)


def _largest_area(trace: ClipTrace, chamber: str, name: str) -> Iterator[RawMeasure]:
    if not _is_shown(trace, chamber):
        return
    area = trace.area(chamber)
    places = (int(area.argmax()),)
    signs = signs_of(trace, chamber, places)
    yield RawMeasure(name, _top(area, places[0]), 2, trace.view, places, len(trace.beats), signs)


_DIAMETERS: Mapping[str, tuple[str, Callable[[LongAxis], float]]] = {
    "lv_end_diastolic_diameter": ("end_diastole", lambda axis: axis.cavity),
    "lv_end_systolic_diameter": ("end_systole", lambda axis: axis.cavity),
    "lv_septal_thickness": ("end_diastole", lambda axis: axis.upper_wall),
    "lv_posterior_wall_thickness": ("end_diastole", lambda axis: axis.lower_wall),
}


def _diameters(trace: ClipTrace) -> Iterator[RawMeasure]:
    for name, (moment, take) in _DIAMETERS.items():
        places = tuple(getattr(beat, moment) for beat in trace.beats)
        found = [long_axis(trace.labels(place)) for place in places]
        values = [take(axis) for axis in found if axis is not None]
        if len(values) == len(places) and min(values) > 0:
            signs = signs_of(trace, "lv", places)
            yield RawMeasure(name, float(np.mean(values)), 1, trace.view, places, len(places), signs)
