"""Codestreams that would cost their decoder far more than their pixels are told from honest ones."""

from pathlib import Path
from struct import pack, pack_into, unpack_from

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openjpeg.utils import decode, encode_array
from pydicom import uid

from model.study import SkipReason
from service.ingest.dicom.pixels.jpeg2000 import decoded, is_modest
from tests import dicom_files as make
from tests import encoded_frames as encoded
from tests.service.ingest.reading import read_skip

RGB = make.moving_frames(1, 96, 128)[0]
HONEST = bytes(encode_array(RGB, photometric_interpretation=1, use_mct=True))
COD = HONEST.index(b"\xff\x52")
LEVELS = HONEST[COD + 9]


def _with(offset: int, layout: str, *values: int) -> bytes:
    changed = bytearray(HONEST)
    pack_into(layout, changed, offset, *values)
    return bytes(changed)


def _with_precincts(sizes: bytes) -> bytes:
    (length,) = unpack_from(">H", HONEST, COD + 2)
    changed = bytearray(HONEST)
    changed[COD + 4] |= 1
    changed[COD + 2 + length : COD + 2 + length] = sizes
    pack_into(">H", changed, COD + 2, length + len(sizes))
    return bytes(changed)


def _with_style_in_tile_header(marker: int, body: bytes) -> bytes:
    """A segment between the tile-part's header and its data, its length mended."""
    start, data = HONEST.index(b"\xff\x90"), HONEST.index(b"\xff\x93")
    segment = pack(">HH", marker, len(body) + 2) + body
    changed = bytearray(HONEST[:data] + segment + HONEST[data:])
    (length,) = unpack_from(">I", changed, start + 6)
    pack_into(">I", changed, start + 6, length + len(segment) if length else 0)
    return bytes(changed)


@pytest.mark.parametrize(
    "data", [HONEST, encoded.HTJ2K_RGB, encoded.HTJ2K_GREY, _with_precincts(b"\x55" * (LEVELS + 1))]
)
def test_honest_codestreams_pass(data: bytes) -> None:
    assert is_modest(data)


@pytest.mark.parametrize("compression", [None, 12.0])
@pytest.mark.parametrize("picture", [RGB, 255 - RGB[:, :, 1], RGB[:95, :63]])
def test_plain_codestreams_decode_to_the_bytes_of_the_other_openjpeg(
    picture: np.ndarray, compression: float | None
) -> None:
    colour = picture.ndim == 3
    ratios = None if compression is None else [compression]
    given = bytes(
        encode_array(
            np.ascontiguousarray(picture),
            photometric_interpretation=1 if colour else 2,
            use_mct=colour,
            compression_ratios=ratios,
        )
    )
    found = decoded(given)
    assert found is not None
    assert np.array_equal(found, decode(given))
    assert decoded(given[:-60]) is None, "truncated: the caller's own decoder says what is wrong"


@pytest.mark.parametrize("data", [encoded.HTJ2K_RGB, encoded.HTJ2K_GREY])
def test_high_throughput_codestreams_decode_the_same(data: bytes) -> None:
    found = decoded(data)
    assert found is not None
    assert np.array_equal(found, decode(data))


def test_other_than_bytes_are_left_to_the_other_decoder() -> None:
    deep = bytes(encode_array(RGB[:, :, 0].astype(np.uint16) * 9, photometric_interpretation=2))
    signed = bytes(encode_array(RGB[:, :, 0].astype(np.int8), photometric_interpretation=2))
    two = bytes(encode_array(np.ascontiguousarray(np.dstack([RGB, RGB[:, :, 0]])), photometric_interpretation=0))
    assert [decoded(data) for data in (deep, signed, two, HONEST[:20], b"")] == [None] * 5


_TINY_STYLE = bytes([1, 0, 0, 1, 0, 1, 4, 4, 0, 1, 0x00, 0x11])  # COD: 2×2 precincts


@pytest.mark.parametrize(
    "data",
    [
        _with(24, ">II", 1, 1),  # tiles of one sample
        _with(24, ">II", 0, 0),
        _with(COD + 6, ">H", 65535),  # layers
        _with(COD + 10, "BB", 0, 0),  # code-blocks of 4×4
        _with_precincts(b"\x11" * (LEVELS + 1)),
        _with_precincts(b"\xff" * LEVELS + b"\x0f"),
        _with_style_in_tile_header(0xFF52, _TINY_STYLE),
        _with_style_in_tile_header(0xFF53, bytes([0, 1, 1, 4, 4, 0, 1, 0x00, 0x11])),
        _with_style_in_tile_header(0xFF74, bytes(10)),  # a marker of Part 2
        HONEST[: COD + 6],
    ],
)
def test_costly_codestreams_are_told(data: bytes) -> None:
    assert not is_modest(data)


def test_a_costly_codestream_is_skipped_unread(tmp_path: Path) -> None:
    frames = np.repeat(RGB[None], 2, axis=0)
    costly = _with_precincts(b"\x11" * (LEVELS + 1))
    path = make.write_encoded(tmp_path / "1", [costly] * 2, frames, "YBR_RCT", uid.JPEG2000Lossless)
    assert read_skip(path).reason is SkipReason.TOO_LARGE


@given(st.binary(max_size=120), st.integers(0, 80))
def test_any_bytes_are_judged(data: bytes, kept: int) -> None:
    assert is_modest(HONEST[:kept] + data) in {True, False}
