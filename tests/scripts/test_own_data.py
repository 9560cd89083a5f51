"""The check itself: what counts as found, and that each bar can fail. The whole of it is `make own-data`."""

import pytest

from scripts.own_data import _countable, _leaks, holds
from scripts.rendered.site_reports.messy_sentences import Marker

GOOD = {
    "rows": 308,
    "banked": 270,
    "commands_to_serve": 4,
    "matched_by_language": {"en": 4000, "de": 600},
    "marker_recall": 1.0,
    "ordinary_put_aside_share": 0.02,
    "appended": 14,
    "same_after_append_and_delete": True,
    "deleted_patient_found": 0,
    "own_studies_left_out": True,
    "own_studies_shown_when_asked": True,
    "rag_assessed_sections": 12,
    "rag_empty_sections": 0,
    "rag_from_the_bank": 20,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("marker_recall", 0.98),
        ("banked", 100),
        ("ordinary_put_aside_share", 0.11),
        ("commands_to_serve", 6),
        ("matched_by_language", {"en": 4600}),
        ("appended", 0),
        ("same_after_append_and_delete", False),
        ("deleted_patient_found", 1),
        ("rag_empty_sections", 1),
        ("rag_assessed_sections", 0),
        ("rag_from_the_bank", 0),
        ("own_studies_left_out", False),
        ("own_studies_shown_when_asked", False),
    ],
)
def test_each_bar_can_fail(name: str, value: object) -> None:
    assert holds(GOOD)
    assert not holds(GOOD | {name: value})


def test_a_marker_is_found_as_a_word_in_any_case_and_not_inside_another() -> None:
    markers = [Marker("name", "Kowalski"), Marker("id", "AB12-345"), Marker("name", "Li")]
    texts = [("seen by KOWALSKI today", 1), ("xab12-3456", 1), ("Li", 5)]
    assert list(_leaks(markers, iter(texts))) == markers[:1]


def test_a_name_that_is_a_finding_is_not_looked_for() -> None:
    assert _countable((Marker("name", "Small"), Marker("name", "Kowalski"))) == [Marker("name", "Kowalski")]
