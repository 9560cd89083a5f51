"""Which rendering an Accept header gets, and when an answer may come later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import NotAcceptable
from service.negotiation import RENDERINGS, choose_rendering, prefers_async


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
