"""Reading only what is wanted: long cines, chosen frames, truncated and contradictory pixel data."""

import tracemalloc
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from pydicom import uid

from model.study import SkipReason
from service.ingest.dicom.frames import open_frames
from service.ingest.dicom.header import admit
from service.ingest.dicom.reader import read_header
from service.ingest.limits import IngestLimits
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS, difference, frames_of, read_clip, read_skip

RGB = make.moving_frames(12)
GREY = np.ascontiguousarray(RGB[..., 0])


def _write(kind: str, path: Path) -> Path:
    match kind:
        case "native":
            return make.write_native(path, RGB, "RGB")
        case "deflated":
            return make.write_native(path, RGB, "RGB", uid.DeflatedExplicitVRLittleEndian)
        case "rle":
            return make.write_compressed(path, RGB, "RGB", uid.RLELossless)
        case "jpeg":
            return make.write_encoded(path, make.jpeg_frames(RGB), RGB, "YBR_FULL_422", uid.JPEGBaseline8Bit)
    return make.write_video_in_dicom(path, RGB, uid.MPEG4HP41)


@pytest.mark.parametrize("kind", ["native", "deflated", "rle", "jpeg", "video"])
def test_chosen_frames_are_those_of_the_whole_clip(tmp_path: Path, kind: str) -> None:
    path = _write(kind, tmp_path / "1")
    whole = read_clip(path).frames_rgb
    found = read_header(path, LIMITS)
    assert found is not None
    with open_frames(path, found[1], admit(found[1], LIMITS), LIMITS) as source:
        assert source.frames_total == len(RGB)
        for chosen in ([3], [0, 5, 11], range(12)):
            np.testing.assert_array_equal(frames_of(source, chosen), whole[list(chosen)])


@pytest.mark.parametrize("kind", ["native", "deflated", "rle", "jpeg", "video"])
def test_frames_beyond_the_limit_are_counted_but_not_read(tmp_path: Path, kind: str) -> None:
    path = _write(kind, tmp_path / "1")
    clip = read_clip(path, IngestLimits(max_frames_read=4))
    assert (len(clip.frames_rgb), clip.frames_total) == (4, 12)
    assert len(read_clip(path, IngestLimits(max_pixels_read=5 * RGB[0, ..., 0].size)).frames_rgb) == 5


def test_a_cine_of_2000_frames_is_read_up_to_the_limit(tmp_path: Path) -> None:
    frames = np.broadcast_to(GREY[:1], (2000, *GREY.shape[1:]))
    native = make.write_native(tmp_path / "native", np.ascontiguousarray(frames), "MONOCHROME2")
    packed = make.write_encoded(
        tmp_path / "jpeg", make.jpeg_frames(GREY[:1]) * 2000, frames, "MONOCHROME2", uid.JPEGBaseline8Bit
    )
    for path in (native, packed):
        clip = read_clip(path)
        assert (len(clip.frames_rgb), clip.frames_total) == (LIMITS.max_frames_read, 2000)


@pytest.mark.parametrize("kind", ["native", "deflated", "rle", "jpeg", "video"])
@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.8])
def test_a_truncated_file_is_skipped(tmp_path: Path, kind: str, kept: float) -> None:
    whole = _write(kind, tmp_path / "1").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(len(whole) * kept)])
    assert read_skip(tmp_path / "cut").reason is SkipReason.UNREADABLE


