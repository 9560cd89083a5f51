"""A number's method is that of the measurement it was taken from, and of no other."""

from service.renderings.measured import method_of, told_by_measurements
from tests.service.renderings.told_reports import measured, told


def test_a_vote_has_no_method() -> None:
    document = told()
    assert method_of(document.measurements[0], document.traced) is None
    assert told_by_measurements(document) == set()


def test_a_measured_number_has_that_of_its_clips_and_frames() -> None:
    document = measured()
    found = method_of(document.measurements[0], document.traced)
    assert found is not None
    assert (found.name, found.method) == ("lv_ejection_fraction", "biplane_disks")
    assert told_by_measurements(document) == {"ejection_fraction"}


def test_another_value_other_frames_or_one_that_is_not_believed_is_not_taken() -> None:
    document = measured()
    (number,), one = document.measurements, document.traced[0]
    for changed in ({"value": 61.0}, {"frames": [4, 9]}, {"clips": [2]}, {"stated": False}):
        assert method_of(number, [one.model_copy(update=changed)]) is None
