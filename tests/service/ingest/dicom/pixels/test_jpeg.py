"""The quick way and the slow one: equal within a grey level, and neither takes what the other refuses."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.ingest.dicom.pixels.codestream import holds_ycbcr
from service.ingest.dicom.pixels.colour import ybr_full_to_rgb
from service.ingest.dicom.pixels.jpeg import decoded_grey, decoded_rgb
from tests import dicom_files as make

RGB = make.moving_frames(1, 90, 121)[0]
PLAIN = make.jpeg_frames(RGB[None], "4:2:0")[0]


def slow(encoded: bytes) -> NDArray[np.uint8] | None:
    """Pillow's YCbCr, converted by `colour`; None where Pillow refuses."""
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            picture.draft("YCbCr", picture.size)
            return ybr_full_to_rgb(np.asarray(picture))
    except (OSError, ValueError, SyntaxError):
        return None


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("frame", [RGB, RGB[:64, :64], RGB[:17, :9]], ids=lambda frame: str(frame.shape))
def test_equal_to_the_slow_way_within_a_grey_level(frame: NDArray[np.uint8], subsampling: str) -> None:
    encoded = make.jpeg_frames(frame[None], subsampling)[0]
    for whole in (encoded, encoded + b"\0"):
        found, expected = decoded_rgb(whole), slow(encoded)
        assert found is not None
        assert expected is not None
        assert found.shape == frame.shape
        assert apart(found, expected) <= 1


def test_what_is_not_plain_is_left_to_others() -> None:
    as_rgb = make.jpeg_frames(RGB[None], "4:4:4", keep_rgb=True)[0]
    grey = make.jpeg_frames(RGB[None, :, :, 0])[0]
    for other in (as_rgb, grey, PLAIN[:-2], PLAIN[: len(PLAIN) // 2], b"", b"\xff\xd8\xff\xd9"):
        assert decoded_rgb(other) is None
    assert holds_ycbcr(PLAIN)
    assert not holds_ycbcr(as_rgb)
    assert not holds_ycbcr(PLAIN[:30])


def test_an_orientation_tag_turns_nothing() -> None:
    tagged, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    Image.fromarray(RGB).save(tagged, "JPEG", quality=97, exif=exif)
    found = decoded_rgb(tagged.getvalue())
    assert found is not None
    assert found.shape == RGB.shape


@given(st.lists(st.tuples(st.integers(2, len(PLAIN) - 1), st.integers(0, 255)), max_size=4), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_damage_is_taken_or_refused_as_the_slow_way_does(changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(PLAIN)
    for place, value in changes:
        damaged[place] = value
    encoded = bytes(damaged[: len(damaged) - cut])
    found = decoded_rgb(encoded)
    if found is not None:
        expected = slow(encoded)
        assert expected is not None
        assert apart(found, expected) <= 1


@pytest.mark.parametrize("frame", [RGB, RGB[:64, :64], RGB[:17, :9]], ids=lambda frame: str(frame.shape))
def test_grey_is_equal_to_the_slow_way(frame: NDArray[np.uint8]) -> None:
    encoded = make.jpeg_frames(np.ascontiguousarray(frame[None, ..., 1]))[0]
    found = decoded_grey(encoded)
    assert found is not None
    with Image.open(io.BytesIO(encoded)) as picture:
        np.testing.assert_array_equal(found, np.asarray(picture))
    assert decoded_grey(encoded[: len(encoded) * 2 // 3]) is None
    assert decoded_grey(PLAIN) is None
