"""What can be measured in a `HeartState`, as a report states it, and the words that each number asks for.

Cut-offs and their sources are in `model/echo/phrases/README.md`. They are written here a second time, independently of
the bands of the phrase file. A test compares the two, so that neither can change unnoticed.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model.report.language.language import Finding
from scripts.rendered.phantom.patient.state import HeartState


@dataclass(frozen=True)
class Measurement:
    """A number that a report may state: how to take it from a state, and how it is rounded."""

    take: Callable[[HeartState], float]
    decimals: int

    def of(self, state: HeartState) -> float:
        """The number as the report states it."""
        return float(f"{self.take(state):.{self.decimals}f}")


MEASUREMENTS: Mapping[str, Measurement] = {
    "ejection_fraction": Measurement(lambda state: state.ejection_fraction_percent, 0),
    "lv_edv_index": Measurement(lambda state: state.lv_end_diastolic_volume_ml / state.body_surface_area_m2, 0),
    "lv_wall_thickness": Measurement(
        lambda state: max(state.septal_thickness_mm, state.posterior_wall_thickness_mm) / 10, 1
    ),
    "rv_basal_diameter": Measurement(lambda state: state.rv_basal_diameter_mm / 10, 1),
    "tapse": Measurement(lambda state: state.tapse_mm, 0),
    "la_volume_index": Measurement(lambda state: state.la_volume_index_ml_m2, 0),
    "ra_area": Measurement(lambda state: state.ra_area_cm2, 0),
    "atrial_septum_thickness": Measurement(lambda state: state.atrial_septum_thickness_mm, 0),
    "pericardial_effusion_width": Measurement(lambda state: state.pericardial_effusion_mm, 0),
    "aortic_root_diameter": Measurement(lambda state: state.aortic_root_diameter_mm / 10, 1),
    "ivc_diameter": Measurement(lambda state: state.ivc_diameter_mm / 10, 1),
    "pulmonary_artery_pressure": Measurement(lambda state: state.pulmonary_artery_pressure_mmhg, 0),
}

# Measurement → finding it grades, first value, then (lowest number of the next value, value).
Ladder = tuple[str, str, tuple[tuple[float, str], ...]]
LADDERS: Mapping[str, Ladder] = {
    "ejection_fraction": (
        "lv_systolic_function",
        "severe",
        ((30, "moderate"), (41, "mild"), (52, "normal"), (73, "hyperdynamic")),
    ),
    "lv_edv_index": ("lv_size", "small", ((35, "normal"), (76, "mild"), (87, "moderate"), (97, "severe"))),
    "lv_wall_thickness": ("lv_wall_thickness", "normal", ((1.1, "mild"), (1.4, "moderate"), (1.7, "severe"))),
    "rv_basal_diameter": ("rv_size", "normal", ((4.2, "mild"), (4.7, "moderate"), (5.2, "severe"))),
    "tapse": ("rv_systolic_function", "severe", ((10, "moderate"), (13, "mild"), (17, "normal"))),
    "la_volume_index": ("la_size", "normal", ((35, "mild"), (42, "moderate"), (49, "severe"))),
    "ra_area": ("ra_size", "normal", ((19, "mild"), (24, "moderate"), (30, "severe"))),
    "atrial_septum_thickness": ("atrial_septum", "normal", ((15, "thickened"), (20, "hypertrophy"))),
    "pericardial_effusion_width": (
        "pericardial_effusion",
        "none",
        ((1, "trace"), (5, "mild"), (10, "moderate"), (21, "severe")),
    ),
    "aortic_root_diameter": ("aortic_root", "normal", ((4.1, "mild"), (4.5, "moderate"), (5.0, "severe"))),
    "ivc_diameter": ("ivc_size", "normal", ((2.2, "dilated"),)),
    "pulmonary_artery_pressure": (
        "pulmonary_artery_pressure",
        "normal",
        ((36, "mild"), (46, "moderate"), (61, "severe")),
    ),
}


def measurements_of(state: HeartState) -> dict[str, float]:
    """Every measurement by name, as a report states it."""
    return {name: measurement.of(state) for name, measurement in MEASUREMENTS.items()}


def graded(measure: str, number: float) -> Finding:
    """The finding that a measured number, as stated, asks for."""
    finding, first, steps = LADDERS[measure]
    values = (first, *(value for _, value in steps))
    return Finding(finding, values[bisect_right([lowest for lowest, _ in steps], number)])
