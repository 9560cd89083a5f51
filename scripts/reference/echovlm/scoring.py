"""What generated reports say, read by one reader, whoever wrote them; scores of two systems on the same studies.

The reader is the product's reader of clinical sentences. The truth is a study's own report, read the same way, as
echovlm's evaluation does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from model.echo.language.reader import echo_grammar, echo_headings
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.clinical_text.labels import Label
from model.report.clinical_text.report import read_report
from service.site.metrics.finding_scores import macro_f1
from service.site.metrics.intervals import Interval, sample_weights
from service.site.metrics.trait_table import SAMPLES, TraitTable, columns_of, interval_of, trait_table

NUMBERS = tuple(p.name for p in ECHO_TAXONOMY.phenotypes if p.kind == "continuous")
LEAST_POSITIVES = 5  # studies that must state a finding for its F1 to count: with fewer, one study decides it
Said = frozenset[tuple[str, str]]
Text = Mapping[str, Sequence[str]]  # section → sentences


@dataclass(frozen=True, eq=False)
class ReadText:
    """What one report says. labels: 1, 0 or a number, None where it does not tell. abnormal: (finding, value)."""

    labels: Mapping[str, float | None]
    abnormal: Said
    empty: bool

    @classmethod
    def of(cls, text: Text) -> Self:
        """The meaning of a report."""
        lines = [f"{section}: {' '.join(sentences)}" for section, sentences in text.items() if sentences]
        read = read_report("\n".join(lines), echo_grammar(), echo_headings())
        findings = (finding for sentence in read.sentences for finding in sentence.meaning.findings)
        abnormal = {
            (finding.entity, finding.value)
            for finding in findings
            if finding.polarity == "positive" and finding.certainty == "stated" and finding.time == "current"
            if finding.value is not None
        }
        return cls({name: _number(value) for name, value in read.labels.items()}, frozenset(abnormal), not lines)


@dataclass(frozen=True, eq=False)
class Scored:
    """A system's figures. f1: macro-F1 of abnormal findings, of all studies and of every bootstrap sample."""

    table: TraitTable
    f1: NDArray[np.float64]
    empty: float

    @property
    def f1_interval(self) -> Interval:
        """Macro-F1 with its spread."""
        return interval_of(self.f1)

    def f1_less(self, other: "Scored") -> Interval:
        """The difference of the two macro-F1 on the same samples of studies."""
        return interval_of(self.f1 - other.f1)

    def fields(self) -> dict[str, object]:
        """As JSON."""
        return {
            "core_metric": _fields(self.table.core),
            "macro_f1_abnormal": _fields(self.f1_interval),
            "empty_reports": round(self.empty, 4),
            "undefined": list(self.table.undefined),
            "traits": {
                trait.name: {
                    "text": _fields(trait.text),
                    "scores": None if trait.scores is None else _fields(trait.scores),
                    "studies": trait.studies,
                    "positives": trait.positives,
                    "told": round(trait.told, 4),
                }
                for trait in self.table.traits
            },
        }


def score(
    truth: Sequence[ReadText],
    said: Sequence[ReadText],
    training_means: Mapping[str, float],
    votes: Mapping[str, NDArray[np.float64]] | None = None,
) -> Scored:
    """The figures of some reports. votes: phenotype → estimates beside the texts, of a system that has some."""
    names = ECHO_TAXONOMY.phenotype_names
    true = columns_of([one.labels for one in truth], names)
    for name in set(names) - set(NUMBERS):
        true[name] = np.nan_to_num(true[name])  # a report that is silent of a finding denies it
    table = trait_table(true, columns_of([one.labels for one in said], names), training_means, votes)
    findings = findings_of(truth)
    weights = sample_weights(len(truth), SAMPLES)
    f1 = macro_f1(_stated(truth, findings), _stated(said, findings), weights)
    return Scored(table, f1, float(np.mean([one.empty for one in said])))


def findings_of(truth: Sequence[ReadText]) -> tuple[tuple[str, str], ...]:
    """Abnormal findings that enough of the studies have."""
    every = sorted({finding for one in truth for finding in one.abnormal})
    return tuple(f for f in every if sum(f in one.abnormal for one in truth) >= LEAST_POSITIVES)


def training_means(bank: CandidateBank, learned: NDArray[np.int64]) -> dict[str, float]:
    """Mean of each number among candidates that were learned from: what nothing known of a study would say."""
    columns = {name: bank.labels(name, learned) for name in NUMBERS}
    return {name: float(np.nanmean(column)) if (~np.isnan(column)).any() else 0.0 for name, column in columns.items()}


def _stated(reports: Sequence[ReadText], findings: Sequence[tuple[str, str]]) -> NDArray[np.bool_]:
    rows = [[finding in one.abnormal for finding in findings] for one in reports]
    return np.array(rows, bool).reshape(len(reports), len(findings))


def _number(label: Label) -> float | None:
    if label is None or isinstance(label, str):
        return {"yes": 1.0, "no": 0.0}.get(label or "")
    ends = label if isinstance(label, tuple) else (label, label)
    known = [end for end in ends if end is not None]
    return float(np.mean(known)) if len(known) == len(ends) else None


def _fields(figure: Interval) -> list[float | None]:
    return [None if np.isnan(v) else round(v, 4) for v in (figure.value, figure.low, figure.high)]
