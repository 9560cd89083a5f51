from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.rendered.phantom.anatomy.ventricles import (
    A2C_AZIMUTH,
    A4C_AZIMUTH,
    LeftVentricle,
    biplane_volume,
    septal_flattening,
)
from scripts.rendered.phantom.patient.state import HeartState, WallMotion
from tests.scripts.rendered.phantom.clips import healthy

LEVELS = np.linspace(0, 1, 201)


def measured_volumes(state: HeartState) -> tuple[float, float]:
    """End-diastolic and end-systolic volume read off the table's radii."""
    lv = LeftVentricle.of(state, np.array([0.0], np.float32))
    volumes = []
    for phase, length in ((0, lv.length_mm), (1, lv.length_mm - lv.descent_mm)):
        cut = {
            azimuth: np.clip([lv.radius_at(float(level), azimuth)[phase] for level in LEVELS], 0, None)
            for azimuth in (A4C_AZIMUTH, A4C_AZIMUTH + 180, A2C_AZIMUTH, A2C_AZIMUTH + 180)
        }
        four = cut[A4C_AZIMUTH] + cut[A4C_AZIMUTH + 180]
        two = cut[A2C_AZIMUTH] + cut[A2C_AZIMUTH + 180]
        volumes.append(biplane_volume(length, four, two))
    return volumes[0], volumes[1]


@settings(max_examples=25, deadline=None)
@given(
    ejection=st.floats(12, 76),
    volume=st.floats(60, 330),
    pressure=st.floats(15, 100),
    scores=st.lists(st.sampled_from(list(WallMotion)), min_size=17, max_size=17),
)
def test_biplane_volumes_are_the_states(
    ejection: float, volume: float, pressure: float, scores: list[WallMotion]
) -> None:
    state = replace(
        healthy(),
        ejection_fraction_percent=ejection,
        lv_end_diastolic_volume_ml=volume,
        pulmonary_artery_pressure_mmhg=pressure,
        wall_motion=tuple(scores),
    )
    diastolic, systolic = measured_volumes(state)
    assert diastolic == pytest.approx(volume, rel=0.02)
    assert 100 * (1 - systolic / diastolic) == pytest.approx(ejection, abs=2.5)


def test_an_akinetic_wall_neither_moves_nor_thickens() -> None:
    scores = [WallMotion.NORMAL] * 17
    for segment in (3, 9):  # basal and mid inferior
        scores[segment] = WallMotion.AKINETIC
    state = replace(healthy(), wall_motion=tuple(scores), ejection_fraction_percent=48.0)
    lv = LeftVentricle.of(state, np.array([0.0], np.float32))
    still, moving = lv.radius_at(0.35, 270.0), lv.radius_at(0.35, 60.0)
    assert still[0] - still[1] < 0.35 * (moving[0] - moving[1])
    assert (still[3] - still[1]) - (still[2] - still[0]) < 0.5 * ((moving[3] - moving[1]) - (moving[2] - moving[0]))


def test_pressure_flattens_the_septum_in_systole_only() -> None:
    assert septal_flattening(25.0) == 0.0
    pressed = LeftVentricle.of(replace(healthy(), pulmonary_artery_pressure_mmhg=85.0), np.array([0.0], np.float32))
    free = LeftVentricle.of(healthy(), np.array([0.0], np.float32))
    septal, lateral = pressed.radius_at(0.4, 195.0), pressed.radius_at(0.4, 15.0)
    assert septal[1] < 0.85 * lateral[1]
    assert septal[0] == pytest.approx(free.radius_at(0.4, 195.0)[0], rel=0.01)


def test_the_wall_keeps_its_volume() -> None:
    lv = LeftVentricle.of(healthy(), np.array([0.0], np.float32))
    endo, endo_systole, epi, epi_systole = lv.radius_at(0.4, 45.0)
    shorter = (lv.length_mm - lv.descent_mm) / lv.length_mm
    assert (epi_systole**2 - endo_systole**2) * shorter == pytest.approx(epi**2 - endo**2, rel=0.03)
