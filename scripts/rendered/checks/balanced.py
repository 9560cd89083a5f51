"""Balanced sets of the independent prior: each binary phenotype positive in half of the states, tied to no other."""

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import HeartState

# The variables that carry a phenotype; they are taken together from one state that has, or has not, the phenotype.
# Wall motion is drawn to fit an ejection fraction (scripts.rendered.phantom.patient.prior), so the two travel together.
CARRIERS: dict[str, tuple[str, ...]] = {
    "impella": ("impella",),
    "wall_motion_hypokinesis": ("wall_motion", "ejection_fraction_percent"),
    "pacemaker": ("pacemaker",),
    "rv_systolic_function_depressed": ("tapse_mm",),
    "right_ventricle_dilation": ("rv_basal_diameter_mm",),
    "left_atrium_dilation": ("la_volume_index_ml_m2",),
    "right_atrium_dilation": ("ra_area_cm2",),
    "atrial_septum_hypertrophy": ("atrial_septum_thickness_mm",),
    "mitraclip": ("mitraclip", "mitral_prosthesis"),
    "mitral_annular_calcification": ("mitral_annular_calcification",),
    "mitral_stenosis": ("mitral_stenosis",),
    "mitral_regurgitation": ("mitral_regurgitation",),
    "tavr": ("tavr",),
    "bicuspid_aov_morphology": ("bicuspid_aortic_valve",),
    "aortic_stenosis": ("aortic_stenosis",),
    "aortic_regurgitation": ("aortic_regurgitation",),
    "tricuspid_stenosis": ("tricuspid_stenosis",),
    "tricuspid_valve_regurgitation": ("tricuspid_regurgitation",),
    "pulmonic_valve_regurgitation": ("pulmonic_regurgitation",),
    "pericardial_effusion": ("pericardial_effusion_mm",),
    "aortic_root_dilation": ("aortic_root_diameter_mm",),
    "dilated_ivc": ("ivc_diameter_mm", "ivc_collapse_percent"),
    "elevated_left_atrial_pressure": ("left_atrial_pressure_mmhg",),
}
BINARY = tuple(CARRIERS)
_ORDER = tuple(field.name for field in fields(HeartState))
_POOL = 1500


@lru_cache(maxsize=4)
def _pool(seed: int) -> tuple[tuple[HeartState, ...], NDArray[np.bool_]]:
    """(states, positive (states, phenotypes)) of the independent prior."""
    states = tuple(state_of(seed, number, "independent") for number in range(_POOL))
    positive = np.array([[labels_of(state)[name] > 0.5 for name in BINARY] for state in states])
    return states, positive


def balanced_states(
    seed: int, count: int, keep: Callable[[HeartState], bool] = lambda _: True
) -> tuple[list[HeartState], NDArray[np.bool_]]:
    """(states, labels (count, 23)): exactly half of the states positive for each phenotype, in an order of its own."""
    rng = np.random.default_rng([seed, 77])
    pool, positive = _pool(seed)
    wanted = np.stack([rng.permutation(np.arange(count) % 2 == 0) for _ in BINARY], axis=1)
    columns: dict[str, list[Any]] = {}
    for number, (name, variables) in enumerate(CARRIERS.items()):
        chosen = np.empty(count, dtype=int)
        for is_positive in (False, True):
            matching = np.flatnonzero(positive[:, number] == is_positive)
            where = wanted[:, number] == is_positive
            chosen[where] = rng.choice(matching, int(where.sum()))
        assert name in labels_of(pool[0])
        for variable in variables:
            columns[variable] = [getattr(pool[index], variable) for index in chosen]
    for variable in _ORDER:
        if variable not in columns:
            columns[variable] = [getattr(pool[index], variable) for index in rng.integers(0, len(pool), count)]
    states = [HeartState(**{name: columns[name][row] for name in _ORDER}) for row in range(count)]
    kept = [row for row, state in enumerate(states) if keep(state)]
    return [states[row] for row in kept], wanted[kept]
