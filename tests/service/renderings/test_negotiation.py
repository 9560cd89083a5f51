"""Which rendering an Accept header gets, and when an answer may come later."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import NotAcceptable, UnknownLanguage
from service.renderings.negotiation import (
    FORMATS,
    RENDERINGS,
    Rendering,
    choose_language,
    choose_rendering,
    prefers_async,
)
from service.schemas import ReportDocument
from tests.service.renderings.told_reports import demonstration, empty, german, told


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("application/json;q=0.5, text/plain", "text/plain"),
        ("text/plain;q=0.5, */*", "application/json"),
        ("application/json;q=0, */*;q=0.1", "text/plain"),
        ("TEXT/PLAIN; charset=utf-8", "text/plain"),
        ("text/plain;q=oops", "text/plain"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),  # a browser
        ("application/pdf", "application/pdf"),
        ("application/fhir+json", "application/fhir+json"),
        ("application/dicom, application/json;q=0.5", "application/dicom"),
        ("application/*", "application/json"),
    ],
)
def test_the_best_rendering_is_chosen(accept: str | None, media_type: str) -> None:
    assert choose_rendering(accept).media_type == media_type


@pytest.mark.parametrize("accept", ["image/png", "text/plain;q=0", "application/*;q=0, text/*;q=0"])
def test_nothing_that_fits_is_refused_with_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        choose_rendering(accept)
    assert [rendering.media_type for rendering in RENDERINGS if rendering.media_type not in str(refused.value)] == []


@pytest.mark.parametrize("rendering", RENDERINGS, ids=FORMATS)
def test_a_format_by_name_wins_over_the_header(rendering: Rendering) -> None:
    assert choose_rendering("text/plain;q=0.1, image/png", [rendering.name]) is rendering
    assert choose_rendering(rendering.media_type) is rendering


@pytest.mark.parametrize("asked", [["PDF"], ["MARIA_MUSTER"], [""], ["pdf", "html"]])
def test_an_unknown_format_names_those_there_are_and_not_itself(asked: list[str]) -> None:
    with pytest.raises(NotAcceptable, match=r"^format: there are json, text, html, pdf, fhir, sr$"):
        choose_rendering(None, asked)


@pytest.mark.parametrize("rendering", RENDERINGS, ids=FORMATS)
@pytest.mark.parametrize("report", [told, demonstration, german, empty])
def test_every_rendering_makes_bytes_of_every_report(
    rendering: Rendering, report: Callable[[], ReportDocument]
) -> None:
    first = {"json": b"{", "html": b"<!doctype html>", "pdf": b"%PDF-", "fhir": b"{", "sr": bytes(128) + b"DICM"}
    assert rendering.render(report()).startswith(first.get(rendering.name, b""))


def test_the_libraries_of_formats_are_imported_when_they_are_asked_for() -> None:
    code = (
        "import sys, service.http.routes.reports as _; "
        "sys.exit(bool({'reportlab', 'highdicom', 'service.renderings.fhir.bundle'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


@given(st.text(max_size=80))
def test_any_header_is_judged(accept: str) -> None:
    try:
        assert choose_rendering(accept) in RENDERINGS
    except NotAcceptable:
        assert accept


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, False),
        ("respond-async", True),
        ("wait=10, Respond-Async", True),
        ("respond-async;x=1", True),
        ("return=minimal", False),
    ],
)
def test_preference_for_a_later_answer(prefer: str | None, expected: bool) -> None:
    assert prefers_async(prefer) is expected


@pytest.mark.parametrize(
    ("asked", "header", "chosen"),
    [
        (None, None, "en"),
        (None, "de", "de"),
        (None, "de-CH, en;q=0.5", "de"),
        (None, "fr, de;q=0.1", "de"),
        (None, "fr", "en"),
        (None, "de;q=0, *", "en"),
        (None, "*", "en"),
        ("en", "de", "en"),
        ("de", None, "de"),
    ],
)
def test_language_by_name_or_by_header(asked: str | None, header: str | None, chosen: str) -> None:
    assert choose_language(asked, header, ("en", "de")) == chosen


def test_an_unknown_language_names_those_there_are() -> None:
    with pytest.raises(UnknownLanguage, match=r"^lang: reports are written in en, de$"):
        choose_language("fr", "de", ("en", "de"))
