"""Bounds that hold on raw lengths, before any object is made; and what is passed over without being read."""

import tracemalloc
import zlib
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from model.study import SkipReason
from service.ingest.dicom.reader import read_header
from service.ingest.limits import IngestLimits
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS, difference, read_clip, read_one, read_skip

GREY = np.ascontiguousarray(make.moving_frames()[..., 0])
_SOP_CLASS = b"\x08\x00\x16\x00UI"


def _with_element(path: Path, keyword: str, value: bytes, *, implicit: bool = False) -> Path:
    """A file whose element, written empty, was replaced by one of VR UN with these raw bytes."""
    syntax = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
    data = make.write_native(path, GREY, "MONOCHROME2", syntax, **{keyword: None}).read_bytes()
    tag = Tag(keyword)
    begin = pack("<HH", tag.group, tag.element)
    at = data.index(begin + (pack("<L", 0) if implicit else dictionary_VR(tag)[:2].encode() + b"\0\0"), 140)
    head = begin + (pack("<L", len(value)) if implicit else b"UN" + pack("<HL", 0, len(value)))
    path.write_bytes(data[:at] + head + value + data[at + 8 :])
    return path


def _peak_bytes(path: Path) -> int:
    read_one(path)
    tracemalloc.start()
    try:
        read_one(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "keyword", ["CineRate", "NumberOfFrames", "FrameTime", "WindowCenter", "FrameTimeVector", "PatientID", "ImageType",
                "RedPaletteColorLookupTableDescriptor", "Rows", "BodyPartExamined", "SpecificCharacterSet"],
)  # fmt: skip
@pytest.mark.parametrize("implicit", [False, True])
def test_a_value_longer_than_any_real_one_is_refused_by_name(tmp_path: Path, keyword: str, implicit: bool) -> None:
    path = _with_element(tmp_path / "1", keyword, b"1\\" * 500_000, implicit=implicit)
    skipped = read_skip(path)
    assert skipped.reason is SkipReason.TOO_LARGE
    assert keyword in skipped.text
    assert _peak_bytes(path) < 3_000_000


def test_values_at_the_bound_are_read(tmp_path: Path) -> None:
    vector = [0.0, *[40.0] * 9999]
    path = make.write_native(tmp_path / "1", GREY, "MONOCHROME2", FrameTime=None, FrameTimeVector=vector)
    assert read_clip(path).frame_rate_hz == 25


def _items(count: int, *, implicit_length: bool) -> bytes:
    item = pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + pack("<HHL", 0xFFFE, 0xE00D, 0)
    return (item if implicit_length else pack("<HHL", 0xFFFE, 0xE000, 0)) * count


@pytest.mark.parametrize("implicit_length", [False, True], ids=["items of no length", "items that are ended"])
@pytest.mark.parametrize("keyword", ["SequenceOfUltrasoundRegions", "AnatomicRegionSequence"])
@pytest.mark.parametrize("ended", [False, True], ids=["length stated", "length undefined"])
def test_half_a_million_items_are_not_made(tmp_path: Path, keyword: str, implicit_length: bool, ended: bool) -> None:
    data = make.write_native(tmp_path / "1", GREY, "MONOCHROME2").read_bytes()
    start, tag = data.index(_SOP_CLASS), Tag(keyword)
    items = _items(500_000, implicit_length=implicit_length)
    length = 0xFFFFFFFF if ended else len(items)
    element = pack("<HH2sHL", tag.group, tag.element, b"SQ", 0, length) + items
    element += pack("<HHL", 0xFFFE, 0xE0DD, 0) if ended else b""
    (tmp_path / "1").write_bytes(data[:start] + element + data[start:])
    assert read_skip(tmp_path / "1").reason is SkipReason.TOO_LARGE
    assert _peak_bytes(tmp_path / "1") < 3_000_000


def test_an_offset_table_of_forty_megabytes_is_no_table(tmp_path: Path) -> None:
    rgb = make.moving_frames()
    data = make.write_encoded(
        tmp_path / "1", make.jpeg_frames(rgb), rgb, "YBR_FULL_422", uid.JPEGBaseline8Bit, offset_table=False
    ).read_bytes()
    at = data.index(b"\xfe\xff\x00\xe0\0\0\0\0")
    table = pack("<2L", 0xE000FFFE, 40_000_000) + bytes(40_000_000)
    (tmp_path / "1").write_bytes(data[:at] + table + data[at + 8 :])
    assert difference(read_clip(tmp_path / "1"), rgb)[1] < 1
    assert _peak_bytes(tmp_path / "1") < 20_000_000


