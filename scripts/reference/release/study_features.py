"""What reports say of patients, as numbers: one for each finding, and which views show it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.findings import SectionFindings
from scripts.rendered.phantom.patient.state import SEGMENTS

Floats = NDArray[np.float32]
_SEGMENTS = tuple(f"segment_{segment.replace(' ', '_')}" for segment in SEGMENTS)
# Section → its findings; every one but `segment_…` is a feature of its own weight. Numbers stand for their own grade.
FEATURES: Mapping[str, tuple[str, ...]] = {
    "Left Ventricle": (
        "lv_size", "lv_wall_thickness", "lv_hypertrophy_pattern", "lv_systolic_function", "lv_filling_pressure",
        "impella", "ejection_fraction",
    ),
    "Resting Segmental Wall Motion Analysis": ("regional_wall_motion", *_SEGMENTS),
    "Right Ventricle": ("rv_size", "rv_systolic_function", "septal_flattening", "pacemaker_lead"),
    "Left Atrium": ("la_size",),
    "Right Atrium": ("ra_size",),
    "Atrial Septum": ("atrial_septum",),
    "Mitral Valve": (
        "mitraclip", "mitral_prosthesis", "mitral_annular_calcification", "mitral_stenosis", "mitral_regurgitation",
    ),
    "Aortic Valve": (
        "aortic_prosthesis", "aortic_valve_morphology", "aortic_valve_calcification", "aortic_stenosis",
        "aortic_regurgitation",
    ),
    "Tricuspid Valve": ("tricuspid_stenosis", "tricuspid_regurgitation", "rv_systolic_pressure"),
    "Pulmonic Valve": ("pulmonic_regurgitation",),
    "Pericardium": ("pericardial_effusion",),
    "Aorta": ("aortic_root",),
    "IVC": ("ivc_size", "ivc_collapse", "right_atrial_pressure"),
    "Pulmonary Artery": ("pulmonary_artery_pressure", "pulmonary_artery_pressure_number"),
    "Pulmonary Veins": ("left_atrial_pressure",),
}  # fmt: skip
NAMES = tuple(name for names in FEATURES.values() for name in names)
_LEAST_WEIGHT = 0.01
_NUMBERS = {"ejection_fraction": "ejection_fraction", "pulmonary_artery_pressure_number": "pulmonary_artery_pressure"}
# How far a value is from health, in steps; values that are not here are healthy.
_STEPS = {
    "trace": 0.5, "mild": 1.0, "moderate": 2.0, "severe": 3.0, "small": -1.0, "hyperdynamic": -1.0,
    "present": 1.0, "tavr": 1.0, "bicuspid": 1.0, "abnormal": 1.0, "elevated": 1.0, "intermediate": 0.5,
    "reduced": 1.0, "dilated": 1.0, "thickened": 1.0, "hypertrophy": 2.0, "concentric": 0.5, "asymmetric_septal": 1.5,
    "hypokinetic": 1.0, "akinetic": 2.0, "dyskinetic": 3.0,
}  # fmt: skip


def features_of(findings: Mapping[str, SectionFindings], numbers: Mapping[str, float]) -> Floats:
    """float32 (F,) in the order of `NAMES`: steps from health, and the two numbers in their own unit."""
    said = {
        finding.name: _STEPS.get(finding.value, 0.0)
        for section in findings.values()
        for finding in (*section.implied, *section.stated)
    }
    said |= {name: numbers[slot] for name, slot in _NUMBERS.items()}
    return np.array([said.get(name, 0.0) for name in NAMES], dtype=np.float32)


@cache
def shown_by() -> NDArray[np.bool_]:
    """Bool (V, F): whether a view, in the taxonomy's order, shows a finding, by the table of the echo bundle."""
    table = json.loads((files("model.echo") / "visibility.json").read_text(encoding="utf-8"))
    numbers = table["phenotypes"] | {"pulmonary_artery_pressure_number": table["findings"]["pulmonary_artery_pressure"]}
    views = [
        table["findings"].get(name) or numbers.get(name) or table["sections"][section]
        for section, names in FEATURES.items()
        for name in names
    ]
    return np.array([[view in shown for shown in views] for view in ECHO_TAXONOMY.views], dtype=bool)


def weights_of_features() -> Floats:
    """float32 (F,): the segments together weigh as three findings, every other finding as one."""
    return np.array([3 / len(_SEGMENTS) if name in _SEGMENTS else 1.0 for name in NAMES], dtype=np.float32)


def section_slices() -> dict[str, slice]:
    """Where the features of each section stand."""
    ends = np.cumsum([len(names) for names in FEATURES.values()]).tolist()
    return {section: slice(end - len(names), end) for (section, names), end in zip(FEATURES.items(), ends, strict=True)}


def view_weights(views: Sequence[str]) -> dict[str, dict[str, float]]:
    """Section → view → weight for pooling: what the view shows of the section, per square root of all it shows.

    The largest of a section is 1. None is zero: an untrained classifier sees one view in all clips, and a zero there
    would leave a section of real clips unread.
    """
    shown, weights = shown_by().astype(np.float64), weights_of_features().astype(np.float64)
    whole = np.sqrt(np.maximum((shown * weights).sum(axis=1), 1.0))  # SSN shows none of the findings
    table = {}
    for section, part in section_slices().items():
        share = (shown[:, part] * weights[part]).sum(axis=1) / whole
        table[section] = dict(zip(views, np.maximum(share / share.max(), _LEAST_WEIGHT).tolist(), strict=True))
    return table
