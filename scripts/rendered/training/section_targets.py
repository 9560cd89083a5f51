"""What each report section says of a patient, as numbers: by them the similarity of two patients is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import HeartState

# Which measurements a section's likeness counts beside its findings, each with the difference that a reader would call
# a step (inter-observer limits: Lang et al. 2015 for EF; half a grade for the others).
MEASURED: Mapping[str, Mapping[str, float]] = {
    "Left Ventricle": {"ejection_fraction": 6.0, "lv_edv_index": 12.0, "lv_wall_thickness": 0.2},
    "Right Ventricle": {"rv_basal_diameter": 0.4, "tapse": 3.0},
    "Left Atrium": {"la_volume_index": 6.0},
    "Right Atrium": {"ra_area": 4.0},
    "Atrial Septum": {"atrial_septum_thickness": 4.0},
    "Pericardium": {"pericardial_effusion_width": 5.0},
    "Aorta": {"aortic_root_diameter": 0.3},
    "IVC": {"ivc_diameter": 0.3},
    "Pulmonary Artery": {"pulmonary_artery_pressure": 8.0},
}
_RAREST = 3.0  # a rare finding counts no more than this many standard deviations


@dataclass(frozen=True, eq=False)
class SectionTargets:
    """features: section → float32 (N, F) scaled so that one unit is a difference that matters.

    binary: section → how many leading columns are findings (0 or their scale), the rest are measurements.
    """

    features: Mapping[str, NDArray[np.float32]]
    binary: Mapping[str, int]


@dataclass(frozen=True)
class FindingScale:
    """The findings that set patients apart, by section, with the mean and scale of each; fitted once, then kept."""

    columns: Mapping[str, tuple[tuple[str, str], ...]]
    scales: Mapping[str, tuple[float, ...]]

    @classmethod
    def fit(cls, states: Sequence[HeartState]) -> "FindingScale":
        """Columns and scales of the findings that at least one in 500 and not all of these patients have."""
        stated = [_stated(state) for state in states]
        columns, scales = {}, {}
        for section in ECHO_TAXONOMY.sections:
            counts: dict[tuple[str, str], int] = {}
            for patient in stated:
                for finding in patient.get(section, ()):
                    counts[finding] = counts.get(finding, 0) + 1
            kept = sorted(name for name, count in counts.items() if len(states) / 500 <= count < len(states))
            shares = np.array([counts[name] / len(states) for name in kept])
            columns[section] = tuple(kept)
            scales[section] = tuple(np.minimum(_RAREST, 0.5 / np.sqrt(shares * (1 - shares))).tolist())
        return cls(columns, scales)

    def targets(self, states: Sequence[HeartState]) -> SectionTargets:
        """Features of patients."""
        stated, numbers = [_stated(state) for state in states], [measurements_of(state) for state in states]
        features = {}
        for section in ECHO_TAXONOMY.sections:
            place = {name: column for column, name in enumerate(self.columns[section])}
            measured = MEASURED.get(section, {})
            rows = np.zeros((len(states), len(place) + len(measured)), np.float32)
            for row, patient in enumerate(stated):
                for finding in patient.get(section, ()):
                    if finding in place:
                        rows[row, place[finding]] = self.scales[section][place[finding]]
                rows[row, len(place) :] = [numbers[row][name] / step for name, step in measured.items()]
            features[section] = rows
        return SectionTargets(features, {section: len(names) for section, names in self.columns.items()})


def _stated(state: HeartState) -> dict[str, set[tuple[str, str]]]:
    return {
        section: {(finding.name, finding.value) for finding in findings.stated}
        for section, findings in findings_of(state).items()
    }


def alike(
    features: NDArray[np.float32], others: NDArray[np.float32], width: float = 0.7, *, without_self: bool = False
) -> NDArray[np.float32]:
    """float32 (N, M) rows that sum to 1: how alike patients' sections are. A softmax of squared distance.

    without_self: both are the same patients and none is compared with himself.
    """
    squared = (features**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * features @ others.T
    logits = -np.maximum(squared, 0) / (2 * width**2)
    if without_self:
        np.fill_diagonal(logits, -np.inf)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