@pytest.mark.parametrize("kept", [1.0, 0.5])
def test_a_deflated_file_takes_the_memory_of_what_is_read(tmp_path: Path, kept: float) -> None:
    frames = np.random.default_rng(1).integers(0, 40, (60, 200, 300), np.uint8)
    path = make.write_native(tmp_path / "1", frames, "MONOCHROME2", uid.DeflatedExplicitVRLittleEndian)
    if kept == 1:
        assert difference(read_clip(path), frames) == (0, 0)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    tracemalloc.start()
    found = read_header(path, LIMITS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert peak < 1_000_000 < frames.nbytes
    if kept < 1:
        assert read_skip(path).reason is SkipReason.UNREADABLE


def test_a_deflated_file_of_zeros_is_refused_by_its_ratio(tmp_path: Path) -> None:
    whole = make.write_native(tmp_path / "1", GREY, "MONOCHROME2", uid.DeflatedExplicitVRLittleEndian).read_bytes()
    at = 144 + int.from_bytes(whole[140:144], "little")  # behind the meta information, whose length stands there
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(zlib.decompress(whole[at:], wbits=-zlib.MAX_WBITS)) + packer.compress(bytes(60 << 20))
    (tmp_path / "1").write_bytes(whole[:at] + packed + packer.flush())
    assert read_skip(tmp_path / "1", IngestLimits()).reason is SkipReason.TOO_LARGE
    assert _peak_bytes(tmp_path / "1") < 2_000_000


def test_large_private_sequences_are_stepped_over(tmp_path: Path) -> None:
    """Carts put raw data of many megabytes there; it is never held in memory."""
    inner = Dataset()
    inner.add_new(0x200D3CF8, "OB", bytes(8_000_000))
    outer = Dataset()
    outer.add_new(0x200D3CF1, "SQ", Sequence([inner]))
    dataset = make.dataset_of(GREY, "MONOCHROME2")
    dataset.add_new(0x200D0010, "LO", "PLANTED PRIVATE")
    dataset.add_new(0x200D1001, "SQ", Sequence([outer, outer]))
    for element in (dataset[0x200D1001], outer[0x200D3CF1]):
        element.is_undefined_length = True
    for item in (inner, outer):
        item.is_undefined_length_sequence_item = True
    make._set_pixels(dataset, GREY.tobytes(), 8)
    path = make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian)
    assert difference(read_clip(path), GREY) == (0, 0)
    tracemalloc.start()
    read_header(path, LIMITS)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_regions_in_a_sequence_of_undefined_length_are_read(tmp_path: Path) -> None:
    dataset = make.dataset_of(GREY, "MONOCHROME2")
    regions = Sequence([make.ultrasound_region((4, 5, 43, 44))])
    dataset.SequenceOfUltrasoundRegions = regions
    dataset["SequenceOfUltrasoundRegions"].is_undefined_length = True
    regions[0].is_undefined_length_sequence_item = True
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        make._set_pixels(dataset, GREY.tobytes(), 8)
        assert read_clip(make.save(tmp_path / syntax.keyword, dataset, syntax)).sector_box == (4, 5, 44, 45)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 4), depth=st.integers(0, 3), undefined=st.booleans(), data=st.binary(max_size=40))
def test_any_nesting_before_the_pixel_data_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, count: int, depth: int, undefined: bool, data: bytes
) -> None:
    def nested(level: int) -> Dataset:
        item = Dataset()
        item.add_new(0x00091001, "OB", data + bytes(len(data) % 2))
        if level:
            item.add_new(0x00091002, "SQ", Sequence([nested(level - 1) for _ in range(count)]))
            item[0x00091002].is_undefined_length = undefined
        item.is_undefined_length_sequence_item = undefined
        return item

    dataset = make.dataset_of(GREY, "MONOCHROME2")
    dataset.add_new(0x00091002, "SQ", Sequence([nested(depth)]))
    dataset[0x00091002].is_undefined_length = undefined
    make._set_pixels(dataset, GREY.tobytes(), 8)
    path = tmp_path_factory.mktemp("nested") / "1"
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian):
        assert difference(read_clip(make.save(path, dataset, syntax)), GREY) == (0, 0)


def test_the_prefix_may_stand_at_the_very_start(tmp_path: Path) -> None:
    whole = make.write_native(tmp_path / "1", GREY, "MONOCHROME2").read_bytes()
    (tmp_path / "2").write_bytes(whole[128:])
    assert difference(read_clip(tmp_path / "2"), GREY) == (0, 0)


@pytest.mark.parametrize(
    "preamble", [b"PK\x03\x04", b"II*\x00", b"MM\x00*", b"RIFF\0\0\0\0AVI ", b"\0\0\0\x18ftypisom", b"GIF89a"]
)
def test_a_preamble_may_hold_anything(tmp_path: Path, preamble: bytes) -> None:
    whole = make.write_native(tmp_path / "1", GREY, "MONOCHROME2").read_bytes()
    (tmp_path / "1").write_bytes(preamble + whole[len(preamble) :])
    assert difference(read_clip(tmp_path / "1"), GREY) == (0, 0)
