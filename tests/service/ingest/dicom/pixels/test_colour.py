"""Levels, palettes and YCbCr on arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydicom.pixels.processing import convert_color_space

from service.ingest.dicom.pixels.colour import GreyLevels, measured_levels, palette_from, window_levels, ybr_full_to_rgb


@pytest.mark.parametrize(
    ("lowest", "highest", "levels"),
    [
        (0, 0, (0, 255)),
        (0, 20, (0, 255)),
        (7, 255, (0, 255)),
        (0, 256, (0, 511)),
        (0, 4095, (0, 4095)),
        (0, 65535, (0, 65535)),
        (-1, 0, (-128, 127)),
        (-128, 127, (-128, 127)),
        (-129, 0, (-256, 255)),
        (-32768, 32767, (-32768, 32767)),
    ],
)
def test_measured_levels_are_the_fewest_bits_that_hold_the_clip(
    lowest: int, highest: int, levels: tuple[int, int]
) -> None:
    frames = [np.array([[lowest]], np.int32), np.array([[highest]], np.int32)]
    assert measured_levels(frames) == GreyLevels(*levels)


def test_a_window_as_the_standard_s_example_has_it() -> None:
    """PS3.3 C.11.2.1.2.1: center 2048, width 4096 shows 0 as black and 4095 as white."""
    assert window_levels(2048, 4096) == GreyLevels(0, 4095)


@given(hnp.arrays(np.int16, (5, 7)))
def test_levels_keep_order_and_range(values: np.ndarray) -> None:
    shown = measured_levels([values]).apply(values)
    order = np.argsort(values, axis=None)
    assert (np.diff(shown.ravel()[order].astype(int)) >= 0).all()


@given(hnp.arrays(np.uint8, (6, 8, 3)))
def test_ybr_equals_pydicom_s_conversion_within_one(ybr: np.ndarray) -> None:
    slow = convert_color_space(ybr, "YBR_FULL", "RGB").astype(int)
    assert np.abs(ybr_full_to_rgb(ybr) - slow).max() <= 1


@given(
    descriptor=st.tuples(st.integers(0, 65535), st.integers(-32768, 65535), st.integers(0, 65535)),
    data=st.binary(max_size=3000),
    values=hnp.arrays(np.uint16, (3, 4)),
)
def test_any_palette_maps_every_value_or_is_refused(
    descriptor: tuple[int, int, int], data: bytes, values: np.ndarray
) -> None:
    try:
        palette = palette_from(descriptor, [data] * 3, little_endian=True)
    except ValueError:
        assert len(data) < (descriptor[0] or 65536)
        return
    assert palette.apply(values).shape == (3, 4, 3)


def test_wide_entries_that_hold_eight_bits_are_not_shifted_away() -> None:
    data = np.arange(4, dtype="<u2").tobytes()
    palette = palette_from((4, 0, 16), [data] * 3, little_endian=True)
    assert palette.table_rgb[:, 0].tolist() == [0, 1, 2, 3]
