"""A measurement refuses what is no number, and the best stated one fills a slot."""

import math
from typing import Any

import pytest

from model.measurement import NOT_BELIEVED, Measurement, StudyMeasurements


def measurement(**changes: Any) -> Measurement:
    fields: dict[str, Any] = {
        "name": "size",
        "value": 5.0,
        "unit": "cm",
        "method": "ruler",
        "clips": ((1, None),),
        "frames": (3,),
        "beats": 1,
        "quality": 0.9,
        "slot": "size",
    }
    return Measurement(**fields | changes)


@pytest.mark.parametrize("changes", [{"value": math.nan}, {"value": math.inf}, {"quality": 1.5}])
def test_a_measurement_is_a_number_with_a_quality(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        measurement(**changes)


def test_a_slot_gets_the_best_measurement_that_is_stated() -> None:
    doubted = measurement(value=9.0, quality=0.95, reason=NOT_BELIEVED)
    study = StudyMeasurements((measurement(value=4.0, quality=0.7), measurement(), doubted))
    best = study.for_slot("size")
    assert best is not None
    assert best.value == 5.0
    assert study.for_slot("weight") is None
    assert StudyMeasurements((doubted,)).for_slot("size") is None
