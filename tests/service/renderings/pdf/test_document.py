"""PDF of a report, looked at with poppler: real text in the order of reading, tags, embedded fonts, marks per page."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.pdf.document import report_pdf
from service.renderings.pdf.layout import WIDTH, column_widths
from service.schemas import ReportDocument
from tests.service.renderings.any_document import documents
from tests.service.renderings.told_reports import PHENOTYPES, demonstration, empty, german, said_by, told


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A demonstration of several pages."""
    rows = {f"name_{number}": PHENOTYPES["mitral_stenosis"] for number in range(90)}
    section = demonstration().sections[0].model_copy(update={"text": "A sentence of some length. " * 90})
    document = demonstration().model_copy(update={"sections": [section] * 3})
    whole = ReportDocument.model_validate(document.model_dump() | {"phenotypes": rows})
    (path := tmp_path / "long.pdf").write_bytes(report_pdf(whole))
    return path


def written(folder: Path, document: ReportDocument) -> Path:
    (path := folder / "report.pdf").write_bytes(report_pdf(document))
    return path


def text_of(path: Path, *options: str) -> str:
    return " ".join(said_by("pdftotext", *options, path, "-").split())


def test_its_text_can_be_read_in_order(tmp_path: Path) -> None:
    text = text_of(written(tmp_path, told()))
    places = [
        "ECHOCARDIOGRAPHY REPORT (DRAFT)",
        ENGLISH.draft_notice,
        "Clips 1 are longer than the limit. [clip_not_read_to_its_end]",
        "Severe mitral stenosis. (Left Ventricle: sentence 1)",
        "Files: 2. Clips used: 1, skipped: 1.",
        "estimated by vote",
        "Ejection fraction is estimated at 57 %.",
        "Not assessed: no clip of a view that shows it.",
        "skipped: The file holds one frame",
        "Made by bundle default",
    ]
    assert sorted(places, key=text.index) == places


def test_every_page_says_draft_and_demonstration(long: Path) -> None:
    pages = int(re.findall(r"Pages:\s+(\d+)", said_by("pdfinfo", long))[0])
    assert pages > 2
    for page in range(1, pages + 1):
        text = text_of(long, "-f", str(page), "-l", str(page))
        for mark in (ENGLISH.draft_mark, ENGLISH.demonstration_mark, ENGLISH.unlike_mark, f"Page {page}"):
            assert mark in text


def test_german_letters_are_letters(tmp_path: Path) -> None:
    text = text_of(written(tmp_path, german()))
    for part in (GERMAN.draft_mark, "Die Größe ist normal, ≥ 57 %.", "Ärztin", "Phänotypen", "Seite 1"):
        assert part in text


def test_fonts_lie_in_the_file_and_map_back_to_letters(long: Path) -> None:
    rows = said_by("pdffonts", long).splitlines()[2:]
    assert len(rows) == 2
    assert all(row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)  # embedded, subset, unicode


def test_it_is_tagged(long: Path) -> None:
    facts = said_by("pdfinfo", long)
    assert re.search(r"Tagged:\s+yes", facts)
    assert re.search(r"JavaScript:\s+no", facts)
    tree = said_by("pdfinfo", "-struct-text", long)
    for kind in ("H1 (block)", "H2 (block)", "LBody (block)", "Table (block)", "/Scope /Column", "/Scope /Row"):
        assert kind in tree
    assert tree.count('"name"') == 2  # a head that is drawn again on the next page is read once per table
    words = " ".join(re.findall(r'"(.*)"', tree))
    assert "A sentence of some length." in words
    assert "Page 1" not in words  # what belongs to the page is not read out


def test_headings_are_an_outline(tmp_path: Path) -> None:
    data = report_pdf(told())
    assert data.count(b"/Title") >= 6
    assert b"/Outlines" in data


def test_the_same_report_is_the_same_file_with_the_reports_own_time() -> None:
    assert report_pdf(told()) == report_pdf(told())
    assert b"D:20261122093000" in report_pdf(told(created=datetime(2026, 11, 22, 9, 30, tzinfo=UTC)))


def test_letters_that_the_font_lacks_are_admitted(tmp_path: Path) -> None:
    section = told().sections[0].model_copy(update={"text": "Ελληνικά 心"})
    text = text_of(written(tmp_path, told().model_copy(update={"sections": [section]})))
    assert "???????? ?" in text
    assert ENGLISH.lacking_letters.format(mark="?") in text
    assert ENGLISH.lacking_letters.format(mark="?") not in text_of(written(tmp_path, german()))


@pytest.mark.parametrize("text", ["<b>bold</b> & <para>", "a" * 3000, "\x00\x07", "wide " * 4000])
def test_no_text_breaks_the_page(tmp_path: Path, text: str) -> None:
    section = told().sections[0].model_copy(update={"text": text, "title": text})
    clip = told().clips[1].model_copy(update={"detail": text, "skipped": "unheard"})
    changes: dict[str, Any] = {"sections": [section], "clips": [clip], "draft_notice": text}
    path = written(tmp_path, told().model_copy(update=changes))
    assert "Pages:" in said_by("pdfinfo", path)
    if text.startswith("<b>"):
        assert "<b>bold</b> & <para>" in text_of(path)


def test_a_study_without_anything_is_a_page(tmp_path: Path) -> None:
    assert ENGLISH.draft_notice in text_of(written(tmp_path, empty()))


def test_columns_fit_the_page() -> None:
    assert sum(column_widths([["a" * 400, "b", "c" * 90]])) <= WIDTH + 0.01
    narrow = column_widths([["a", "b"]])
    assert sum(narrow) < WIDTH / 3


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(documents(ReportDocument), st.sampled_from(["en", "de", "fr", ""]))
def test_any_document_is_a_pdf(whole: ReportDocument, lang: str) -> None:
    assert report_pdf(whole.model_copy(update={"lang": lang})).startswith(b"%PDF-")
