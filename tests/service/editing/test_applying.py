"""What a version says: kept sentences keep their source, a demonstration stays one, changes are found by sentence."""

import json
from datetime import UTC, datetime

from service.documents.edition import SectionChange
from service.documents.traced import TracedMeasurement
from service.editing.applying import changes_between, feedback_of, with_edition
from service.editing.edition import Edition
from service.http import examples
from service.renderings.fhir.bundle import report_fhir
from service.renderings.html_page import report_html
from service.renderings.report_text import report_text
from service.schemas import DEMONSTRATION_NOTICE, ReportDocument

WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)
DRAFT = ReportDocument.model_validate(examples.REPORT)
SECTION = next(section for section in DRAFT.sections if len(section.sentences) > 1)
FIRST, SECOND = (sentence.text for sentence in SECTION.sentences[:2])


def fhir_numbers(document: ReportDocument) -> str:
    entries = json.loads(report_fhir(document))["entry"]
    return str([entry["resource"].get("valueQuantity") for entry in entries])


def version(**changes: object) -> Edition:
    return Edition(1, "draft", WHEN, **changes)  # type: ignore[arg-type]  # names of its fields


def test_a_kept_sentence_keeps_where_it_came_from() -> None:
    shown = with_edition(DRAFT, version(sections={SECTION.name: f"{FIRST} Seen by a person."}))
    section = next(each for each in shown.sections if each.name == SECTION.name)
    assert section.edited
    assert section.sentences[0] == SECTION.sentences[0]
    assert (section.sentences[1].text, section.sentences[1].source) == ("Seen by a person.", "written")
    assert [each for each in shown.sections if each.name != SECTION.name] == [
        each for each in DRAFT.sections if each.name != SECTION.name
    ]
    assert changes_between(DRAFT, shown) == [
        SectionChange(section=SECTION.name, removed=[SECOND], added=["Seen by a person."])
    ]


def test_a_section_with_the_text_of_the_draft_is_not_edited() -> None:
    shown = with_edition(DRAFT, version(sections={SECTION.name: SECTION.text}))
    assert shown.sections == DRAFT.sections
    assert changes_between(DRAFT, shown) == []


def test_numbers_and_calls_of_an_edited_section_no_longer_stand() -> None:
    assert any(row.section == SECTION.name and row.value is not None for row in DRAFT.phenotypes.values())
    shown = with_edition(DRAFT, version(sections={SECTION.name: "The ejection fraction is 45 %."}))
    assert [row.section for row in shown.measurements if row.section == SECTION.name] == []
    for name, row in shown.phenotypes.items():
        if row.section == SECTION.name:
            assert (row.value, row.positive, row.p10, row.reason) == (None, None, None, "section_edited")
        else:
            assert row == DRAFT.phenotypes[name]
    for write, number in ((report_text, "57"), (report_html, "57"), (fhir_numbers, "57.4")):
        assert number in write(DRAFT).replace(DRAFT.study_id, "")
        assert number not in write(shown).replace(DRAFT.study_id, "")


def measured(name: str, phenotype: str | None) -> TracedMeasurement:
    return TracedMeasurement(
        name=name,
        phenotype=phenotype,
        value=57.4,
        unit="%",
        method="area_length",
        stated=True,
        reason=None,
        quality=0.9,
        interval_low=None,
        interval_high=None,
        clips=[1],
        panels=[None],
        frames=[3],
        beats=1,
    )


def test_once_a_section_was_edited_a_measurement_stands_only_where_another_section_states_it() -> None:
    document = DRAFT.model_copy(update={"traced": [measured("ejection_fraction", "ejection_fraction")]})
    kept = with_edition(document, version(impression=("Short.",)))
    assert [row.stated for row in kept.traced] == [True]
    shown = with_edition(document, version(sections={SECTION.name: "Seen by a person."}))
    assert [(row.stated, row.reason) for row in shown.traced] == [(False, "section_edited")]
    assert "57.4" not in fhir_numbers(shown)


def test_a_section_can_be_emptied() -> None:
    shown = with_edition(DRAFT, version(sections={SECTION.name: ""}))
    section = next(each for each in shown.sections if each.name == SECTION.name)
    assert (section.text, section.sentences) == ("", [])


def test_a_signature_makes_no_patient_of_a_rendered_heart() -> None:
    final = Edition(1, "final", WHEN, signed_by="Dr. A")
    assert with_edition(DRAFT, final).draft_notice == "Signed by Dr. A, 2026-11-30 12:00 UTC."
    shown = with_edition(DRAFT.model_copy(update={"status": "demonstration"}), final)
    assert shown.draft_notice.endswith(DEMONSTRATION_NOTICE)


def test_feedback_has_both_texts() -> None:
    row = feedback_of(DRAFT, Edition(1, "final", WHEN, signed_by="Dr. A", sections={SECTION.name: FIRST}))
    assert (row.draft[SECTION.name], row.final[SECTION.name]) == (SECTION.text, FIRST)
    assert row.changes == [SectionChange(section=SECTION.name, removed=[SECOND], added=[])]
    assert "Dr. A" not in row.model_dump_json()
