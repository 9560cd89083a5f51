"""The two priors that synthetic patients are drawn from."""

from dataclasses import fields
from typing import Any, Literal

import numpy as np

from scripts.rendered.phantom.patient.noise import NamedNoise
from scripts.rendered.phantom.patient.patient import Patient
from scripts.rendered.phantom.patient.state import HeartState

Prior = Literal["clinical", "independent"]

# Variables that make sense only together. They stay together under the independent prior: an indexed volume with the
# body size, both wall thicknesses, clip and replacement of a valve, width and collapse of a vein.
_TOGETHER = {
    "lv_end_diastolic_volume_ml": "body",
    "body_surface_area_m2": "body",
    "septal_thickness_mm": "lv walls",
    "posterior_wall_thickness_mm": "lv walls",
    "mitraclip": "mitral device",
    "mitral_prosthesis": "mitral device",
    "ivc_diameter_mm": "ivc",
    "ivc_collapse_percent": "ivc",
}
_VARIABLES = tuple(field.name for field in fields(HeartState))


def state_of(seed: int, study: int, prior: Prior) -> HeartState:
    """Study number `study` of a seed: the same on every machine, in every process and order."""
    return draw_state(np.random.default_rng([seed, study]), prior)


def draw_state(rng: np.random.Generator, prior: Prior) -> HeartState:
    """A patient of the clinical prior, or of the independent one with every correlation between phenotypes cut.

    One number is taken from `rng`; every variable draws from a stream of its own name below it. An independent state
    is a mosaic: each variable comes from another clinical patient, so its distribution is the clinical one and it is
    independent of the others. Whether wall motion is abnormal comes from its own patient. How much of the wall is
    abnormal follows from the mosaic's ejection fraction, because an EF of 65 % with global hypokinesis cannot be.
    """
    noise = NamedNoise(str(rng.integers(2**63)))
    return _clinical(noise) if prior == "clinical" else _independent(noise)


def _clinical(noise: NamedNoise) -> HeartState:
    patient = Patient(noise)
    return HeartState(**{name: getattr(patient, name) for name in _VARIABLES})


def _independent(noise: NamedNoise) -> HeartState:
    groups = {_TOGETHER.get(name, name) for name in _VARIABLES}
    patients = {group: Patient(noise.child(group)) for group in groups}
    state: dict[str, Any] = {
        name: getattr(patients[_TOGETHER.get(name, name)], name) for name in _VARIABLES if name != "wall_motion"
    }
    scores = patients["wall_motion"].wall_motion_at(state["ejection_fraction_percent"])
    return HeartState(**state, wall_motion=scores)
