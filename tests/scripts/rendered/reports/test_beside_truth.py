"""A draft is compared with the truth by what its sentences state."""

from typing import Any

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from scripts.rendered.evaluation.studies.truth import StudyTruth, is_abnormal
from scripts.rendered.reports.beside_truth import Compared, agreeing, findings_said, side_by_side, true_report
from service.http import examples
from service.schemas import PhenotypeOut, ReportDocument

TRUTH = StudyTruth.of(7, 0, "clinical", english())


def phenotype(kind: str, value: float | None, *, positive: bool | None = None, **more: float) -> PhenotypeOut:
    row = {"value": value, "unit": None, "kind": kind, "p10": 40.0, "p90": 60.0, "labelled": 50, "k": 50}
    row |= {"threshold": 0.5, "positive": positive, "section": "Left Ventricle", "reason": None, **more}
    return PhenotypeOut.model_validate(row)


def written(report: dict[str, str]) -> ReportDocument:
    """A document that says a report."""
    sections: list[dict[str, Any]] = []
    for name, text in report.items():
        sentences = [{"text": f"{one}.", "source": "both", "candidate_ids": []} for one in text.split(". ") if one]
        body: dict[str, Any] = {"assessed": True, "reason": None, "text": text, "views": [], "neighbours": []}
        sections.append({"name": name, "sentences": sentences, **body})
    return ReportDocument.model_validate(examples.REPORT | {"sections": sections})


def test_a_correct_report_misses_and_invents_nothing() -> None:
    document = written(true_report(7, 0, "clinical"))
    compared = Compared.of(TRUTH, findings_said(document))
    assert (compared.degrees, compared.missed, compared.invented) == ((), (), ())
    assert set(compared.found) == {finding for finding in TRUTH.stated if is_abnormal(finding)}


def test_what_is_left_out_is_missed_and_what_is_not_true_is_invented() -> None:
    name = next(finding.name for finding in TRUTH.stated if is_abnormal(finding) and finding.value == "severe")
    said = {finding for finding in TRUTH.stated if finding.name != name}
    assert [one.name for one in Compared.of(TRUTH, said).missed] == [name]
    compared = Compared.of(TRUTH, said | {Finding(name, "mild"), Finding("impella", "present")})
    assert [(true.value, other.value) for true, other in compared.degrees] == [("severe", "mild")]
    assert (compared.missed, compared.invented) == ((), (Finding("impella", "present"),))
    lines = list(compared.lines())
    assert lines[0].startswith("Found:          ")
    assert any(line.startswith("Invented:       1: impella") for line in lines)


def test_calls_and_numbers_agree_or_not_or_say_nothing() -> None:
    rows = {
        "right": phenotype("binary", 0.9, positive=True),
        "wrong": phenotype("binary", 0.1, positive=False),
        "uncalled": phenotype("binary", 0.4),
        "unknown": phenotype("binary", None),
        "number": phenotype("continuous", 50.0),
        "narrow": phenotype("continuous", 50.0, interval_low=49.0, interval_high=51.0),
    }
    assert agreeing(rows, dict.fromkeys(rows, 1.0) | {"number": 55.0, "narrow": 55.0}) == (2, 4)


def test_columns_hold_both_texts() -> None:
    lines = list(side_by_side(written({"Aorta": "A draft " * 12}), {"Aorta": "A truth " * 12}))
    assert sum(line.count("draft") for line in lines) == 12
    assert sum(line.count("truth") for line in lines) == 12
