"""Volumes from two planes: the four- and the two-chamber view of one study together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.clip_measures import BASE_LOST, RawMeasure, base_is_lost, moment_shapes, signs_of
from model.echo.tracing.clip_trace import ClipTrace
from model.echo.tracing.ventricle_shape import VentricleShape, disks_volume

METHOD = "biplane_disks"


def biplane_measures(four: ClipTrace, two: ClipTrace) -> tuple[RawMeasure, ...]:
    """Ejection fraction, and both volumes where pixels have one size in both clips; none without beats in both.

    places: the frames of the first beat of both clips, the four-chamber view's first.
    """
    if not four.beats or not two.beats:
        return ()
    first, second = _planes(four), _planes(two)
    if first is None or second is None:
        return ()
    (four_large, four_small), (two_large, two_small) = first, second
    known = bool(two.pixel_cm and four.pixel_cm)
    # Without a stated size both ventricles count as equally long in diastole, as they are but for foreshortening.
    scale = four_large.length / two_large.length
    if two.pixel_cm and four.pixel_cm:
        scale = two.pixel_cm / four.pixel_cm
    large, small = four_large.volume_with(two_large, scale), four_small.volume_with(two_small, scale)
    apart = abs(1 - two_large.length * scale / four_large.length)
    places = tuple(place for trace in (four, two) for place in _first_beat(trace))
    beats = min(len(four.beats), len(two.beats))
    signs = _signs(four, two) | {"apart": apart}
    fault = BASE_LOST if base_is_lost(four) or base_is_lost(two) else None
    common = partial(RawMeasure, method=METHOD, places=places, beats=beats, signs=signs, fault=fault)
    fraction = common("lv_ejection_fraction", 100 * (1 - small / large), 0)
    if not known:
        return (fraction,)
    return (
        fraction,
        common("lv_end_diastolic_volume", large, 3),
        common("lv_end_systolic_volume", small, 3),
    )


@dataclass(frozen=True, eq=False)
class _Plane:
    """The mean of a moment's shapes in one plane, in its own pixels."""

    length: float
    diameters: NDArray[np.float64]

    @classmethod
    def of(cls, shapes: Sequence[VentricleShape]) -> "_Plane":
        return cls(
            float(np.mean([shape.length for shape in shapes])),
            np.asarray(np.mean([shape.diameters for shape in shapes], axis=0)),
        )

    def volume_with(self, other: "_Plane", scale: float) -> float:
        """By disks, with the other plane's pixels `scale` times as large."""
        return disks_volume((self.length + other.length * scale) / 2, self.diameters, other.diameters * scale)


def _planes(trace: ClipTrace) -> tuple[_Plane, _Plane] | None:
    """The ventricle at end-diastole and at end-systole, None where it is not seen."""
    diastole, systole = moment_shapes(trace, "end_diastole"), moment_shapes(trace, "end_systole")
    return None if diastole is None or systole is None else (_Plane.of(diastole), _Plane.of(systole))


def _first_beat(trace: ClipTrace) -> tuple[int, int]:
    beat = trace.beats[0]
    return beat.end_diastole, beat.end_systole


def _signs(four: ClipTrace, two: ClipTrace) -> dict[str, float]:
    """The worse of both clips' signs."""
    first, second = (signs_of(trace, "lv", _first_beat(trace)) for trace in (four, two))
    worse = {"roughness": max, "cut": max}
    return {name: worse.get(name, min)(first[name], second[name]) for name in first}
