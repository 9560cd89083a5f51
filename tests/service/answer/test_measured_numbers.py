"""Measurements in the answer: rows, numbers of slots, and a warning where the vote says otherwise."""

from typing import Any

import pytest

from model.measurement import NOT_BELIEVED, Contour, StudyMeasurements
from service.answer.measured_numbers import (
    contours_out,
    disagreements,
    measured_first,
    number_of,
    slot_numbers,
    traced_out,
)
from service.documents.examination import MeasurementOut
from service.schemas import PhenotypeOut
from tests.model.test_measurement import measurement

STATED = measurement(clips=((2, None), (4, 1)), frames=(3, 9), interval=(4.0, 6.0), phenotype="size")
DOUBTED = measurement(name="other", quality=0.1, reason=NOT_BELIEVED, slot="other")


def vote(**changes: Any) -> PhenotypeOut:
    fields: dict[str, Any] = {
        "value": 8.0,
        "unit": "cm",
        "kind": "continuous",
        "p10": 7.0,
        "p90": 9.0,
        "labelled": 50,
        "k": 50,
        "threshold": None,
        "positive": None,
        "section": "S",
        "reason": None,
    }
    return PhenotypeOut(**fields | changes)


def test_what_is_believed_comes_first_and_says_where_it_was_taken() -> None:
    rows = traced_out(StudyMeasurements((DOUBTED, STATED)))
    assert [row.stated for row in rows] == [True, False]
    assert (rows[0].clips, rows[0].panels, rows[0].frames) == ([2, 4], [None, 1], [3, 9])
    assert (rows[0].interval_low, rows[0].interval_high) == (4.0, 6.0)
    assert rows[1].reason == NOT_BELIEVED


def test_only_what_is_believed_fills_a_slot() -> None:
    study = StudyMeasurements((DOUBTED, STATED))
    assert slot_numbers(study) == {"size": 5.0}
    number = number_of(study, "size")
    assert number is not None
    assert (number.source, number.clips, number.frames) == ("measured", [2, 4], [3, 9])
    assert number_of(study, "other") is None
    assert number_of(study, None) is None


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({}, True),
        ({"p10": 5.5}, False),  # the ranges meet
        ({"interval_low": 5.9, "interval_high": 9.0}, False),  # the calibrated interval counts where there is one
        ({"value": None, "p10": None, "p90": None}, False),
    ],
)
def test_measurement_and_vote_that_cannot_both_be_right_are_named(changes: dict[str, Any], warned: bool) -> None:
    found = disagreements(StudyMeasurements((STATED,)), {"size": vote(**changes)})
    assert [warning.code for warning in found] == (["measured_differs"] if warned else [])
    if warned:
        assert found[0].details["measured"] == "5 cm"
        assert found[0].details["voted"] == "8 cm"
        assert "2, 4" in found[0].details["where"]


def test_a_doubted_measurement_warns_of_nothing() -> None:
    doubted = measurement(interval=(1.0, 2.0), phenotype="size", reason=NOT_BELIEVED)
    assert disagreements(StudyMeasurements((doubted,)), {"size": vote()}) == []


def test_outlines_name_clip_frame_and_structure() -> None:
    (one,) = contours_out(StudyMeasurements((), (Contour((3, None), 7, "wall", ((1.5, 2.0), (3.0, 4.0))),)))
    assert (one.clip, one.panel, one.frame, one.structure) == (3, None, 7, "wall")
    assert one.points == [(1.5, 2.0), (3.0, 4.0)]


def test_a_measured_number_takes_the_place_of_the_vote() -> None:
    fields = {
        "phenotype": None,
        "section": "S",
        "unit": "cm",
        "decimals": 0,
        "source": "estimated",
        "candidates": 40,
        "asked": 50,
    }
    rows = [MeasurementOut(name=name, value=8.0, p10=7.0, p90=9.0, **fields) for name in ("weight", "size")]
    weight, size = measured_first(rows, StudyMeasurements((STATED,)))
    assert weight == rows[0]
    assert (size.source, size.value, size.p10, size.p90) == ("measured", 5.0, 4.0, 6.0)
    assert (size.clips, size.frames, size.candidates) == ([2, 4], [3, 9], 0)
