"""What reports say, read back sentence by sentence, and the tables that scores are computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader
from scripts.rendered.evaluation.studies.truth import StudyTruth, grouped, is_abnormal

Text = Mapping[str, Sequence[str]]  # section → sentences, numbers without marks


@dataclass(frozen=True, eq=False)
class ReadReport:
    """findings: grouped as the truth's. labels: NaN where the text does not tell. slots: numbers stated."""

    text: str
    findings: frozenset[Finding]
    labels: Mapping[str, float]
    slots: Mapping[str, float]
    sentences: int
    unread: int

    @classmethod
    def of(cls, text: Text, reader: PhraseReader) -> Self:
        """What a text says."""
        read = reader.read_report(text)
        labels = {name: float("nan") if value is None else value for name, value in read.labels.items()}
        words = [sentence for sentences in text.values() for sentence in sentences]
        return cls(" ".join(words), grouped(read.findings), labels, read.slots, len(words), len(read.unread))


def finding_tables(
    truths: Sequence[StudyTruth], reports: Sequence[ReadReport], findings: Sequence[Finding]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(true, said), each bool (studies, findings). What is implied is neither a hit nor a fault."""
    true = np.array([[finding in truth.stated for finding in findings] for truth in truths], dtype=bool)
    said = np.array(
        [
            [f in report.findings and not (f in truth.implied and f not in truth.stated) for f in findings]
            for truth, report in zip(truths, reports, strict=True)
        ],
        dtype=bool,
    )
    return true.reshape(len(truths), len(findings)), said.reshape(len(truths), len(findings))


def agreement(truths: Sequence[StudyTruth], reports: Sequence[ReadReport]) -> dict[str, float]:
    """polarity: share of findings said and true of the same name that are both normal or both abnormal.

    severity: share of equal values where both are abnormal. numeric_error: mean |stated − measured| by slot.
    """
    polarity: list[bool] = []
    severity: list[bool] = []
    errors: dict[str, list[float]] = {}
    for truth, report in zip(truths, reports, strict=True):
        true = {finding.name: finding for finding in truth.stated}
        for said in report.findings:
            if said.name in true:
                both = is_abnormal(said), is_abnormal(true[said.name])
                polarity.append(both[0] == both[1])
                severity += [said.value == true[said.name].value] if all(both) else []
        for slot, number in report.slots.items():
            errors.setdefault(slot, []).append(abs(number - truth.measurements[slot]))
    shares = {"polarity": polarity, "severity": severity}
    found = {name: float(np.mean(flags)) if flags else float("nan") for name, flags in shares.items()}
    return found | {f"numeric_error_{slot}": float(np.mean(values)) for slot, values in sorted(errors.items())}
