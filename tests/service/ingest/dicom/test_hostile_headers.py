"""Tampered headers and bytes: never an exception, never more memory than the limits, always a Clip or a reason.

What the readers behind the one broad `except` in `untrusted` were seen to raise (LOG 2026-11-22): pydicom and its
decoders AttributeError, BytesLengthException, NotImplementedError, OSError, RecursionError, RuntimeError, struct.error,
TypeError, UnicodeDecodeError, ValueError, zlib.error; PyAV InvalidDataError, and AttributeError without a codec.
"""

import tempfile
import tracemalloc
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.tag import Tag

from model.study import Clip, SkippedClip
from service.ingest.limits import IngestLimits
from tests import dicom_files as make
from tests.service.ingest.reading import read_one

RGB = make.moving_frames(3)
GREY = np.ascontiguousarray(RGB[..., 0])
LIMITS = IngestLimits(max_frame_pixels=100_000, max_clip_pixels=1_000_000, max_pixels_read=300_000)
# A clip at the limit takes 0.9 MB as RGB; decoding, palettes and the parser's own objects come on top.
_MEMORY_BOUND = 12_000_000

_US = st.integers(0, 65535)
_SMALL = st.sampled_from([0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 32, 64, 255, 65535])
_TAMPERED = {
    "Rows": _US,
    "Columns": _US,
    "NumberOfFrames": st.one_of(st.integers(-(2**31), 2**31 - 1), st.just("")),
    "SamplesPerPixel": _SMALL,
    "BitsAllocated": _SMALL,
    "BitsStored": _SMALL,
    "HighBit": _SMALL,
    "PixelRepresentation": _SMALL,
    "PlanarConfiguration": _SMALL,
    "PhotometricInterpretation": st.sampled_from(
        ["", "RGB", "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "CMYK", "???"]
    ),
    "FrameTime": st.one_of(st.floats(-1e9, 1e9, width=32), st.just("")),
    "CineRate": st.integers(-(2**31), 2**31 - 1),
    "WindowCenter": st.sampled_from(["0", "1e300", "-5", "NaN", ""]),
    "WindowWidth": st.sampled_from(["0", "1e-300", "-5", "inf", "400", ""]),
    "RedPaletteColorLookupTableDescriptor": st.lists(st.integers(0, 32767), min_size=3, max_size=3),
    "RedPaletteColorLookupTableData": st.binary(max_size=600),
    "GreenPaletteColorLookupTableData": st.binary(max_size=600),
    "BluePaletteColorLookupTableData": st.binary(max_size=600),
}
_SYNTAXES = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.RLELossless,
    uid.MPEG4HP41,
]


def _sample(path: Path, syntax: uid.UID) -> bytes:
    if syntax == uid.JPEGBaseline8Bit:
        make.write_encoded(path, make.jpeg_frames(RGB), RGB, "YBR_FULL_422", syntax)
    elif syntax == uid.MPEG4HP41:
        make.write_video_in_dicom(path, RGB, syntax)
    elif syntax.is_encapsulated:
        make.write_compressed(path, RGB, "RGB", syntax)
    else:
        make.write_native(path, RGB, "RGB", syntax)
    return path.read_bytes()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[uid.UID, bytes]:
    path = tmp_path_factory.mktemp("samples") / "1"
    made = {syntax: _sample(path, syntax) for syntax in _SYNTAXES}
    read_one(
        path, LIMITS
    )  # decoders are loaded, and there is a block of memory for frames, before anything is measured
    return made


@pytest.fixture(autouse=True)
def _read_before(samples: dict[uid.UID, bytes]) -> None:
    """Every test measures what its own file costs."""


