"""All arms on the same studies: what each says, how right it is, and whether rag is better than the simpler ones."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.checks.bars import Bar
from scripts.rendered.evaluation.metrics.bleu import bleu_4
from scripts.rendered.evaluation.metrics.randomisation import paired_randomisation
from scripts.rendered.evaluation.metrics.rouge import rouge_l
from scripts.rendered.evaluation.parts.decoder_arms import ARM_FOLDERS, DecoderArm
from scripts.rendered.evaluation.parts.probe_texts import probe_texts, true_findings
from scripts.rendered.evaluation.parts.scores import columns_of
from scripts.rendered.evaluation.parts.text_arms import TextArms
from scripts.rendered.evaluation.studies.context import NUMBERS, Evaluation
from scripts.rendered.evaluation.studies.reading import ReadReport, Text, agreement, finding_tables
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.truth import StudyTruth
from service.answer.text.plain_sentences import plain_text
from service.answer.text.retrieved_report import paste_sections
from service.answer.text.text_check import differ
from service.schemas import ReportDocument
from service.site.metrics.core_metric import CoreMetric, core_metric
from service.site.metrics.finding_scores import finding_scores, macro_f1
from service.site.metrics.intervals import Interval, of_samples, sample_weights

SAMPLES = 1000
MOST_DISAGREEING = 0.02  # share of studies whose text may differ from their phenotypes
Reports = dict[str, list[ReadReport]]  # arm → what it says of each study


def write_arms(evaluation: Evaluation, documents: Mapping[str, Sequence[ReportDocument]]) -> Reports:
    """What every arm says of the test set; documents: the product's own answers by mode."""
    simple = TextArms(evaluation)
    texts: dict[str, Sequence[Text]] = {
        "A": [simple.most_frequent] * len(evaluation.studies),
        "B": _quoted_texts(evaluation),
        "C": [simple.consensus(found) for found, _ in evaluation.retrieved],
        "D": _probe_texts(evaluation),
    }
    texts |= {mode: [plain_text(document) for document in documents[mode]] for mode in documents if mode != "retrieval"}
    for name in ARM_FOLDERS:
        arm = DecoderArm.of_folder(evaluation, name)
        if arm is not None:
            texts[name] = arm.texts()
    return {name: [ReadReport.of(text, evaluation.reader) for text in arm] for name, arm in texts.items()}


def _quoted_texts(evaluation: Evaluation) -> list[Text]:
    """The nearest candidates' sections with their numbers, which the product's answers leave out."""
    pipeline, bank = evaluation.pipeline, evaluation.pipeline.retriever.bank
    table = pipeline.visibility
    hidden = [frozenset() if table is None else table.hidden_findings(s.embedding) for s in evaluation.embedded]
    return [
        paste_sections(found, bank, names, pipeline.text_check).plain
        for (found, _), names in zip(evaluation.retrieved, hidden, strict=True)
    ]


def _probe_texts(evaluation: Evaluation) -> list[Text]:
    learned = [replayed(evaluation.pipeline, study).sections for study in evaluation.cached("calibration")]
    tested = [study.sections for study in evaluation.embedded]
    return probe_texts((learned, true_findings(evaluation.sets["calibration"])), tested, evaluation.language)


def core_of(evaluation: Evaluation, truths: Sequence[StudyTruth], reports: Sequence[ReadReport]) -> CoreMetric:
    """The Core Metric of some texts."""
    read = {name: np.array([r.labels.get(name, np.nan) for r in reports]) for name in truths[0].labels}
    return core_metric(columns_of(truths), read, {name: evaluation.training_means[name] for name in NUMBERS})


def f1_samples(
    evaluation: Evaluation, truths: Sequence[StudyTruth], reports: Sequence[ReadReport]
) -> NDArray[np.float64]:
    """Macro-F1 of all studies, then of every bootstrap sample; the same samples for every arm."""
    true, said = finding_tables(truths, reports, evaluation.findings)
    return macro_f1(true, said, sample_weights(len(truths), SAMPLES))


