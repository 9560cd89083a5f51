"""JPEG XL frames: lossless, recompressed JPEG and lossy; their own size, and what happens without the decoder."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid

from model.study import SkipReason
from service.ingest.dicom.pixels import jpeg_xl
from service.ingest.dicom.pixels.codestream_facts import codestream_of
from tests import dicom_files as make
from tests import ultrasound_pictures as pictures
from tests.service.ingest.reading import difference, read_clip, read_skip

RGB = pictures.fan_frames()
LOSSLESS, RECOMPRESSED, LOSSY = (f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112))


def _encoded(picture: np.ndarray, **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(picture, **options))


def _write(path: Path, frames: list[bytes], like: np.ndarray, label: str, syntax: str) -> Path:
    """A file of a syntax that pydicom does not know: written under one of the same length, then renamed."""
    make.write_encoded(path, frames, like, label, uid.HEVCMP51)
    assert len(uid.HEVCMP51) == len(syntax)
    path.write_bytes(path.read_bytes().replace(uid.HEVCMP51.encode(), syntax.encode()))
    return path


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_lossless_frames_come_back(tmp_path: Path, label: str) -> None:
    frames = [_encoded(frame, lossless=True) for frame in RGB]
    assert difference(read_clip(_write(tmp_path / "1", frames, RGB, label, LOSSLESS)), RGB) == (0, 0)


def test_grey_frames_come_back(tmp_path: Path) -> None:
    grey = np.ascontiguousarray(RGB[..., 0])
    frames = [_encoded(frame, lossless=True) for frame in grey]
    assert difference(read_clip(_write(tmp_path / "1", frames, grey, "MONOCHROME2", LOSSLESS)), grey) == (
        0,
        0,
    )


def test_a_recompressed_jpeg_comes_out_as_its_picture(tmp_path: Path) -> None:
    packed = [bytes(imagecodecs.jpegxl_encode_jpeg(frame)) for frame in make.jpeg_frames(RGB)]
    assert packed[0].startswith(b"\0\0\0\x0cJXL ")
    path = _write(tmp_path / "1", packed, RGB, "YBR_FULL_422", RECOMPRESSED)
    assert difference(read_clip(path), RGB)[1] < 2


def test_lossy_frames_are_near(tmp_path: Path) -> None:
    frames = [_encoded(frame, distance=1.0) for frame in RGB]
    assert difference(read_clip(_write(tmp_path / "1", frames, RGB, "RGB", LOSSY)), RGB)[1] < 3


def test_damaged_frames_are_left_out(tmp_path: Path) -> None:
    frames = [_encoded(frame, lossless=True) for frame in RGB]
    frames[5] = frames[5][: len(frames[5]) // 2]
    clip = read_clip(_write(tmp_path / "1", frames, RGB, "RGB", LOSSLESS))
    assert difference(clip, np.delete(RGB, 5, axis=0)) == (0, 0)
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]


def test_without_the_decoder_the_refusal_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_xl, "_codec", lambda: None)
    frames = [_encoded(frame) for frame in RGB]
    skipped = read_skip(_write(tmp_path / "1", frames, RGB, "RGB", LOSSY))
    assert skipped.reason is SkipReason.UNSUPPORTED_COMPRESSION
    assert "JPEG XL" in skipped.text
    assert LOSSY in skipped.text


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700))
def test_the_size_is_read_without_decoding(rows: int, columns: int) -> None:
    encoded = _encoded(np.zeros((rows, columns), np.uint8), lossless=True, effort=1)
    assert jpeg_xl.size_of_jpeg_xl(encoded) == (rows, columns)


def test_a_frame_larger_than_the_header_says_is_never_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_xl, "decode_jpeg_xl", lambda _: pytest.fail("it was decoded"))
    huge = _encoded(np.zeros((3000, 3000), np.uint8), lossless=True, effort=1)
    skipped = read_skip(_write(tmp_path / "1", [huge] * 12, RGB, "RGB", LOSSLESS))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "size" in skipped.text


@given(
    st.binary(max_size=60),
    st.sampled_from([b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n", b""]),
)
def test_any_bytes_state_what_they_are_or_nothing(data: bytes, start: bytes) -> None:
    found = codestream_of(start + data)
    assert found is None or found.encoded
