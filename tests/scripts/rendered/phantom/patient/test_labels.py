"""Labels at their cut-offs, written from the state alone."""

import dataclasses
from typing import Any

import pytest

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import Grade, WallMotion

STATE = state_of(1, 1, "clinical")


def test_all_25_phenotypes_in_their_plausible_range() -> None:
    for study in range(200):
        labels = labels_of(state_of(2, study, "clinical"))
        assert set(labels) == set(ECHO_TAXONOMY.phenotype_names)
        for phenotype in ECHO_TAXONOMY.phenotypes:
            assert phenotype.low <= labels[phenotype.name] <= phenotype.high
            assert phenotype.kind == "continuous" or labels[phenotype.name] in (0.0, 1.0)


@pytest.mark.parametrize(
    ("field", "negative", "positive", "phenotype"),
    [
        ("tapse_mm", 16.6, 16.4, "rv_systolic_function_depressed"),  # stated as 17 and 16
        ("rv_basal_diameter_mm", 41.4, 41.6, "right_ventricle_dilation"),
        ("la_volume_index_ml_m2", 34.4, 34.6, "left_atrium_dilation"),
        ("ra_area_cm2", 18.4, 18.6, "right_atrium_dilation"),
        ("atrial_septum_thickness_mm", 19.4, 19.6, "atrial_septum_hypertrophy"),
        ("pericardial_effusion_mm", 4.4, 4.6, "pericardial_effusion"),
        ("aortic_root_diameter_mm", 40.4, 40.6, "aortic_root_dilation"),
        ("ivc_diameter_mm", 21.4, 21.6, "dilated_ivc"),
        ("left_atrial_pressure_mmhg", 15.0, 15.1, "elevated_left_atrial_pressure"),
        ("mitral_annular_calcification", Grade.TRACE, Grade.MILD, "mitral_annular_calcification"),
        ("mitral_stenosis", Grade.MILD, Grade.MODERATE, "mitral_stenosis"),
        ("mitral_regurgitation", Grade.MILD, Grade.MODERATE, "mitral_regurgitation"),
        ("aortic_stenosis", Grade.MILD, Grade.MODERATE, "aortic_stenosis"),
        ("aortic_regurgitation", Grade.MILD, Grade.MODERATE, "aortic_regurgitation"),
        ("tricuspid_stenosis", Grade.MILD, Grade.MODERATE, "tricuspid_stenosis"),
        ("tricuspid_regurgitation", Grade.MILD, Grade.MODERATE, "tricuspid_valve_regurgitation"),
        ("pulmonic_regurgitation", Grade.MILD, Grade.MODERATE, "pulmonic_valve_regurgitation"),
        ("impella", False, True, "impella"),
        ("pacemaker", False, True, "pacemaker"),
        ("mitraclip", False, True, "mitraclip"),
        ("tavr", False, True, "tavr"),
        ("bicuspid_aortic_valve", False, True, "bicuspid_aov_morphology"),
    ],
)
def test_a_binary_phenotype_turns_at_its_cut_off(field: str, negative: Any, positive: Any, phenotype: str) -> None:
    changes: list[dict[str, Any]] = [{field: negative}, {field: positive}]
    values = [labels_of(dataclasses.replace(STATE, **change))[phenotype] for change in changes]
    assert values == [0.0, 1.0]


def test_one_abnormal_segment_is_enough() -> None:
    scores = [WallMotion.NORMAL] * 17
    assert labels_of(dataclasses.replace(STATE, wall_motion=tuple(scores)))["wall_motion_hypokinesis"] == 0.0
    scores[16] = WallMotion.HYPOKINETIC
    assert labels_of(dataclasses.replace(STATE, wall_motion=tuple(scores)))["wall_motion_hypokinesis"] == 1.0


def test_numbers_are_labelled_as_stated() -> None:
    state = dataclasses.replace(STATE, ejection_fraction_percent=54.6, pulmonary_artery_pressure_mmhg=31.2)
    labels = labels_of(state)
    assert (labels["ejection_fraction"], labels["pulmonary_artery_pressure_continuous"]) == (55.0, 31.0)