def arm_figures(evaluation: Evaluation, reports: Sequence[ReadReport]) -> dict[str, float]:
    """All figures of one arm."""
    truths = evaluation.truths
    true, said = finding_tables(truths, reports, evaluation.findings)
    scores, core = finding_scores(true, said), core_of(evaluation, truths, reports)
    interval = of_samples(f1_samples(evaluation, truths, reports))
    binary = [part for name, part in core.parts.items() if name not in NUMBERS]
    references = [truth.reference for truth in truths]
    texts = [report.text for report in reports]
    return {
        "macro_f1": interval.value,
        "low": interval.low,
        "high": interval.high,
        "precision": scores.precision,
        "recall": scores.recall,
        "balanced_accuracy": float(np.mean(binary)) if binary else float("nan"),
        "core_metric": core.value,
        "coverage": core.coverage,
        **agreement(truths, reports),
        "bleu_4": bleu_4(references, texts),
        "rouge_l": rouge_l(references, texts),
        "unread_sentences": sum(r.unread for r in reports) / max(1, sum(r.sentences for r in reports)),
    }


def difference(evaluation: Evaluation, one: Sequence[ReadReport], other: Sequence[ReadReport]) -> Interval:
    """Macro-F1 of one arm less that of another, on the same bootstrap samples."""
    truths = evaluation.truths
    return of_samples(f1_samples(evaluation, truths, one) - f1_samples(evaluation, truths, other))


def disagreeing_share(reports: Sequence[ReadReport], answers: Sequence[ReportDocument]) -> float:
    """Share of studies whose text differs from the phenotype estimates that the service answers beside it."""
    reported = [
        any(differ(_reported(report.labels.get(name)), row) for name, row in answer.phenotypes.items())
        for report, answer in zip(reports, answers, strict=True)
    ]
    return float(np.mean(reported)) if reported else float("nan")


def _reported(label: float | None) -> float | None:
    return None if label is None or np.isnan(label) else label


def measure_arms(evaluation: Evaluation, reports: Reports, answers: Sequence[ReportDocument], results: Results) -> None:
    """Adds figures of all arms and the bars of the primary endpoint. answers: whose phenotypes stand beside a text."""
    figures = {
        name: {**arm_figures(evaluation, said), "disagreeing": disagreeing_share(said, answers)}
        for name, said in reports.items()
    }
    results.figures["arms"] = figures
    results.figures["scored_findings"] = [f"{f.name}={f.value}" for f in evaluation.findings]
    _primary(evaluation, reports, results)
    _against_generate(evaluation, reports, results)
    missing = [name for name in ARM_FOLDERS if name not in reports]
    if missing:
        results.not_measured([f"arm {name} is trained" for name in missing], "arms that were not trained")
    name_best(figures, results)


def name_best(figures: Mapping[str, Mapping[str, float]], results: Results) -> None:
    """Says which arm is best and, where that is not the product's, whether it may be the default."""
    best = max(figures, key=lambda name: figures[name]["macro_f1"])
    results.figures["best_arm"] = best
    if best in ("rag", "F"):
        return
    remark = f"arm {best} has the largest macro-F1"
    if (share := figures[best]["disagreeing"]) > MOST_DISAGREEING:
        remark += f", but in {share:.1%} of studies its text differs from the phenotypes beside it"
        remark += f" ({MOST_DISAGREEING:.0%} may): it cannot be the default"
    else:
        remark += ": it should be the default"
    results.remarks.append(remark)


def _primary(evaluation: Evaluation, reports: Reports, results: Results) -> None:
    names = ("rag over the better of B and C: macro-F1", "rag over the better of B and C: lower 95 % bound")
    if "rag" not in reports:
        results.not_measured(names, "the bundle has no decoder")
        return
    figures = results.figures["arms"]
    better = max(("B", "C"), key=lambda name: figures[name]["macro_f1"])
    found = difference(evaluation, reports["rag"], reports[better])
    true, one = finding_tables(evaluation.truths, reports["rag"], evaluation.findings)
    _, other = finding_tables(evaluation.truths, reports[better], evaluation.findings)
    p = paired_randomisation(true, one, other, 500)
    results.figures["primary"] = {"against": better, "difference": found.value, "low": found.low, "p": p}
    results.at_least(names[0], found.value, 0.02)
    results.bars.append(Bar(names[1], round(found.low, 4), "> 0", found.low > 0))


def _against_generate(evaluation: Evaluation, reports: Reports, results: Results) -> None:
    name = "rag against generate (E): macro-F1"
    rag = reports.get("F", reports.get("rag"))
    if rag is None or "E" not in reports:
        results.not_measured([name], "arm E was not trained")
        return
    found = difference(evaluation, rag, reports["E"])
    results.figures["against_generate"] = {"difference": found.value, "low": found.low, "high": found.high}
    results.at_least(name, found.value, -0.005)
