"""Frames that are missing, empty, damaged or miscounted; fragments and offset tables that are not as they should be."""

from collections.abc import Callable, Sequence
from pathlib import Path
from struct import pack
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import generate_frames
from pydicom.filereader import dcmread

from model.study import Clip, SkipReason
from service.ingest.limits import IngestLimits
from tests import dicom_files as make
from tests import ultrasound_pictures as pictures
from tests.service.ingest.reading import difference, read_clip, read_skip

RGB = pictures.fan_frames(24)
GREY = np.ascontiguousarray(RGB[..., 0])
JPEG = make.jpeg_frames(RGB)
_REVERSIBLE = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
_ITEM, _END = pack("<2L", 0xE000FFFE, 0)[:4], pack("<2L", 0xE0DDFFFE, 0)


def _j2k(frames: np.ndarray = RGB) -> list[bytes]:
    """Each frame as JPEG 2000, reversible, without a colour transform."""
    files = [bytes(cv2.imencode(".jp2", frame[..., ::-1], _REVERSIBLE)[1]) for frame in frames]
    return [file[file.index(b"\xff\x4f\xff\x51") :] for file in files]


J2K = _j2k()
CODECS: dict[str, tuple[list[bytes], str]] = {"JPEG": (JPEG, uid.JPEGBaseline8Bit), "J2K": (J2K, uid.JPEG2000Lossless)}


def _write(path: Path, items: bytes, syntax: str, like: np.ndarray = RGB, **tags: Any) -> Path:
    """A file whose pixel data are those bytes: items, and what lies between them."""
    tags = {"NumberOfFrames": len(like)} | tags
    plain = make.write_encoded(path, [b"PLACEHOLDER!"], like, "YBR_FULL_422", syntax, offset_table=False, **tags)
    data = plain.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    path.write_bytes(data[:at] + items)
    return path


def _items(*values: bytes, table: bytes = b"", padding: bytes = b"") -> bytes:
    """The offset table and the fragments, ended; padding stands between them."""
    return b"".join(_ITEM + pack("<L", len(value)) + value + padding for value in (table, *values)) + _END


def _even(values: Sequence[bytes]) -> list[bytes]:
    return [value + b"\0" * (len(value) % 2) for value in values]


def _codes(clip: Clip) -> list[str]:
    return [warning.code for warning in clip.warnings]


def _expect(clip: Clip, left_out: Sequence[int] = (), codes: Sequence[str] = ()) -> None:
    """The clip's frames are those of RGB without some, and its warnings those."""
    expected = np.delete(RGB, list(left_out), axis=0)
    assert difference(clip, expected)[1] < 2
    assert _codes(clip) == list(codes)
    assert clip.frames_total == len(expected)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("stated", [None, 1, 20, 25, 26])
def test_the_stored_frames_count_and_a_warning_says_so(tmp_path: Path, codec: str, stated: int | None) -> None:
    frames, syntax = CODECS[codec]
    path = _write(tmp_path / "1", _items(*_even(frames)), syntax, NumberOfFrames=stated)
    _expect(read_clip(path), codes=["frame_count_differs"])


