"""What is true of a test patient, taken from the `HeartState` and never from a report that was read back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from model.echo.taxonomy import SECTIONS
from model.report.language.language import Finding, Language
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from scripts.rendered.phantom.patient.state import SEGMENTS
from scripts.rendered.phantom.patient.wall_motion import TERRITORIES

SEGMENT_PREFIX = "segment_"
# Values that are no abnormality. Trace regurgitation is physiological (Zoghbi et al. 2017).
NORMAL_VALUES = frozenset({"normal", "none", "absent", "trace", "trileaflet", "in_place", "systolic_dominant"})
_TERRITORY_OF = {
    SEGMENT_PREFIX + SEGMENTS[number - 1].replace(" ", "_"): f"wall_motion_{name.replace(' ', '_')}"
    for name, numbers in TERRITORIES.items()
    for number in numbers
}


def is_abnormal(finding: Finding) -> bool:
    """Whether a finding is one that a reader of the report acts on."""
    return finding.value not in NORMAL_VALUES


def grouped(findings: Iterable[Finding]) -> frozenset[Finding]:
    """The findings, with segments that do not move normally joined to their coronary territory."""
    return frozenset(
        Finding(_TERRITORY_OF[finding.name], "abnormal") if finding.name in _TERRITORY_OF else finding
        for finding in findings
    )


@dataclass(frozen=True)
class StudyTruth:
    """labels: 25 phenotypes. stated: what a report must say. implied: true as well, no fault to say or to leave out."""

    study: int
    labels: Mapping[str, float]
    stated: frozenset[Finding]
    implied: frozenset[Finding]
    measurements: Mapping[str, float]
    reference: str

    @classmethod
    def of(cls, seed: int, study: int, prior: Prior, language: Language) -> Self:
        """The truth of a patient, with one correct report as reference for word overlap."""
        state = state_of(seed, study, prior)
        sections = {name: found for name, found in findings_of(state).items() if name in SECTIONS}
        report = report_of(state, language, np.random.default_rng([seed, study, 1]))
        words = [text_of(sentence, language) for name in sections for sentence in report[name]]
        return cls(
            study=study,
            labels=labels_of(state),
            stated=grouped(finding for found in sections.values() for finding in found.stated),
            implied=grouped(finding for found in sections.values() for finding in found.implied),
            measurements=measurements_of(state),
            reference=" ".join(words),
        )


def scored_findings(truths: Sequence[StudyTruth], min_positives: int) -> tuple[Finding, ...]:
    """Abnormal findings that at least `min_positives` patients have, by name."""
    counts: dict[Finding, int] = {}
    for truth in truths:
        for finding in truth.stated:
            counts[finding] = counts.get(finding, 0) + 1
    kept = [f for f, count in counts.items() if is_abnormal(f) and count >= min_positives]
    return tuple(sorted(kept, key=lambda finding: (finding.name, finding.value)))
