"""The text of a report says everything that a reader must know, in the language of the document."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.http import examples
from service.renderings.report_text import WIDTH, report_text
from service.schemas import ReportDocument
from tests.service.renderings.any_document import documents


def document(**changed: Any) -> ReportDocument:
    return ReportDocument.model_validate(examples.REPORT | changed)


def test_the_text_holds_notice_sections_phenotypes_clips_and_warnings() -> None:
    whole = document()
    text = report_text(whole)
    assert text.index(whole.draft_notice) < text.index("LEFT VENTRICLE")
    for part in (
        "Ejection fraction is estimated at 57 %.",
        "From clips 1 (A4C 65%), 3 (A2C 35%).",
        "Not assessed: no clip of a view that shows it.",
        "57.4 %",
        "50 to 64",
        "50 of 50",
        "section not assessed",
        "[clip_not_read_to_its_end]",
        "skipped: The file holds one frame",
        "bundle default",
        whole.study_id,
    ):
        assert part in text, part
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_what_was_posted_and_the_numbers_come_before_the_sections() -> None:
    text = report_text(document())
    for part in (
        "Files: 2. Clips used: 1, skipped: 1. Sections assessed: 1 of 2.",
        "Views: A4C 1.",
        "Frames per second: 30 (from the frame time; clips: 1).",
        "Quality: limited. Not used: clips 2.",
        "ejection fraction  57 %   50 to 64    50 of 50    estimated by vote",
    ):
        assert text.index(part) < text.index("LEFT VENTRICLE"), part


def test_a_section_shows_the_three_clips_that_matter() -> None:
    section = examples.REPORT["sections"][0]
    views = [
        {"clip": number, "view": "A4C", "weight": weight}
        for number, weight in enumerate((0.4, 0.3, 0.2, 0.06, 0.04), 1)
    ]
    text = report_text(document(sections=[section | {"views": views}]))
    assert "From clips 1 (A4C 40%), 2 (A4C 30%), 3 (A4C 20%) and 2 more." in text
    assert "4 (A4C" not in text


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ((0.97, 0.02, 0.01), "From clips 1 (A4C 97%) and 2 more."),
        ((0.004, 0.001), "From clips 1 (A4C <1%) and 1 more."),
        ((0.999,), "From clips 1 (A4C >99%)."),
    ],
)
def test_a_clip_that_hardly_matters_is_only_counted(weights: tuple[float, ...], said: str) -> None:
    views = [{"clip": number, "view": "A4C", "weight": weight} for number, weight in enumerate(weights, 1)]
    assert said in report_text(document(sections=[examples.REPORT["sections"][0] | {"views": views}]))


def test_frame_rates_are_told_as_a_range_by_their_source() -> None:
    rates = [
        {"frame_rate_hz": 18.5, "source": "frame_time", "clips": [1]},
        {"frame_rate_hz": 44.8, "source": "frame_time", "clips": [2, 3]},
        {"frame_rate_hz": None, "source": "assumed", "clips": [4]},
    ]
    text = " ".join(report_text(document(header=examples.REPORT["header"] | {"frame_rates": rates})).split())
    assert "18.5 to 44.8 (from the frame time; clips: 3), unknown (not stated, taken as expected; clips: 1)." in text


def test_the_impression_comes_first_and_names_its_sections_and_sentences() -> None:
    impression = [
        {
            "text": "Severe mitral stenosis.",
            "kind": "finding",
            "rests_on": [{"section": "Left Ventricle", "sentences": [0]}],
        },
        {
            "text": "Dilated.",
            "kind": "finding",
            "rests_on": [{"section": "Left Ventricle", "sentences": [0, 2]}, {"section": "Aorta", "sentences": [1]}],
        },
        {"text": "The IVC was not seen.", "kind": "not_assessed", "rests_on": []},
    ]
    text = report_text(document(impression=impression))
    assert "  1. Severe mitral stenosis. (Left Ventricle: sentence 1)\n" in text
    assert "  2. Dilated. (Left Ventricle: sentences 1, 3; Aorta: sentence 2)\n  3. The IVC was not seen.\n" in text
    assert text.index("IMPRESSION") < text.index("MEASUREMENTS") < text.index("LEFT VENTRICLE")


def test_an_empty_study_and_one_of_before_the_header_are_rendered_too() -> None:
    empty = document(sections=[], phenotypes={}, clips=[], header=None, measurements=[])
    text = report_text(empty)
    assert "PHENOTYPES" in text
    assert "EXAMINATION" not in text


def test_names_of_files_stay_on_the_terminal_that_knows_them() -> None:
    text = report_text(document(), {1: "a\x1b[31m.dcm", 2: "b.mp4"})
    assert "From clips a?[31m.dcm (A4C 65%), 3 (A2C 35%)." in text
    assert "Not used: clips b.mp4." in text


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(documents(ReportDocument), st.sampled_from(["en", "de", "fr", ""]), st.sampled_from(["echo", "", "toy"]))
def test_any_document_is_rendered_and_always_in_the_same_way(whole: ReportDocument, lang: str, modality: str) -> None:
    one = whole.model_copy(update={"lang": lang, "modality": modality})
    text = report_text(one)
    assert report_text(one) == text
    assert report_text(ReportDocument.model_validate_json(one.model_dump_json())) == text
    assert text.endswith("\n")
    assert not re.search(r"[ \t]+$", text.rstrip("\n").split("\n", maxsplit=1)[0])


@pytest.mark.parametrize("lang", ["en", "de"])
def test_tables_are_aligned(lang: str) -> None:
    lines = report_text(document(lang=lang)).splitlines()
    row = next(number for number, line in enumerate(lines) if line.startswith(("  ejection", "  Ejektion")))
    assert lines[row].index("57 %") == lines[row - 1].index("value" if lang == "en" else "Wert")


@pytest.mark.parametrize(("hidden", "told"), [(True, False), (False, True)])
def test_an_empty_section_says_once_why(hidden: bool, told: bool) -> None:
    row = [{"phenotype": "pulmonic_valve_regurgitation", "shown_by": ["A4C"]}] if hidden else []
    section = examples.REPORT["sections"][0] | {"text": "", "sentences": [], "not_shown": row}
    text = report_text(document(sections=[section]))
    assert ("No sentence was written." in text) is told
    assert ("no clip shows it" in text) is hidden
