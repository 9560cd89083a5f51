"""How far drafts and signed reports agree, with intervals over patients: a patient is drawn whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.taxonomy import Phenotype, Taxonomy
from service.schemas import PhenotypeOut
from service.site.metrics.auroc import auroc
from service.site.metrics.intervals import draws
from service.site.metrics.regression import mean_absolute_error, r_squared
from service.site.validation.signed_reports import ReportContent

SAMPLES = 1000  # of the bootstrap; the third decimal of an interval's end still moves, which no reader needs
_SEED = 0
Rows = NDArray[np.int64]
Measure = Callable[[Rows], float]
Figure = dict[str, float | None]


@dataclass(frozen=True)
class ReadStudy:
    """One study: its patient, the phenotypes that were estimated, what the draft says and what was signed."""

    patient: str
    estimated: dict[str, PhenotypeOut]
    draft: ReportContent
    signed: ReportContent


def agreement_of(studies: Sequence[ReadStudy], taxonomy: Taxonomy, samples: int = SAMPLES) -> dict[str, Any]:
    """Every figure of some studies: by phenotype and by section, each with a 95 % interval over patients."""
    phenotypes = {p.name: _phenotype(p, studies, samples) for p in taxonomy.phenotypes}
    sections = {name: _section(name, studies, samples) for name in taxonomy.sections}
    return {
        "studies": len(studies),
        "patients": len({study.patient for study in studies}),
        "signed_sentences": sum(study.signed.sentences for study in studies),
        "signed_sentences_unread": sum(study.signed.unread for study in studies),
        "phenotypes": phenotypes,
        "sections": sections,
    }


def _phenotype(phenotype: Phenotype, studies: Sequence[ReadStudy], samples: int) -> dict[str, Any]:
    known = [s for s in studies if phenotype.name in s.signed.labels and s.estimated[phenotype.name].value is not None]
    truth = np.array([study.signed.labels[phenotype.name] for study in known], np.float64)
    value = np.array([study.estimated[phenotype.name].value for study in known], np.float64)
    patients = [study.patient for study in known]
    if phenotype.kind == "continuous":
        inside = np.array([_holds(study.estimated[phenotype.name], t) for study, t in zip(known, truth, strict=True)])
        measures: dict[str, Measure] = {
            "mean_absolute_error": lambda rows: mean_absolute_error(truth[rows], value[rows]),
            "r_squared": lambda rows: r_squared(truth[rows], value[rows]),
            "interval_holds": lambda rows: _mean(inside[rows]),
        }
        return {"studies": len(known), **_figures(measures, patients, samples)}
    positive = truth > 0.5
    calls = [study.estimated[phenotype.name].positive for study in known]
    called = np.array([np.nan if call is None else float(call) for call in calls])
    measures = {
        "auroc": lambda rows: auroc(positive[rows], value[rows]),
        "sensitivity": lambda rows: _mean(called[rows][positive[rows]]),
        "specificity": lambda rows: _mean(1 - called[rows][~positive[rows]]),
    }
    return {"studies": len(known), "positives": int(positive.sum()), **_figures(measures, patients, samples)}


def _section(name: str, studies: Sequence[ReadStudy], samples: int) -> dict[str, Any]:
    """agreement: share of findings that both state with one value. coverage: share of the signed that the draft states.

    A finding that only one of them states disagrees with nothing.
    """
    counts = np.array([_counts(study, name) for study in studies], np.float64).reshape(len(studies), 3)
    measures: dict[str, Measure] = {
        "agreement": lambda rows: _ratio(counts[rows, 0].sum(), counts[rows, 1].sum()),
        "coverage": lambda rows: _ratio(counts[rows, 1].sum(), counts[rows, 2].sum()),
    }
    return {"signed_findings": int(counts[:, 2].sum()), **_figures(measures, [s.patient for s in studies], samples)}


def _counts(study: ReadStudy, section: str) -> tuple[int, int, int]:
    """Findings equal in both, stated by both, and signed."""
    signed, draft = (content.findings.get(section, {}) for content in (study.signed, study.draft))
    both = signed.keys() & draft.keys()
    return sum(signed[name] == draft[name] for name in both), len(both), len(signed)


def _figures(measures: dict[str, Measure], patients: Sequence[str], samples: int) -> dict[str, Figure]:
    """Each measure with its percentile interval over patients; null where it cannot be computed."""
    rows_of: dict[str, list[int]] = {}
    for row, patient in enumerate(patients):
        rows_of.setdefault(patient, []).append(row)
    groups = [np.array(rows, np.int64) for rows in rows_of.values()]
    drawn = (
        [np.concatenate([groups[i] for i in picks]) for picks in draws(len(groups), samples, _SEED)] if groups else []
    )
    return {name: _figure(measure, np.arange(len(patients)), drawn) for name, measure in measures.items()}


def _figure(measure: Measure, rows: Rows, drawn: Sequence[Rows]) -> Figure:
    found = np.array([measure(sample) for sample in drawn])
    found = found[np.isfinite(found)]
    low, high = np.percentile(found, (2.5, 97.5)) if len(found) else (np.nan, np.nan)
    figures = {"value": measure(rows), "low": float(low), "high": float(high)}
    return {name: round(figure, 4) if np.isfinite(figure) else None for name, figure in figures.items()}


def _holds(estimate: PhenotypeOut, truth: float) -> float:
    if estimate.interval_low is None or estimate.interval_high is None:
        return float("nan")
    return float(estimate.interval_low <= truth <= estimate.interval_high)


def _mean(values: NDArray[np.float64]) -> float:
    """The mean of what is known, NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