def _read_within_memory(path: Path) -> Clip | SkippedClip:
    tracemalloc.start()
    try:
        result = read_one(path, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < _MEMORY_BOUND
    finally:
        tracemalloc.stop()
    if isinstance(result, Clip):
        assert result.frames_rgb[..., 0].size <= LIMITS.max_pixels_read
    else:
        assert not [text for text in make.IDENTITY.values() if text in result.text]
    return result


@settings(max_examples=250, deadline=None)
@given(
    tags=st.fixed_dictionaries({}, optional=_TAMPERED),
    syntax=st.sampled_from([*_SYNTAXES[:4], uid.JPEGBaseline8Bit, uid.RLELossless]),
    grey=st.booleans(),
)
def test_any_header_gives_a_clip_or_a_reason(tags: dict[str, Any], syntax: uid.UID, grey: bool) -> None:
    frames, photometric = (GREY, "MONOCHROME2") if grey else (RGB, "RGB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1"
        if syntax.is_encapsulated:
            make.write_encoded(path, make.jpeg_frames(frames), frames, photometric, syntax, **tags)
        else:
            make.write_native(path, frames, photometric, syntax, **tags)
        _read_within_memory(path)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), syntax=st.sampled_from(_SYNTAXES))
def test_any_changed_bytes_give_a_clip_or_a_reason(
    samples: dict[uid.UID, bytes], data: st.DataObject, syntax: uid.UID
) -> None:
    whole = bytearray(samples[syntax])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(132, len(whole) - 1))
        patch = data.draw(st.one_of(st.binary(min_size=1, max_size=4), st.just(b"\xff\xff\xff\xff")))
        whole[at : at + len(patch)] = patch
    kept = data.draw(st.integers(len(whole) // 2, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "1").write_bytes(whole[:kept])
        _read_within_memory(Path(folder) / "1")


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", bytes(128) + b"DICM", b"\x08\0\x16\0", b"\0\0\0\x18ftypisom", b"PK\3\4"]),
)
def test_any_bytes_give_a_reason(content: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "1").write_bytes(bytes(4) + start + content)
        assert isinstance(_read_within_memory(Path(folder) / "1"), SkippedClip)


def _element(keyword: str, vr: bytes, value: bytes) -> bytes:
    tag = Tag(keyword)
    return pack("<HH2sH", tag.group, tag.element, vr, len(value)) + value


@pytest.mark.parametrize("vr", [b"UL", b"FD", b"UI", b"SQ", b"OB", b"ZZ", b"LO"])
@pytest.mark.parametrize("keyword", ["Rows", "Columns", "NumberOfFrames", "BitsAllocated", "PatientID"])
def test_values_of_another_type_than_their_tag(
    tmp_path: Path, samples: dict[uid.UID, bytes], keyword: str, vr: bytes
) -> None:
    """CVE-2026-5437 and its kin: sizes typed UL overflowed elsewhere."""
    whole = samples[uid.ExplicitVRLittleEndian]
    tag = Tag(keyword)
    at = whole.index(pack("<HH", tag.group, tag.element))
    old_length = int.from_bytes(whole[at + 6 : at + 8], "little")
    changed = whole[:at] + _element(keyword, vr, b"\xff" * 8) + whole[at + 8 + old_length :]
    (tmp_path / "1").write_bytes(changed)
    _read_within_memory(tmp_path / "1")


def test_lengths_beyond_the_file_are_never_allocated(tmp_path: Path, samples: dict[uid.UID, bytes]) -> None:
    whole = samples[uid.ExplicitVRLittleEndian]
    start = whole.index(b"\x08\x00\x16\x00")
    huge = pack("<HH2sHL", 0x0028, 0x1201, b"OW", 0, 0xFFFFFFF0)  # a palette of 4 GiB
    (tmp_path / "1").write_bytes(whole[:start] + huge + whole[start:])
    _read_within_memory(tmp_path / "1")


def test_deeply_nested_sequences_do_not_break_the_parser(tmp_path: Path, samples: dict[uid.UID, bytes]) -> None:
    whole = samples[uid.ExplicitVRLittleEndian]
    start = whole.index(b"\x08\x00\x16\x00")
    nested = pack("<HH2sHL", 0x0008, 0x2218, b"SQ", 0, 0xFFFFFFFF) + pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    (tmp_path / "1").write_bytes(whole[:start] + nested * 5000 + whole[start:])
    assert isinstance(_read_within_memory(tmp_path / "1"), SkippedClip)
