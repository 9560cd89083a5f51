import pytest

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader, sentences_of
from scripts.rendered.evaluation.studies.reading import ReadReport, agreement, finding_tables
from scripts.rendered.evaluation.studies.truth import StudyTruth, grouped, is_abnormal, scored_findings
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of

LANGUAGE = english()
TRUTHS = [StudyTruth.of(90001, study, "clinical", LANGUAGE) for study in range(30)]
READER = PhraseReader(LANGUAGE)


def read(text: str) -> ReadReport:
    """A text without sections; every wording of the bank tells its own."""
    found = [READER.read_sentence(None, sentence) for sentence in sentences_of(text)]
    sections: dict[str, list[str]] = {}
    for sentence, reading in zip(sentences_of(text), found, strict=True):
        sections.setdefault(reading.phrase.section if reading.phrase else "?", []).append(sentence)
    return ReadReport.of(sections, READER)


def test_truth_is_the_state_and_not_the_reader() -> None:
    assert TRUTHS[3].labels == labels_of(state_of(90001, 3, "clinical"))


def test_segments_are_grouped_by_territory() -> None:
    segments = [Finding("segment_mid_anterior", "akinetic"), Finding("segment_apex", "hypokinetic")]
    lad = Finding("wall_motion_left_anterior_descending", "abnormal")
    assert grouped([*segments, Finding("lv_size", "mild")]) == {lad, Finding("lv_size", "mild")}


@pytest.mark.parametrize(("value", "abnormal"), [("trace", False), ("mild", True), ("bicuspid", True), ("none", False)])
def test_what_is_abnormal(value: str, abnormal: bool) -> None:
    assert is_abnormal(Finding("x", value)) is abnormal


def test_scored_findings_are_abnormal_and_frequent() -> None:
    findings = scored_findings(TRUTHS, 5)
    assert findings
    assert all(is_abnormal(finding) for finding in findings)
    assert all(sum(finding in truth.stated for truth in TRUTHS) >= 5 for finding in findings)


def test_a_correct_report_scores_perfectly() -> None:
    reports = [read(truth.reference) for truth in TRUTHS]
    true, said = finding_tables(TRUTHS, reports, scored_findings(TRUTHS, 1))
    assert (true == said).all()
    found = agreement(TRUTHS, reports)
    assert found["polarity"] == found["severity"] == 1.0
    assert found["numeric_error_ejection_fraction"] == 0.0


def test_another_patients_report_does_not() -> None:
    reports = [read(truth.reference) for truth in TRUTHS[1:]]
    true, said = finding_tables(TRUTHS[:-1], reports, scored_findings(TRUTHS, 1))
    assert not (true == said).all()
    assert agreement(TRUTHS[:-1], reports)["severity"] < 1.0
