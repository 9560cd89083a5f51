"""The size a compressed frame states itself, read without decoding it."""

from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.dicom.pixels.codestream import adobe_transform, codestream_shape
from tests import dicom_files as make
from tests import encoded_frames as encoded

RGB = make.moving_frames(1, 40, 56)


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (encoded.HTJ2K_RGB, (24, 32, 3)),
        (encoded.HTJ2K_GREY, (24, 32, 1)),
        (encoded.JPEG_LOSSLESS_GREY, (24, 32, 1)),
        (make.jpeg_frames(RGB)[0], (40, 56, 3)),
        (make.jpeg_frames(np.ascontiguousarray(RGB[..., 0]))[0], (40, 56, 1)),
        (b"\xff\x4f\xff\x51" + pack(">HH8IH", 41, 0, 40, 30, 8, 6, 0, 0, 0, 0, 3), (24, 32, 3)),  # an image offset
        (b"\xff\xd8\xff\xff\xff\xf7" + pack(">HBHHB", 8, 8, 65535, 65534, 4), (65535, 65534, 4)),  # JPEG-LS, fill bytes
        (b"\xff\xd8\xff\xc4\x00\x04ab\xff\xda\x00\x02", None),  # a scan without a frame
        (b"\xff\xd8\xff\xc0\x00\x08\x08", None),
        (b"\xff\x4f\xff\x51\x00", None),
        (b"", None),
        (b"RIFF", None),
    ],
)
def test_shape(data: bytes, shape: tuple[int, int, int] | None) -> None:
    assert codestream_shape(data) == shape


@pytest.mark.parametrize("transform", [0, 1, 2])
def test_adobe_s_colour_transform(transform: int) -> None:
    marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])
    jpeg = make.jpeg_frames(RGB)[0]
    assert adobe_transform(jpeg) is None
    assert adobe_transform(jpeg[:2] + marker + jpeg[2:]) == transform


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51"]))
def test_any_bytes_state_a_shape_or_none(data: bytes, start: bytes) -> None:
    shape = codestream_shape(start + data)
    assert shape is None or len(shape) == 3
    assert adobe_transform(start + data) in {None, *range(256)}
