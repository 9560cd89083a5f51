"""All arms on the same held-out studies: how right each is, whether reading evidence beats the others, wrong inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.schemas import Mode
from service.site.bank_training.evaluation.arms import Arms, empty_sections, texts_of
from service.site.bank_training.evaluation.reading import (
    Read,
    Text,
    TextReader,
    abnormal_findings,
    finding_table,
    label_columns,
)
from service.site.metrics.core_metric import core_metric
from service.site.metrics.finding_scores import finding_scores, macro_f1
from service.site.metrics.intervals import Interval, bootstrap, of_samples, sample_weights

SAMPLES = 1000  # of the bootstrap over studies
_CORE_SAMPLES = 200  # of the slower metric
_LEAST_POSITIVES = 5  # studies that have a finding, of 100 and more; rarer ones are noise in a macro mean
_STUDIES_OF_A_POSITIVE = 20  # of fewer studies one in so many
RAG: Final = "rag"
GENERATE: Final = "generate"
RETRIEVAL_ARMS = ("quoted", "consensus")
_LEAST_GAIN, _LEAST_DROP, _MOST_OF_DROP = 0.03, 1 / 3, 0.5
Columns = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Bar:
    """A figure and what is asked of it."""

    name: str
    value: float
    asked: str
    met: bool


@dataclass(frozen=True, eq=False)
class Truth:
    """What the held-out reports say, and their labels.

    means: of the numbers in training, for what a text leaves out.
    """

    reports: Sequence[Read]
    labels: Columns
    means: Mapping[str, float]


class Scorer:
    """Scores texts of the same studies against their truth."""

    def __init__(self, truth: Truth, reader: TextReader) -> None:
        self._truth = truth
        self._reader = reader
        least = min(_LEAST_POSITIVES, max(1, len(truth.reports) // _STUDIES_OF_A_POSITIVE))
        self.findings = abnormal_findings(truth.reports, least)
        self._true = finding_table(truth.reports, self.findings)
        self._weights = sample_weights(len(truth.reports), SAMPLES)

    def read(self, texts: Sequence[Text]) -> list[Read]:
        """The texts read back."""
        return [self._reader.of(text) for text in texts]

    def f1_samples(self, reports: Sequence[Read]) -> NDArray[np.float64]:
        """float64 (1 + SAMPLES,): macro-F1 of abnormal findings on all studies and on each sample."""
        if not self.findings:
            return np.zeros(1 + SAMPLES)
        return macro_f1(self._true, finding_table(reports, self.findings), self._weights)

    def difference(self, one: Sequence[Read], other: Sequence[Read]) -> Interval:
        """Macro-F1 of one over another, the same studies drawn for both."""
        return of_samples(self.f1_samples(one) - self.f1_samples(other))

    def core(self, reports: Sequence[Read], rows: NDArray[np.int64] | None = None) -> tuple[float, Mapping[str, float]]:
        """The Core Metric of some texts, and its parts."""
        said = label_columns(reports, list(self._truth.labels))
        rows = np.arange(len(reports)) if rows is None else rows
        found = core_metric(
            {name: column[rows] for name, column in self._truth.labels.items()},
            {name: column[rows] for name, column in said.items()},
            self._truth.means,
        )
        return found.value, found.parts

    def core_difference(self, one: Sequence[Read], other: Sequence[Read]) -> Interval:
        """The Core Metric of one over another, the same studies drawn for both."""
        return bootstrap(lambda rows: self.core(one, rows)[0] - self.core(other, rows)[0], len(one), _CORE_SAMPLES)

    def figures(self, reports: Sequence[Read]) -> dict[str, Any]:
        """Everything about one arm."""
        said = finding_table(reports, self.findings)
        scores = finding_scores(self._true, said)
        interval = of_samples(self.f1_samples(reports))
        value, parts = self.core(reports)
        core = bootstrap(lambda rows: self.core(reports, rows)[0], len(reports), _CORE_SAMPLES)
        return {
            "macro_f1": interval.value,
            "macro_f1_low": interval.low,
            "macro_f1_high": interval.high,
            "precision": scores.precision,
            "recall": scores.recall,
            "core_metric": value,
            "core_metric_low": core.low,
            "core_metric_high": core.high,
            "traits": dict(parts),
        }


def evaluate(arms: Arms, truth: Truth, *, evidence: bool = True) -> dict[str, Any]:
    """Figures of every arm, differences with intervals, wrong inputs, and the bars. evidence: the decoder reads any."""
    scorer = Scorer(truth, arms.reader)
    own: Mode = RAG if evidence else GENERATE
    modes: tuple[Mode, ...] = (RAG, GENERATE) if evidence else (GENERATE,)
    requests = {name: arms.requests(name) for name in modes}
    written = {str(name): arms.written(made, name) for name, made in requests.items()}
    texts = {name: texts_of(reports) for name, reports in written.items()}
    texts |= {"quoted": arms.quoted(), "consensus": arms.consensus()}
    read = {name: scorer.read(said) for name, said in texts.items()}
    figures = {name: scorer.figures(reports) for name, reports in read.items()}
    others = np.roll(np.arange(len(truth.reports)), -1).tolist()
    wrong = {"own": figures[own]["macro_f1"], "other_study": _f1(scorer, [read[own][other] for other in others])}
    if evidence:
        misled = arms.written(arms.requests(RAG, others), "another study's context")
        wrong["other_context"] = _f1(scorer, scorer.read(texts_of(misled)))
    empty, having = empty_sections(requests[own], written[own]) if evidence else (0, 0)
    differences = {
        name: {
            "macro_f1": asdict(scorer.difference(read[own], read[name])),
            "core_metric": asdict(scorer.core_difference(read[own], read[name])),
        }
        for name in read
        if name != own
    }
    result = {
        "studies": len(truth.reports),
        "findings": [f"{section}: {finding.name}={finding.value}" for section, finding in scorer.findings],
        "arms": figures,
        "differences": differences,
        "wrong_inputs": wrong,
        "sections_with_evidence": having,
        "sections_left_empty": empty,
    }
    return dict(without_nan(result | {"bars": [asdict(bar) for bar in _bars(result, own)]}))


def without_nan(value: Any) -> Any:
    """The same for JSON, which knows no NaN: None in its place, and plain numbers."""
    if isinstance(value, Mapping):
        return {name: without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return bool(value) if isinstance(value, np.bool_) else value


def _f1(scorer: Scorer, reports: Sequence[Read]) -> float:
    return float(scorer.f1_samples(reports)[0])


def _bars(result: Mapping[str, Any], own: str) -> list[Bar]:
    differences, wrong = result["differences"], result["wrong_inputs"]
    best = max(RETRIEVAL_ARMS, key=lambda name: result["arms"][name]["macro_f1"])
    gain = differences[best]["macro_f1"]
    bars = [
        Bar(
            f"{own} over {best}: macro-F1 of abnormal findings",
            gain["value"],
            f"≥ {_LEAST_GAIN}",
            gain["value"] >= _LEAST_GAIN,
        ),
        Bar(f"{own} over {best}: lower 95 % bound", gain["low"], "> 0", gain["low"] > 0),
    ]
    for name, difference in differences.items():
        if name != best:
            low = difference["macro_f1"]["low"]
            bars.append(Bar(f"{own} over {name}: lower 95 % bound of macro-F1", low, "> 0", low > 0))
    lost = wrong["own"] - wrong["other_study"]
    drop = lost / wrong["own"] if wrong["own"] else float("nan")
    bars.append(Bar("another study's vectors: share of macro-F1 lost", drop, "≥ 1/3", drop >= _LEAST_DROP))
    if "other_context" in wrong:
        cost = (wrong["own"] - wrong["other_context"]) / lost if lost > 0 else float("nan")
        bars.append(Bar("another study's context: share of that loss", cost, "< 0.5", cost < _MOST_OF_DROP))
        empty = result["sections_left_empty"]
        bars.append(Bar("sections with evidence that come out empty", empty, "0", empty == 0))
    return bars
