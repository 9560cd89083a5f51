"""Display matrices, square pixels and rates: against the formulas they come from."""

from fractions import Fraction
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ClipRejected
from service.ingest.video.frame_timing import rate_of_time_stamps
from service.ingest.video.upright import placement_of, resized_to, square_size
from service.ingest.video.video_stream import _has_hole

FRAME = np.arange(12, dtype=np.uint8).reshape(3, 4, 1).repeat(3, axis=2)
QUARTERS = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1), (0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0),
            (0, -1, -1, 0)]  # fmt: skip


def matrix(a: float, b: float, c: float, d: float) -> bytes:
    return pack("=9i", *(round(value * 65536) for value in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)


def moved(a: int, b: int, c: int, d: int) -> np.ndarray:
    """Each pixel (p, q) at (a p + c q, b p + d q), as ISO/IEC 14496-12 8.3.2.3 says."""
    places = {(a * p + c * q, b * p + d * q): FRAME[q, p] for q in range(3) for p in range(4)}
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    right, bottom = (max(place[axis] for place in places) for axis in (0, 1))
    shown = np.zeros((bottom - top + 1, right - left + 1, 3), np.uint8)
    for (x, y), value in places.items():
        shown[y - top, x - left] = value
    return shown


@pytest.mark.parametrize("turn", QUARTERS)
@pytest.mark.parametrize("scale", [1, 0.5, 3])
def test_a_matrix_moves_pixels_as_its_formula_says(turn: tuple[int, int, int, int], scale: float) -> None:
    scaled = matrix(*(value * scale for value in turn))
    np.testing.assert_array_equal(placement_of(scaled).apply(FRAME), moved(*turn))


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_any_other_matrix_is_refused(numbers: list[float]) -> None:
    a, b, c, d = numbers
    try:
        found = placement_of(matrix(a, b, c, d))
    except ClipRejected:
        return
    turned = np.array([a, b]) / np.hypot(a, b), np.array([c, d]) / np.hypot(c, d)
    assert min(np.abs(np.subtract(turned, (quarter[:2], quarter[2:]))).max() for quarter in QUARTERS) < 0.02
    assert sorted(found.apply(FRAME)[..., 0].flatten()) == list(range(12))


@given(st.integers(1, 4000), st.integers(1, 4000), st.fractions(Fraction(1, 4), 4))
def test_square_pixels_keep_the_shape_that_is_shown(height: int, width: int, ratio: Fraction) -> None:
    rows, columns = square_size(height, width, ratio)
    assert rows >= height
    assert columns >= width
    assert (rows, columns) == (height, width) or abs(columns / rows / (width / height * ratio) - 1) < 1 / min(
        height, width
    )


@pytest.mark.parametrize(
    "ratio", [None, Fraction(0), Fraction(1), Fraction(100), Fraction(1, 100), Fraction(3999, 4000)]
)
def test_pixels_without_a_shape_are_square(ratio: Fraction | None) -> None:
    assert square_size(240, 320, ratio) == (240, 320)
    assert resized_to(FRAME, 3, 4) is FRAME


@given(
    st.floats(5, 240),
    st.sampled_from([Fraction(1, 12800), Fraction(1, 90000), Fraction(1, 1000)]),
    st.lists(st.integers(1, 10_000), max_size=3),
)
def test_the_rate_survives_pauses_and_rounding(rate: float, time_base: Fraction, pauses: list[int]) -> None:
    """pauses: in frame times."""
    ticks, step = [round(number / rate / time_base) for number in range(40)], round(1 / rate / time_base)
    for place, pause in enumerate(pauses, start=1):
        ticks = [tick + (pause * step if number >= 10 * place else 0) for number, tick in enumerate(ticks)]
    found = rate_of_time_stamps(ticks, time_base)
    assert found is not None
    assert abs(found / rate - 1) < (0.03 if time_base == Fraction(1, 1000) else 0.002)


def test_without_two_times_there_is_no_rate() -> None:
    for times in ((), (5,), (7, 7, 7)):
        assert rate_of_time_stamps(times, Fraction(1, 1000)) is None


@pytest.mark.parametrize(
    ("packet", "is_hole"),
    [
        (b"\0\0\0\x20" + b"\x65" * 96, False),
        (b"\x65" * 50 + bytes(16) + b"\x65" * 50, True),
        (b"\x65" * 50 + bytes(15) + b"\x65" * 50, False),
        (b"\x65" * 100 + bytes(20), False),  # filled up
        (b"\x65" * 50 + bytes(50), True),
        (bytes(100), True),
    ],
)
def test_holes_are_zeros_where_none_belong(packet: bytes, is_hole: bool) -> None:
    assert _has_hole(packet) == is_hole
