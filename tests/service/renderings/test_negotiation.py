"""Which rendering an Accept header gets, and when an answer may come later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import NotAcceptable, UnknownLanguage
from service.renderings.negotiation import RENDERINGS, choose_language, choose_rendering, prefers_async


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
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
    ],
)
def test_the_best_rendering_is_chosen(accept: str | None, media_type: str) -> None:
    assert choose_rendering(accept).media_type == media_type


@pytest.mark.parametrize("accept", ["image/png", "text/plain;q=0", "application/*;q=0, text/*;q=0"])
def test_nothing_that_fits_is_refused_with_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json, text/plain"):
        choose_rendering(accept)


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