def test_frames_may_lie_in_several_fragments_with_and_without_a_table(tmp_path: Path) -> None:
    frames = make.jpeg_frames(RGB)
    halves = [part for frame in frames for part in (frame[: len(frame) // 4 * 2], frame[len(frame) // 4 * 2 :])]
    path = make.write_encoded(tmp_path / "1", halves, RGB, "YBR_FULL_422", uid.JPEGBaseline8Bit, offset_table=False)
    expected = read_clip(path).frames_rgb
    assert np.abs(expected.astype(int) - RGB).mean() < 1
    data = path.read_bytes()
    at = data.index(b"\xfe\xff\x00\xe0\0\0\0\0")  # the empty offset table
    offsets = np.cumsum([0] + [8 + len(part) + len(part) % 2 for part in halves])[:-1:2]
    table = pack("<2L", 0xE000FFFE, 4 * len(offsets)) + offsets.astype("<u4").tobytes()
    (tmp_path / "2").write_bytes(data[:at] + table + data[at + 8 :])
    np.testing.assert_array_equal(read_clip(tmp_path / "2").frames_rgb, expected)


def test_a_compressed_frame_larger_than_the_header_says_is_never_decoded(tmp_path: Path) -> None:
    frames = make.jpeg_frames(RGB)
    size = frames[0].index(pack(">HH", 48, 64))
    huge = [frame[:size] + pack(">HH", 60000, 60000) + frame[size + 4 :] for frame in frames]
    path = make.write_encoded(tmp_path / "1", huge, RGB, "YBR_FULL_422", uid.JPEGBaseline8Bit)
    skipped = read_skip(path)
    assert skipped.reason is SkipReason.UNREADABLE
    assert "size" in skipped.text  # and not what a decoder that was handed the frame would lead to


def test_a_deflated_bomb_is_stopped_at_the_limit(tmp_path: Path) -> None:
    bomb = np.zeros((40, 480, 640), np.uint8)
    path = make.write_native(tmp_path / "1", bomb, "MONOCHROME2", uid.DeflatedExplicitVRLittleEndian)
    tracemalloc.start()
    skipped = read_skip(path, IngestLimits(max_file_bytes=1_000_000))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert skipped.reason is SkipReason.TOO_LARGE
    assert peak_bytes < 5_000_000 < bomb.nbytes


WRONG_HEADERS: dict[str, dict[str, Any]] = {
    "another size": {"Rows": 64, "Columns": 64},
    "no size": {"Rows": None, "Columns": None},
    "one frame": {"NumberOfFrames": 1},
    "too many frames": {"NumberOfFrames": 40},
    "grey": {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"},
    "RGB": {"PhotometricInterpretation": "RGB"},
    "full-range colour": {"PhotometricInterpretation": "YBR_FULL_422"},
    "an invented colour model": {"PhotometricInterpretation": "YBR_ICT_444"},
    "deep": {"BitsAllocated": 16, "BitsStored": 12},
}


@pytest.mark.parametrize("wrong", WRONG_HEADERS)
@pytest.mark.parametrize("syntax", [uid.MPEG2MPML, uid.MPEG4HP41, uid.HEVCMP51])
def test_a_video_stream_says_itself_what_its_header_says_wrongly(tmp_path: Path, syntax: uid.UID, wrong: str) -> None:
    path = make.write_video_in_dicom(tmp_path / "1", RGB, syntax, **WRONG_HEADERS[wrong])
    clip = read_clip(path)
    assert difference(clip, RGB)[1] < 5
    assert clip.frames_total == len(RGB)
    differs = [warning.code for warning in clip.warnings] == ["frame_count_differs"]
    assert differs == ("NumberOfFrames" in WRONG_HEADERS[wrong])


def test_regions_of_a_picture_of_another_size_are_not_believed(tmp_path: Path) -> None:
    region = make.ultrasound_region((0, 0, 40, 40))
    for number, rows in enumerate((RGB.shape[1], 64)):
        path = make.write_video_in_dicom(
            tmp_path / str(number), RGB, uid.MPEG4HP41, Rows=rows, SequenceOfUltrasoundRegions=[region]
        )
        assert (read_clip(path).sector_box is None) == (rows == 64)


def test_a_video_of_one_frame_inside_dicom_is_a_still(tmp_path: Path) -> None:
    path = make.write_video_in_dicom(tmp_path / "1", RGB[:1], uid.MPEG4HP41, NumberOfFrames=20)
    assert read_skip(path).reason is SkipReason.STILL_IMAGE


def test_a_video_in_a_container_inside_dicom_is_read(tmp_path: Path) -> None:
    stream = make.encode_video(RGB)
    path = make.write_encoded(tmp_path / "1", [stream], RGB, "YBR_PARTIAL_420", uid.MPEG4HP41)
    clip = read_clip(path)
    assert difference(clip, RGB)[1] < 4
    assert clip.frame_rate_hz == 25
