"""Findings that depend on more than one variable, and cut-offs equal to the phrase file's bands."""

import dataclasses
from typing import Any

import pytest

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.measurements import LADDERS, MEASUREMENTS
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import Grade, HeartState, WallMotion

NO_DEVICE: dict[str, Any] = dict.fromkeys(("impella", "pacemaker", "tavr", "mitraclip", "mitral_prosthesis"), False)
STATE = dataclasses.replace(
    state_of(1, 1, "clinical"),
    ejection_fraction_percent=60.0,
    wall_motion=(WallMotion.NORMAL,) * 17,
    septal_thickness_mm=9.0,
    posterior_wall_thickness_mm=9.0,
    pulmonary_artery_pressure_mmhg=25.0,
    tricuspid_regurgitation=Grade.MILD,
    **NO_DEVICE,
)


def _findings(state: HeartState, section: str) -> dict[str, str]:
    found = findings_of(state)[section]
    return {finding.name: finding.value for finding in (*found.stated, *found.implied)}


def _with(**fields: Any) -> HeartState:
    return dataclasses.replace(STATE, **fields)


def test_cut_offs_rounding_and_slots_are_those_of_the_phrase_file() -> None:
    language = english()
    assert {name: slot.decimals for name, slot in language.slots.items()} == {
        name: measurement.decimals for name, measurement in MEASUREMENTS.items()
    }
    for measure, (finding, first, steps) in LADDERS.items():
        bands = [band for band in language.bands if band.slot == measure]
        assert {band.finding for band in bands} == {finding}
        assert [(band.low, band.value) for band in bands] == [(0, first), *steps]
        assert [band.high for band in bands[:-1]] == [band.low for band in bands[1:]]


@pytest.mark.parametrize(
    ("diameter_mm", "collapse_percent", "pressure"),
    [(18.0, 60.0, "normal"), (18.0, 50.0, "intermediate"), (23.0, 60.0, "intermediate"), (23.0, 30.0, "elevated")],
)
def test_right_atrial_pressure_follows_the_vena_cava(
    diameter_mm: float, collapse_percent: float, pressure: str
) -> None:
    state = _with(ivc_diameter_mm=diameter_mm, ivc_collapse_percent=collapse_percent)
    assert _findings(state, "IVC")["right_atrial_pressure"] == pressure


@pytest.mark.parametrize(
    ("septum_mm", "posterior_mm", "pattern"),
    [(12.0, 11.0, "concentric"), (18.0, 11.0, "asymmetric_septal"), (9.0, 6.0, None)],
)
def test_the_pattern_is_stated_with_hypertrophy_only(
    septum_mm: float, posterior_mm: float, pattern: str | None
) -> None:
    state = _with(septal_thickness_mm=septum_mm, posterior_wall_thickness_mm=posterior_mm)
    assert _findings(state, "Left Ventricle").get("lv_hypertrophy_pattern") == pattern


def test_pressures_show_in_other_sections() -> None:
    high = _with(pulmonary_artery_pressure_mmhg=70.0)
    assert _findings(high, "Right Ventricle")["septal_flattening"] == "present"
    assert _findings(high, "Tricuspid Valve")["rv_systolic_pressure"] == "elevated"
    assert _findings(STATE, "Tricuspid Valve")["rv_systolic_pressure"] == "normal"
    assert "rv_systolic_pressure" not in _findings(_with(tricuspid_regurgitation=Grade.NONE), "Tricuspid Valve")


def test_normal_contraction_and_global_hypokinesis_need_a_fitting_ejection_fraction() -> None:
    section = "Resting Segmental Wall Motion Analysis"
    everywhere = (WallMotion.HYPOKINETIC,) * 17
    assert _findings(STATE, section)["segmental_contraction"] == "normal"
    assert "segmental_contraction" not in _findings(_with(ejection_fraction_percent=45.0), section)
    failing = _with(ejection_fraction_percent=30.0, wall_motion=everywhere)
    assert _findings(failing, section)["global_hypokinesis"] == "present"
    assert "global_hypokinesis" not in _findings(_with(wall_motion=everywhere), section)


@pytest.mark.parametrize("device", ["impella", "pacemaker", "tavr", "mitraclip", "mitral_prosthesis"])
def test_any_device_forbids_saying_there_is_none(device: str) -> None:
    assert _findings(STATE, "Right Ventricle")["intracardiac_devices"] == "none"
    assert "intracardiac_devices" not in _findings(_with(**{device: True}), "Right Ventricle")


def test_a_postoperative_heart_names_its_procedures() -> None:
    found = findings_of(_with(postoperative=True, tavr=True))["Postoperative Findings"].stated
    assert found == (Finding("postoperative", "present"), Finding("procedure_tavr", "done"))
