"""Phenotype figures from scores, as the answer's JSON states them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.evaluation.metrics.calibration import Reliability, reliability
from scripts.rendered.evaluation.metrics.predictive_values import predictive_values
from scripts.rendered.evaluation.studies.context import NUMBERS, Evaluation
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.truth import StudyTruth
from service.schemas import ReportDocument
from service.site.metrics.auroc import auroc, sensitivity_specificity
from service.site.metrics.intervals import bootstrap
from service.site.metrics.regression import mean_absolute_error, r_squared

Columns = Mapping[str, NDArray[np.float64]]
_MIN_CLASS = 5  # cases of either class from which an AUROC of a subset is shown

# Natural prevalence, in per cent of adults: moderate or worse valve disease after Nkomo et al. 2006 (population-based),
# bicuspid valve after Hoffman and Kaplan 2002. Others have no single published figure and are set to a quarter of the
# prevalence under the clinical prior, which is enriched on purpose.
NATURAL_PREVALENCE = {
    "mitral_regurgitation": 0.017,
    "mitral_stenosis": 0.001,
    "aortic_regurgitation": 0.005,
    "aortic_stenosis": 0.004,
    "tricuspid_valve_regurgitation": 0.008,
    "bicuspid_aov_morphology": 0.0136,
}


def columns_of(truths: Sequence[StudyTruth]) -> Columns:
    """Phenotype → its true label in each study."""
    return {name: np.array([truth.labels[name] for truth in truths]) for name in truths[0].labels}


def scores_of(documents: Sequence[ReportDocument]) -> Columns:
    """Phenotype → its value in each answer, NaN where it is null."""
    names = documents[0].phenotypes
    values = {name: [document.phenotypes[name].value for document in documents] for name in names}
    return {name: np.array([np.nan if v is None else v for v in row], np.float64) for name, row in values.items()}


def phenotype_table(truth: Columns, scores: Columns, means: Mapping[str, float], least: int = 1) -> dict[str, float]:
    """AUROC by binary phenotype; unknown scores count as the bank's mean. Those with few of a class are left out."""
    found = {}
    for name in truth:
        positive = truth[name] >= 0.5
        if name not in NUMBERS and min(positive.sum(), (~positive).sum()) >= least:
            found[name] = auroc(positive, np.where(np.isnan(scores[name]), means[name], scores[name]))
    return found


def number_table(truth: Columns, scores: Columns, means: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """R² and mean absolute error of both numbers; unknown ones count as the bank's mean."""
    filled = {name: np.where(np.isnan(scores[name]), means[name], scores[name]) for name in NUMBERS}
    return {
        name: {
            "r2": r_squared(truth[name], filled[name]),
            "mae": mean_absolute_error(truth[name], filled[name]),
            "coverage": float(np.isfinite(scores[name]).mean()),
        }
        for name in NUMBERS
    }


def mean_auroc(table: Mapping[str, float]) -> float:
    """Mean over phenotypes, NaN without any."""
    return float(np.mean(list(table.values()))) if table else float("nan")


def pooled_reliability(truth: Columns, scores: Columns) -> Reliability:
    """Reliability over all binary phenotypes."""
    names = [name for name in truth if name not in NUMBERS]
    wanted = np.concatenate([truth[name] >= 0.5 for name in names])
    return reliability(wanted, np.concatenate([scores[name] for name in names]))


def measure_scores(evaluation: Evaluation, documents: Sequence[ReportDocument], results: Results) -> Reliability:
    """Adds the phenotype figures and their bars; returns the reliability diagram."""
    truth, scores = columns_of(evaluation.truths), scores_of(documents)
    means = evaluation.training_means
    table, numbers = phenotype_table(truth, scores, means), number_table(truth, scores, means)
    diagram = pooled_reliability(truth, scores)
    interval = bootstrap(
        lambda rows: mean_auroc(
            phenotype_table({n: c[rows] for n, c in truth.items()}, {n: c[rows] for n, c in scores.items()}, means)
        ),
        len(documents),
        200,
    )
    results.figures["auroc"] = {**table, "mean": interval.value, "low": interval.low, "high": interval.high}
    results.figures["numbers"] = numbers
    results.figures["calibration_error"] = diagram.error
    results.figures["predictive_values"] = _predictive(documents, truth)
    results.at_most("EF: mean absolute error", numbers[NUMBERS[0]]["mae"], 5.0)
    results.at_least("EF: R²", numbers[NUMBERS[0]]["r2"], 0.80)
    results.at_least("PA pressure: R²", numbers[NUMBERS[1]]["r2"], 0.50)
    results.at_least("mean AUROC over the 23, from scores", interval.value, 0.90)
    results.at_least("lowest AUROC of the 23", min(table.values(), default=float("nan")), 0.75)
    results.at_most("calibration error", diagram.error, 0.05)
    return diagram


def _predictive(documents: Sequence[ReportDocument], truth: Columns) -> dict[str, dict[str, float]]:
    """Sensitivity, specificity and predictive values of the thresholded calls, at both prevalences."""
    found = {}
    for name, column in truth.items():
        called = [document.phenotypes[name].positive for document in documents]
        known = np.array([call is not None for call in called])
        if name in NUMBERS or not known.any():
            continue
        positive = (column >= 0.5)[known]
        sensitivity, specificity = sensitivity_specificity(positive, np.array(called)[known].astype(bool))
        natural = NATURAL_PREVALENCE.get(name, 0.25 * float(positive.mean()))
        found[name] = {"sensitivity": sensitivity, "specificity": specificity}
        for label, prevalence in (("tested", float(positive.mean())), ("natural", natural)):
            values = predictive_values(sensitivity, specificity, prevalence)
            found[name] |= {f"{label}_prevalence": prevalence, f"{label}_ppv": values[0], f"{label}_npv": values[1]}
    return found
