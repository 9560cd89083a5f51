"""A signed report is final in every format, says who signed, and bears no mark of a draft; an edited one still does."""

import io
import json
from datetime import UTC, datetime

import pydicom
import pytest

from service.editing.applying import with_edition
from service.editing.edition import Edition
from service.http import examples
from service.renderings.dicom_sr.document import report_sr
from service.renderings.fhir.bundle import report_fhir
from service.renderings.html_page import report_html
from service.renderings.pdf.document import report_pdf
from service.renderings.report_text import report_text
from service.renderings.standing import report_status
from service.schemas import ReportDocument

DRAFT = ReportDocument.model_validate(examples.REPORT)
WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)
EDITED = with_edition(DRAFT, Edition(1, "draft", WHEN, sections={DRAFT.sections[0].name: "Seen by a person."}))
SIGNED = with_edition(DRAFT, Edition(2, "final", WHEN, signed_by="Dr. A^Reader"))
AMENDED = with_edition(DRAFT, Edition(4, "final", WHEN, signed_by="Dr. B", amends=2, reason="Wrong side."))


@pytest.mark.parametrize(
    ("document", "status"), [(DRAFT, "preliminary"), (EDITED, "preliminary"), (SIGNED, "final"), (AMENDED, "amended")]
)
def test_fhir_says_what_the_version_is(document: ReportDocument, status: str) -> None:
    assert report_status(document) == status
    resources = [entry["resource"] for entry in json.loads(report_fhir(document))["entry"]]
    stated = {
        one["resourceType"]: one["status"] for one in resources if one["resourceType"] != "Device" and "status" in one
    }
    assert set(stated.values()) == {status}
    assert {"Composition", "DiagnosticReport"} <= set(stated)


def test_fhir_tells_versions_apart_and_who_signed() -> None:
    bundles = [json.loads(report_fhir(document)) for document in (DRAFT, EDITED, SIGNED, AMENDED)]
    assert len({bundle["identifier"]["value"] for bundle in bundles}) == 4
    assert [bundle["timestamp"] for bundle in bundles[1:]] == [WHEN.isoformat()] * 3
    attested = [bundle["entry"][0]["resource"].get("attester") for bundle in bundles]
    assert attested[:2] == [None, None]
    assert [each[0]["party"]["display"] for each in attested[2:]] == ["Dr. A^Reader", "Dr. B"]


def test_text_and_html_say_who_signed_and_are_no_draft() -> None:
    for page in (report_text(SIGNED), report_html(SIGNED)):
        assert "Signed by Dr. A^Reader" in page
        assert "DRAFT" not in page
    for page in (report_text(EDITED), report_html(EDITED)):
        assert "DRAFT" in page
        assert "Seen by a person." in page
        assert "not signed" in page
    assert "Amends version 2: Wrong side." in report_text(AMENDED)
    assert report_pdf(SIGNED) != report_pdf(DRAFT)


def test_a_structured_report_is_verified_by_who_signed() -> None:
    signed = pydicom.dcmread(io.BytesIO(report_sr(SIGNED)))
    assert (signed.CompletionFlag, signed.VerificationFlag, signed.PreliminaryFlag) == ("COMPLETE", "VERIFIED", "FINAL")
    observer = signed.VerifyingObserverSequence[0]
    assert str(observer.VerifyingObserverName) == "Dr. A Reader^"
    assert str(observer.VerificationDateTime).startswith("20261130120000")
    assert report_sr(SIGNED) == report_sr(SIGNED)
    edited = pydicom.dcmread(io.BytesIO(report_sr(EDITED)))
    assert (edited.CompletionFlag, edited.VerificationFlag, edited.PreliminaryFlag) == (
        "PARTIAL", "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip
    assert "VerifyingObserverSequence" not in edited
