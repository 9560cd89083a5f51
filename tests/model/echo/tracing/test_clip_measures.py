"""What is measured in invented hearts whose sizes are known."""

from dataclasses import replace

import numpy as np
import pytest

from model.echo.tracing.biplane import METHOD, biplane_measures
from model.echo.tracing.chambers import CHAMBERS
from model.echo.tracing.clip_measures import BASE_LOST, measure_clip
from model.echo.tracing.judging import IN_PIXELS, NOT_CALIBRATED, Judge, Judgement, kind_of
from model.echo.tracing.tracer import Tracer
from model.measurement import NOT_BELIEVED
from tests.model.echo.tracing.traces import PLACES, trace

_, _, ACROSS, DOWN = PLACES["lv"]
TRUE_EF = 100 * (1 - 0.65**2)  # both diameters across shrink to 65 %, the length stays


def tracer(judgements: dict[str, Judgement] | None = None) -> Tracer:
    return Tracer(network=None, size=64, judge=Judge(judgements or {}), placement=None)  # type: ignore[arg-type]  # nothing is traced


def test_ejection_fraction_volumes_and_length_are_found() -> None:
    found = {kind_of(raw): raw for raw in measure_clip(trace())}
    for method in ("disks_A4C", "area_length_A4C"):
        assert found[f"lv_ejection_fraction:{method}"].value == pytest.approx(TRUE_EF, abs=5)
    volume = 4 / 3 * np.pi * ACROSS**2 * DOWN
    assert found["lv_end_diastolic_volume:disks_A4C"].value == pytest.approx(volume, rel=0.06)
    assert found["lv_length:end_diastole_A4C"].value == pytest.approx(2 * DOWN, rel=0.05)
    assert found["lv_ejection_fraction:disks_A4C"].beats == 1


def test_atria_and_the_right_ventricle_are_measured() -> None:
    found = {raw.name: raw for raw in measure_clip(trace())}
    _, _, across, down = PLACES["la"]
    assert found["la_area"].value == pytest.approx(np.pi * across * 1.3 * down, rel=0.06)
    assert found["la_emptying_fraction"].value == pytest.approx(100 * (1 - 1 / 1.3), abs=4)
    assert found["rv_fractional_area_change"].value == pytest.approx(35, abs=4)
    assert "ra_area" in found


def test_views_allow_what_they_show() -> None:
    assert {raw.name for raw in measure_clip(trace("A3C"))} == {"lv_fractional_area_change"}
    assert not list(measure_clip(trace("Subcostal")))


def test_millilitres_only_where_the_file_states_the_spacing() -> None:
    known = {one.name: one for one in tracer().measure([trace()]).measurements}
    assert known["lv_end_diastolic_volume"].unit == "ml"
    # A network pixel is two pixels of the file, 0.4 cm.
    assert known["lv_length"].value == pytest.approx(2 * DOWN * 0.4, rel=0.05)
    unknown = {one.name: one for one in tracer().measure([trace(pixel_cm=None)]).measurements}
    assert unknown["lv_end_diastolic_volume"].unit is None
    assert unknown["lv_ejection_fraction"].unit == "%"


def judgement(limit: float, intercept: float = 3.0) -> Judgement:
    return Judgement(intercept=intercept, weights={}, limit=limit, low=-4, high=5, tolerance=8, fills_slot=True)


def test_a_measurement_says_why_it_is_not_stated() -> None:
    kind = "lv_ejection_fraction:disks_A4C"
    by_name = {
        (one.name, one.method): one
        for one in tracer(
            {kind: judgement(0.5), "la_area:A4C": judgement(0.99), "lv_length:end_diastole_A4C": judgement(0)}
        )
        .measure([trace(pixel_cm=None)])
        .measurements
    }
    stated = by_name["lv_ejection_fraction", "disks_A4C"]
    assert stated.stated
    assert stated.slot == "ejection_fraction"
    assert stated.interval is not None
    assert stated.interval == pytest.approx((stated.value - 4, stated.value + 5))
    assert by_name["la_area", "A4C"].reason == NOT_BELIEVED
    assert by_name["lv_length", "end_diastole_A4C"].reason == IN_PIXELS
    assert by_name["ra_area", "A4C"].reason == NOT_CALIBRATED


def test_frames_and_outlines_are_of_the_file() -> None:
    found = tracer().measure([trace()])
    fraction = next(one for one in found.measurements if one.name == "lv_ejection_fraction")
    assert fraction.frames == (10, 22)  # every second frame of the file, from the tenth on
    outlined = {(one.frame, one.structure) for one in found.contours}
    assert {(10, "lv"), (22, "lv"), (22, "la")} <= outlined
    lv = next(one for one in found.contours if one.frame == 10 and one.structure == "lv")
    x, y = np.array(lv.points).T
    assert (x.min() + x.max()) / 2 == pytest.approx(100 + 2 * PLACES["lv"][1], abs=1.5)
    assert (y.min() + y.max()) / 2 == pytest.approx(50 + 2 * PLACES["lv"][0], abs=1.5)


def test_two_planes_together() -> None:
    four, two = trace(), trace("A2C", position=2)
    fraction, large, small = biplane_measures(four, two)
    assert fraction.method == METHOD
    assert fraction.value == pytest.approx(TRUE_EF, abs=5)
    assert fraction.value == pytest.approx(100 * (1 - small.value / large.value))
    (alone,) = biplane_measures(trace(pixel_cm=None), trace("A2C", pixel_cm=None, position=2))
    assert alone.value == pytest.approx(fraction.value, abs=1)
    both = next(one for one in tracer().measure([four, two]).measurements if one.method == METHOD)
    assert both.clips == ((1, None), (2, None))
    assert len(both.frames) == 4


def test_without_a_beat_nothing_is_measured() -> None:
    still = trace()
    still = replace(still, probabilities=np.repeat(still.probabilities[:1], 16, axis=0))
    assert not list(measure_clip(still))
    assert biplane_measures(still, trace("A2C")) == ()


def test_a_ventricle_that_swallows_the_atrium_in_diastole_is_not_stated() -> None:
    swallowed = trace()
    probabilities = swallowed.probabilities.copy()
    cavity, atrium = 1 + CHAMBERS.index("lv"), 1 + CHAMBERS.index("la")
    probabilities[0, cavity] += probabilities[0, atrium] * 0.99
    probabilities[0, atrium] *= 0.01
    kind = "lv_ejection_fraction:disks_A4C"
    found = tracer({kind: judgement(0.0)}).measure([replace(swallowed, probabilities=probabilities)])
    fractions = [one for one in found.measurements if one.name == "lv_ejection_fraction"]
    assert fractions
    assert all(one.reason == BASE_LOST for one in fractions)
