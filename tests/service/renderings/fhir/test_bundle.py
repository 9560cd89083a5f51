"""FHIR of a report: other people's parser takes it, references resolve, codes are on their lists, nobody is named."""

import base64
import importlib
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ingest.identity import SourceInstance, SourceReference
from service.renderings.fhir.bindings import BindingBroken, check_bindings
from service.renderings.fhir.bundle import report_fhir
from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.report_text import report_text
from service.schemas import NotShown, ReportDocument
from tests.service.renderings.any_document import documents
from tests.service.renderings.told_reports import demonstration, empty, german, measured, told

Json = dict[str, Any]
REPORTS = [told, measured, demonstration, german, empty]
ORDINARY = {"Composition", "DiagnosticReport", "Observation", "Device", "Provenance"}


def bundle_of(document: ReportDocument, source: SourceReference | None = None) -> Json:
    found: Json = json.loads(report_fhir(document, source))
    return found


def resources(bundle: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def observation(bundle: Json, name: str) -> Json:
    """The observation whose code holds that code."""
    (found,) = [one for one in resources(bundle, "Observation") if name in {c["code"] for c in one["code"]["coding"]}]
    return found


@pytest.mark.parametrize("report", REPORTS)
def test_other_peoples_parser_takes_it(report: Any) -> None:
    parser = importlib.import_module("fhir.resources.R4B.bundle")
    parsed = parser.Bundle.model_validate_json(report_fhir(report()))
    assert parsed.type == "document"
    assert {type(entry.resource).__name__ for entry in parsed.entry} == ORDINARY - (
        {"Observation"} if report is empty else set()
    )


@pytest.mark.parametrize("report", REPORTS)
def test_references_resolve_inside_the_bundle(report: Any) -> None:
    bundle = bundle_of(report())
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", url) for url in urls)
    named = {one["reference"] for one in objects(bundle) if "reference" in one}
    assert named <= set(urls)
    observations = {e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"}
    (composition,) = resources(bundle, "Composition")
    assert {one["reference"] for one in objects(composition["section"]) if "reference" in one} == observations
    assert bundle["entry"][0]["resource"] == composition  # a document begins with it


@pytest.mark.parametrize("report", REPORTS)
def test_narratives_are_xhtml_and_texts_are_never_empty(report: Any) -> None:
    bundle = bundle_of(report())
    divs = [one["div"] for one in objects(bundle) if "div" in one]
    assert divs
    for div in divs:
        assert ElementTree.fromstring(div).tag == "{http://www.w3.org/1999/xhtml}div"
    assert "" not in {value for one in objects(bundle) for value in one.values() if isinstance(value, str)}
    assert [] not in [value for one in objects(bundle) for value in one.values()]


def test_units_are_ucum_as_others_read_them() -> None:
    parser = importlib.import_module("ucumvert").get_ucum_parser()
    found = [one for report in REPORTS for one in objects(bundle_of(report()))]
    units = {one["code"] for one in found if one.get("system") == "http://unitsofmeasure.org"}
    assert {"%", "mL", "1"} <= units
    for unit in units:
        parser.parse(unit)


def test_everything_is_preliminary_and_says_so() -> None:
    bundle = bundle_of(told())
    for kind in ("Composition", "DiagnosticReport", "Observation"):
        assert {one["status"] for one in resources(bundle, kind)} == {"preliminary"}
    for one in resources(bundle, "Observation"):  # a store takes them apart
        assert ENGLISH.draft_mark in one["note"][0]["text"]
    (report,) = resources(bundle, "DiagnosticReport")
    assert report["conclusion"].startswith(ENGLISH.draft_mark)


def test_a_demonstration_is_test_data_in_every_resource() -> None:
    bundle = bundle_of(demonstration())
    for one in [bundle, *(entry["resource"] for entry in bundle["entry"])]:
        assert one["meta"]["security"][0]["code"] == "HTEST"
    for one in resources(bundle, "Observation"):
        assert ENGLISH.demonstration_mark in one["note"][0]["text"]
        assert ENGLISH.unlike_mark in one["note"][0]["text"]
    assert "meta" not in bundle_of(told())


def test_a_number_has_loinc_and_ucum_and_its_spread() -> None:
    bundle = bundle_of(told())
    numbers = [
        one for one in resources(bundle, "Observation") if one.get("method", {}).get("text") == "estimated by vote"
    ]
    (number,) = numbers
    assert {"system": "http://loinc.org", "code": "18043-0"}.items() <= number["code"]["coding"][0].items()
    assert number["valueQuantity"] == {
        "value": 57.0,
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    assert number["component"][0]["valueRange"]["low"]["value"] == 50.0


def test_only_a_measured_number_claims_a_method() -> None:
    assert "79991-6" not in report_fhir(told(traced=[])).decode()
    measured_one = observation(bundle_of(measured()), "79991-6")
    assert measured_one["valueQuantity"]["value"] == 57.0
    assert observation(bundle_of(told()), "79999-9")["valueQuantity"]["code"] == "mL"


def test_a_call_is_present_or_absent_and_none_is_a_reason() -> None:
    bundle = bundle_of(told())
    assert observation(bundle, "mitral_stenosis")["valueCodeableConcept"]["coding"][0]["display"] == "Present"
    assert observation(bundle, "aortic_stenosis")["valueCodeableConcept"]["coding"][0]["display"] == "Absent"
    assert observation(bundle, "mitraclip")["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert observation(bundle, "dilated_ivc")["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    for one in resources(bundle, "Observation"):
        assert ("dataAbsentReason" in one) != any(name.startswith("value") for name in one)


def test_a_code_that_is_true_of_a_positive_call_alone_does_not_deny() -> None:
    """Our "no" to a stenosis means less than moderate; SNOMED's Aortic stenosis, absent, would say none."""
    bundle = bundle_of(told())
    assert "79619009" in {c["code"] for c in observation(bundle, "mitral_stenosis")["code"]["coding"]}
    assert "60573004" not in {c["code"] for c in observation(bundle, "aortic_stenosis")["code"]["coding"]}
    assert "72352009" in {c["code"] for c in observation(bundle, "bicuspid_aov_morphology")["code"]["coding"]}


def test_the_whole_text_goes_with_it() -> None:
    (report,) = resources(bundle_of(german()), "DiagnosticReport")
    (form,) = report["presentedForm"]
    assert base64.b64decode(form["data"]).decode() == report_text(german())
    assert form["language"] == "de"
    assert GERMAN.draft_mark in report["conclusion"]


def test_what_no_clip_shows_is_said() -> None:
    row = NotShown(phenotype="mitral_stenosis", shown_by=["A4C"])
    section = told().sections[0].model_copy(update={"text": "", "sentences": [], "not_shown": [row]})
    (composition,) = resources(bundle_of(told(sections=[section])), "Composition")
    (text,) = [one["text"]["div"] for one in composition["section"] if one["title"] == "Left Ventricle"]
    assert "Nothing is said of mitral stenosis: no clip shows it (A4C)." in text


def test_what_made_it_is_named() -> None:
    made_by = {"bundle": "default", "bundle_sha256": "ab" * 32, "echoscribe": "0.1.0", "bank": "default"}
    bundle = bundle_of(told(provenance=made_by))
    (device,) = resources(bundle, "Device")
    assert {one["type"]["text"]: one["value"] for one in device["version"]} == made_by
    (provenance,) = resources(bundle, "Provenance")
    assert provenance["entity"][0]["what"]["identifier"]["value"] == told().clips[0].sha256
    assert len(provenance["entity"]) == 1  # the skipped clip is no source


def test_the_study_is_named_only_where_its_identifiers_may_be_returned() -> None:
    source = SourceReference("1.2.3.4", (SourceInstance(1, "1.2.3.5", "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3.6"),))
    assert "1.2.3.4" not in report_fhir(told()).decode()
    (report,) = resources(bundle_of(told(), source), "DiagnosticReport")
    assert report["imagingStudy"][0]["identifier"] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4"}
    for bundle in (bundle_of(told()), bundle_of(told(), source)):
        assert not [one for one in objects(bundle) if "subject" in one or one.get("resourceType") == "Patient"]


def test_the_same_report_is_the_same_bundle() -> None:
    assert report_fhir(told()) == report_fhir(told())


@pytest.mark.parametrize(
    ("element", "value", "said"),
    [
        ("status", "bogus?", "Observation.status: 'bogus\\?' is none of"),
        ("language", "not a language", "Observation.language"),
    ],
)
def test_a_code_that_is_on_no_list_is_refused(element: str, value: str, said: str) -> None:
    bundle = bundle_of(told())
    resources(bundle, "Observation")[0][element] = value
    with pytest.raises(BindingBroken, match=said):
        check_bindings(bundle)


def test_a_unit_that_is_no_ucum_code_is_refused() -> None:
    bundle = bundle_of(told())
    observation(bundle, "79999-9")["valueQuantity"]["code"] = "millilitres"
    with pytest.raises(BindingBroken, match="millilitres"):
        check_bindings(bundle)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(documents(ReportDocument), st.sampled_from(["en", "de"]), st.sampled_from(["echo", "", "toy"]))
def test_any_document_is_a_bundle(whole: ReportDocument, lang: str, modality: str) -> None:
    bundle = bundle_of(whole.model_copy(update={"lang": lang, "modality": modality}))
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert {one["reference"] for one in objects(bundle) if "reference" in one} <= urls
    for one in objects(bundle):
        if "div" in one:
            ElementTree.fromstring(one["div"])