@pytest.mark.parametrize("codec", CODECS)
def test_more_than_a_tenth_missing_is_truncated(tmp_path: Path, codec: str) -> None:
    frames, syntax = CODECS[codec]
    skipped = read_skip(_write(tmp_path / "1", _items(*_even(frames)), syntax, NumberOfFrames=27))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "truncated" in skipped.text


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fault", ["zeros", "nothing", "garbage", "half", "a header alone", "another size"])
@pytest.mark.parametrize("places", [(0,), (12,), (23,), (3, 4)])
def test_a_few_damaged_frames_are_left_out(tmp_path: Path, codec: str, fault: str, places: tuple[int, ...]) -> None:
    frames, syntax = CODECS[codec]
    other = make.jpeg_frames(RGB[:1, ::2])[0] if codec == "JPEG" else _j2k(RGB[:1, ::2])[0]
    faults: dict[str, Callable[[bytes], bytes]] = {
        "zeros": lambda frame: bytes(len(frame)),
        "nothing": lambda _: b"",
        "garbage": lambda frame: bytes(np.random.default_rng(3).integers(1, 255, len(frame), np.uint8)),
        "half": lambda frame: frame[: len(frame) // 2],
        "a header alone": lambda frame: frame[:60],
        "another size": lambda _: other,
    }
    stored = [faults[fault](frame) if number in places else frame for number, frame in enumerate(frames)]
    path = _write(tmp_path / "1", _items(*_even(stored)), syntax)
    _expect(read_clip(path), places, ["frames_left_out"])


def test_a_jpeg_with_a_marker_in_its_data_is_left_out(tmp_path: Path) -> None:
    """Stuffed data hold none (T.81 B.1.1.5); libjpeg would go on and show what it makes of them."""
    stored = [*JPEG]
    stored[5] = JPEG[5][:-200] + b"\xff\xb1\xff\x90" * 5 + JPEG[5][-180:]
    _expect(read_clip(_write(tmp_path / "1", _items(*_even(stored)), uid.JPEGBaseline8Bit)), [5], ["frames_left_out"])


@pytest.mark.parametrize("fault", [b"", bytes(500), b"\xff\xd8\xff\xe0garbage"])
def test_more_than_a_tenth_damaged_is_refused(tmp_path: Path, fault: bytes) -> None:
    stored = [fault if number in (2, 9, 20) else frame for number, frame in enumerate(JPEG)]
    skipped = read_skip(_write(tmp_path / "1", _items(*_even(stored)), uid.JPEGBaseline8Bit))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "3 of 24" in skipped.text


def test_damaged_frames_are_left_out_of_long_clips_too(tmp_path: Path) -> None:
    stored = [bytes(9) if number == 5 else frame for number, frame in enumerate(JPEG)]
    stored[7] = JPEG[7][: len(JPEG[7]) // 2]
    path = _write(tmp_path / "1", _items(*_even(stored)), uid.JPEGBaseline8Bit)
    clip = read_clip(path, IngestLimits(max_frames_read=10))
    assert (len(clip.frames_rgb), clip.frames_total) == (9, 22)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("table", ["zeros", "wrong", "short", "rising but wrong", "of other fragments"])
def test_a_wrong_offset_table_changes_nothing(tmp_path: Path, codec: str, table: str) -> None:
    frames, syntax = CODECS[codec]
    halves = [part for frame in frames for part in (frame[: len(frame) // 4 * 2], frame[len(frame) // 4 * 2 :])]
    offsets = {
        "zeros": [0] * 24,
        "wrong": list(range(24, 0, -1)),
        "short": [0],
        "rising but wrong": list(range(0, 48, 2)),
        "of other fragments": [100 * number for number in range(24)],
    }[table]
    for parts in (halves, frames):
        path = _write(tmp_path / "1", _items(*_even(parts), table=pack(f"<{len(offsets)}L", *offsets)), syntax)
        _expect(read_clip(path))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [1000, 4096, 1 << 20])
def test_fragments_need_not_end_where_frames_do(tmp_path: Path, codec: str, size: int) -> None:
    """All frames in one fragment, or the stream cut every so many bytes; an end marker may then be split."""
    frames, syntax = CODECS[codec]
    joined = b"".join(_even(frames))
    path = _write(
        tmp_path / "1", _items(*_even([joined[at : at + size] for at in range(0, len(joined), size)])), syntax
    )
    _expect(read_clip(path))


@pytest.mark.parametrize("codec", CODECS)
def test_an_end_marker_may_lie_in_two_fragments(tmp_path: Path, codec: str) -> None:
    frames, syntax = CODECS[codec]
    odd = [frame + b"\0" if len(frame) % 2 == 0 else frame for frame in (frame.rstrip(b"\0") for frame in frames)]
    split = [
        part
        for frame in odd
        for part in (frame[: frame.rindex(b"\xff\xd9") + 1], frame[frame.rindex(b"\xff\xd9") + 1 :])
    ]
    _expect(read_clip(_write(tmp_path / "1", _items(*split), syntax)))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("padding", [b"", b"\0" * 4])
def test_an_end_marker_may_be_missing(tmp_path: Path, codec: str, padding: bytes) -> None:
    frames, syntax = CODECS[codec]
    bare = [frame[: frame.rindex(b"\xff\xd9")] + padding for frame in frames]
    for items in (_items(*_even(bare)), _items(b"".join(bare))):
        _expect(read_clip(_write(tmp_path / "1", items, syntax)))


def test_a_missing_end_hides_no_missing_picture(tmp_path: Path) -> None:
    cut = [frame[: len(frame) * 2 // 3] for frame in JPEG]
    assert read_skip(_write(tmp_path / "1", _items(*_even(cut)), uid.JPEGBaseline8Bit)).reason is SkipReason.UNREADABLE


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    "kind",
    ["empty fragments", "fragments of zeros", "bytes between items", "zeros before", "zeros behind", "garbage behind"],
)
def test_padding_is_stepped_over(tmp_path: Path, codec: str, kind: str) -> None:
    frames, syntax = CODECS[codec]
    items = {
        "empty fragments": _items(*[part for frame in _even(frames) for part in (frame, b"")]),
        "fragments of zeros": _items(*[part for frame in _even(frames) for part in (frame, bytes(64))]),
        "bytes between items": _items(*[frame.rstrip(b"\0") for frame in frames], padding=b"\0"),
        "zeros before": _items(*_even([b"\0" + frame for frame in frames])),
        "zeros behind": _items(*_even([frame + bytes(700) for frame in frames])),
        "garbage behind": _items(*_even([frame + b"\x01\x02\x03" * 9 for frame in frames])),
    }[kind]
    _expect(read_clip(_write(tmp_path / "1", items, syntax)))


def test_jp2_boxes_are_taken_off(tmp_path: Path) -> None:
    files = [bytes(cv2.imencode(".jp2", frame[..., ::-1])[1]) for frame in RGB]
    assert files[0].startswith(b"\0\0\0\x0cjP")
    for items in (_items(*_even(files)), _items(b"".join(_even(files)))):
        _expect(read_clip(_write(tmp_path / "1", items, uid.JPEG2000)))


@pytest.mark.parametrize("cut", [1, 3, 9, 100])
def test_a_file_that_ends_in_its_last_frame_loses_that_one(tmp_path: Path, cut: int) -> None:
    items = _items(*_even(JPEG))[: -len(_END) - cut]
    path = _write(tmp_path / "1", items, uid.JPEGBaseline8Bit)
    _expect(read_clip(path), [23], ["frame_count_differs"])


@pytest.mark.parametrize(
    ("frames", "stated"),
    [(JPEG, uid.JPEG2000), (JPEG, uid.RLELossless), (JPEG, uid.JPEGLosslessSV1), (JPEG, uid.ExplicitVRLittleEndian),
     (J2K, uid.JPEGBaseline8Bit), (J2K, uid.ExplicitVRLittleEndian), (J2K, uid.JPEGLSLossless), (JPEG, uid.MPEG4HP41)],
)  # fmt: skip
def test_the_pixel_data_decide_over_the_transfer_syntax(tmp_path: Path, frames: list[bytes], stated: uid.UID) -> None:
    path = _write(tmp_path / "1", _items(*_even(frames)), uid.JPEGBaseline8Bit)
    data = path.read_bytes()
    old, new = b"1.2.840.10008.1.2.4.50", str(stated).encode()
    at = data.index(old)
    padded = new + b"\0" * (len(new) % 2)
    length = int.from_bytes(data[140:144], "little") + len(padded) - len(old)
    data = data[:140] + pack("<L", length) + data[144:]
    path.write_bytes(data[: at - 2] + pack("<H", len(padded)) + padded + data[at + len(old) :])
    _expect(read_clip(path))


def test_native_data_under_a_compressed_transfer_syntax(tmp_path: Path) -> None:
    path = make.write_native(tmp_path / "1", RGB, "RGB")
    data = path.read_bytes()
    data = data.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.4.50", 1)
    path.write_bytes(data[:140] + pack("<L", int.from_bytes(data[140:144], "little") + 2) + data[144:])
    assert difference(read_clip(path), RGB) == (0, 0)


def test_what_nobody_knows_is_refused_with_its_transfer_syntax(tmp_path: Path) -> None:
    skipped = read_skip(_write(tmp_path / "1", _items(*[b"NEITHER!"] * 24), uid.JPEGBaseline8Bit))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "1.2.840.10008.1.2.4.50" in skipped.text


def test_an_rle_frame_in_several_fragments(tmp_path: Path) -> None:
    whole = dcmread(make.write_compressed(tmp_path / "1", RGB, "RGB", uid.RLELossless))
    frames = list(generate_frames(whole.PixelData, number_of_frames=24))
    halves = [part for frame in frames for part in (frame[:2000], frame[2000:])]
    path = _write(tmp_path / "2", _items(*_even(halves)), uid.RLELossless, PhotometricInterpretation="RGB")
    assert difference(read_clip(path), RGB) == (0, 0)


@pytest.mark.parametrize(
    "tags",
    [
        {"BitsAllocated": 24, "BitsStored": 24}, {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11},
        {"BitsAllocated": None, "BitsStored": None, "HighBit": None}, {"SamplesPerPixel": None},
        *({"PhotometricInterpretation": name} for name in (None, "ybr_full_422", "YBR FULL 422")),
        {"PhotometricInterpretation": "HSV", "SamplesPerPixel": 4},
        {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 1}, {"PixelRepresentation": 1},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("codec", CODECS)
def test_compressed_frames_say_themselves_what_the_header_mistakes(
    tmp_path: Path, codec: str, tags: dict[str, Any]
) -> None:
    frames, syntax = CODECS[codec]
    _expect(read_clip(_write(tmp_path / "1", _items(*_even(frames)), syntax, **tags)))
