"""DICOM SR of a report: pydicom and highdicom read it back, dciodvfy finds no error, dsrdump can be read."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from highdicom.sr import EnhancedSR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from service.ingest.identity import SourceInstance, SourceReference
from service.renderings.dicom_sr.document import report_sr
from service.renderings.page_words import ENGLISH, GERMAN
from service.schemas import NotShown, ReportDocument
from tests.service.renderings.any_document import documents
from tests.service.renderings.told_reports import demonstration, empty, german, measured, said_by, told

REPORTS = [told, measured, demonstration, german, empty]
SOURCE = SourceReference(
    "1.2.3.4",
    (
        SourceInstance(1, "1.2.3.5", "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3.6"),
        SourceInstance(2, "1.2.3.5", "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3.7"),
    ),
)


def read(document: ReportDocument, source: SourceReference | None = None) -> Dataset:
    return pydicom.dcmread(io.BytesIO(report_sr(document, source)))


def items(dataset: Dataset) -> Iterator[Dataset]:
    for item in dataset.get("ContentSequence", []):
        yield item
        yield from items(item)


def meaning(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def code(item: Dataset) -> str:
    coded = item.ConceptNameCodeSequence[0]
    return str(coded.get("CodeValue") or coded.get("LongCodeValue"))


def coded_values(dataset: Dataset) -> dict[str, str]:
    """Code of the name → meaning of the value."""
    found = [item for item in items(dataset) if item.ValueType == "CODE"]
    return {code(item): str(item.ConceptCodeSequence[0].CodeMeaning) for item in found}


def texts(dataset: Dataset) -> list[str]:
    return [str(item.TextValue) for item in items(dataset) if item.ValueType == "TEXT"]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("source", [None, SOURCE])
def test_dciodvfy_finds_no_error_and_dsrdump_reads_it(
    tmp_path: Path, report: Any, source: SourceReference | None
) -> None:
    (path := tmp_path / "report.dcm").write_bytes(report_sr(report(), source))
    checked = said_by("dciodvfy", "-new", path)
    assert "EnhancedSR" in checked
    assert [line for line in checked.splitlines() if line.startswith("Error")] == []
    dumped = said_by("dsrdump", "+Pl", path)
    assert "Enhanced SR Document" in dumped
    assert "PRELIMINARY" in dumped
    assert "UNVERIFIED" in dumped
    assert "\nE: " not in dumped


@pytest.mark.parametrize("report", REPORTS)
def test_highdicom_reads_its_groups_back(report: Any) -> None:
    sr = EnhancedSR.from_dataset(read(report()))
    groups = sr.content.get_image_measurement_groups()
    assert groups
    for group in groups:
        assert group.tracking_uid
    assert read(report()).ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_the_algorithm_is_identified() -> None:
    made_by = {"echoscribe": "0.1.0", "bundle": "default", "bundle_sha256": "ab" * 32}
    found = {
        (meaning(item), item.TextValue) for item in items(read(told(provenance=made_by))) if item.ValueType == "TEXT"
    }
    for pair in (
        ("Algorithm Name", "EchoScribe"),
        ("Algorithm Version", "0.1.0"),
        ("Algorithm Parameters", f"bundle_sha256={'ab' * 32}"),
    ):
        assert pair in found


def test_numbers_have_codes_units_and_their_range() -> None:
    numbers = [item for item in items(read(told())) if item.ValueType == "NUM" and code(item) == "18043-0"]
    (number,) = numbers
    value = number.MeasuredValueSequence[0]
    assert (float(value.NumericValue), value.MeasurementUnitsCodeSequence[0].CodeValue) == (57.0, "%")
    around = [item for item in items(number) if item.ValueType == "NUM"]
    assert [float(item.MeasuredValueSequence[0].NumericValue) for item in around] == [7.0, 7.0]
    units = {item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue for item in around}
    assert units == {"%"}
    assert "Estimated" in {
        str(item.ConceptCodeSequence[0].CodeMeaning) for item in items(number) if item.ValueType == "CODE"
    }


def test_only_a_measured_number_claims_a_method() -> None:
    assert "79991-6" in {code(item) for item in items(read(measured()))}
    estimated = read(told(traced=[]))
    assert "79991-6" not in {code(item) for item in items(estimated)}
    assert "79999-9" in {code(item) for item in items(read(told()))}


def test_calls_are_findings_and_what_was_not_called_is_none() -> None:
    called = {
        code(item): str(item.ConceptCodeSequence[0].CodeMeaning)
        for item in items(read(told()))
        if item.ValueType == "CODE"
    }
    assert called["79619009"] == "Present"
    assert called["aortic_stenosis"] == "Absent"  # less than moderate is not SNOMED's "no stenosis"
    assert "60573004" not in called
    assert "mitraclip" not in called


def test_a_draft_and_a_demonstration_cannot_be_missed() -> None:
    sr = read(demonstration())
    assert (sr.PreliminaryFlag, sr.CompletionFlag, sr.VerificationFlag) == ("PRELIMINARY", "PARTIAL", "UNVERIFIED")
    assert sr.SeriesDescription == ENGLISH.demonstration_mark
    assert sr.CompletionFlagDescription == ENGLISH.demonstration_mark
    said = texts(sr)
    for mark in (ENGLISH.demonstration_mark, ENGLISH.unlike_mark, ENGLISH.draft_mark, demonstration().draft_notice):
        assert mark in said
    assert read(told()).SeriesDescription == ENGLISH.draft_mark
    assert any("[out_of_distribution]" in text for text in said)


def test_the_narrative_is_there_in_german() -> None:
    sr = read(german())
    assert sr.SpecificCharacterSet == "ISO_IR 192"
    assert any(text.startswith("Linker Ventrikel: Die Größe ist normal, ≥ 57 %.") for text in texts(sr))
    assert sr.SeriesDescription == GERMAN.draft_mark
    language = next(item for item in items(sr) if "Language" in meaning(item))
    assert language.ConceptCodeSequence[0].CodeValue == "de"


def test_what_no_clip_shows_is_said() -> None:
    row = NotShown(phenotype="mitral_stenosis", shown_by=["A4C"])
    section = told().sections[0].model_copy(update={"text": "", "sentences": [], "not_shown": [row]})
    said = [text for text in texts(read(told(sections=[section]))) if text.startswith("Left Ventricle: ")]
    assert said == [
        "Left Ventricle: Nothing is said of mitral stenosis: no clip shows it (A4C). "
        "From clips 1 (A4C 65%), 3 (A2C 35%)."
    ]


def test_nobody_is_named_and_no_file_referenced_unless_that_is_switched_on() -> None:
    sr = read(told())
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyDate"):
        assert not sr[keyword].value
    assert not [item for item in items(sr) if item.ValueType == "IMAGE"]
    assert "CurrentRequestedProcedureEvidenceSequence" not in sr
    assert sr.StudyInstanceUID.startswith("2.25.")


def test_with_its_source_the_used_clips_are_referenced_in_their_own_study() -> None:
    sr = read(told(), SOURCE)
    assert sr.StudyInstanceUID == "1.2.3.4"
    (study,) = sr.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence] == ["1.2.3.6"]  # 2 was skipped
    assert [item for item in items(sr) if item.ValueType == "IMAGE"]


def test_the_same_report_is_the_same_instance_and_another_is_another() -> None:
    assert report_sr(told()) == report_sr(told())
    first, second = read(told()), read(german())
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.ContentDate == "20261122"


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(documents(ReportDocument), st.sampled_from(["en", "de"]), st.sampled_from(["echo", "", "toy"]))
def test_any_document_is_an_sr(whole: ReportDocument, lang: str, modality: str) -> None:
    sr = read(whole.model_copy(update={"lang": lang, "modality": modality}))
    assert sr.Modality == "SR"
    assert len(texts(sr)) >= 2
