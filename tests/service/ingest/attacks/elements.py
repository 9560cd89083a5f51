"""DICOM files of a few kilobytes, or zips of them, whose header counts in millions."""

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from struct import pack
from typing import Any, Final

from pydicom import uid

from tests.dicom_files import US_MULTIFRAME, moving_frames, write_native

_LONG: Final = {b"OB", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UT"}
MILLIONS: Final = 2_000_000

# Elements that name a number or a text, each with one value of its own kind: those that the reader asks for, and some
# that it does not.
VALUED: Final[Mapping[str, tuple[int, bytes, bytes]]] = {
    "specific_character_set": (0x00080005, b"CS", b"ISO_IR 100"),
    "image_type": (0x00080008, b"CS", b"DERIVED"),
    "sop_class_uid": (0x00080016, b"UI", b"1.2.3"),
    "modality": (0x00080060, b"CS", b"US"),
    "patient_name": (0x00100010, b"PN", b"A^B"),
    "patient_id": (0x00100020, b"LO", b"1"),
    "frame_time": (0x00181063, b"DS", b"40"),
    "cine_rate": (0x00180040, b"IS", b"25"),
    "study_instance_uid": (0x0020000D, b"UI", b"1.2"),
    "number_of_frames": (0x00280008, b"IS", b"6"),
    "frame_increment_pointer": (0x00280009, b"AT", b"\x18\x00\x63\x10"),
    "rows": (0x00280010, b"US", b"\x30\x00"),
    "columns": (0x00280011, b"US", b"\x40\x00"),
    "pixel_spacing": (0x00280030, b"DS", b"1"),
    "window_center": (0x00281050, b"DS", b"1"),
    "palette_descriptor": (0x00281101, b"US", b"\x00\x01"),
    "palette_data": (0x00281201, b"OW", b"\x00\x01"),
    "private_text": (0x00290010, b"LO", b"X"),
}
SEQUENCES: Final = {
    "regions": 0x00186011,
    "referenced_images": 0x00081140,
    "shared_groups": 0x52009229,
    "frame_groups": 0x52009230,
    "content": 0x0040A730,
    "private": 0x00291010,
}


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in explicit little endian; one that is too long for its VR's length is written as UN."""
    size = len(value) if length is None else length
    head = pack("<HH", tag >> 16, tag & 0xFFFF)
    if vr not in _LONG and size > 0xFFFE:
        vr = b"UN"
    return head + (vr + pack("<HL", 0, size) if vr in _LONG else vr + pack("<H", size)) + value


def dicom(path: Path, elements: bytes, syntax: str = uid.ExplicitVRLittleEndian) -> Path:
    """A file of those elements behind a preamble and its meta information."""
    meta = element(0x00020002, b"UI", US_MULTIFRAME.encode()) + element(0x00020010, b"UI", _even(syntax.encode()))
    head = bytes(128) + b"DICM" + element(0x00020000, b"UL", pack("<L", len(meta))) + meta
    if syntax == uid.DeflatedExplicitVRLittleEndian:
        packer = zlib.compressobj(9, wbits=-15)
        elements = packer.compress(elements) + packer.flush()
    path.write_bytes(head + elements)
    return path


def _even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


def many_values(path: Path, name: str, syntax: str = uid.ExplicitVRLittleEndian) -> Path:
    """Two million values of one element; `syntax` may also deflate them to kilobytes."""
    tag, vr, value = VALUED[name]
    whole = value * MILLIONS if vr in {b"US", b"AT", b"OW"} else _even(b"\\".join([value] * MILLIONS))
    return dicom(path, element(tag, vr, whole), syntax)


def many_items(path: Path, name: str, *, undefined: bool, syntax: str = uid.ExplicitVRLittleEndian) -> Path:
    """Half a million empty items of one sequence, of stated or of undefined length."""
    items = pack("<HHL", 0xFFFE, 0xE000, 0) * 500_000
    end = pack("<HHL", 0xFFFE, 0xE0DD, 0) if undefined else b""
    return dicom(path, element(SEQUENCES[name], b"SQ", items + end, 0xFFFFFFFF if undefined else None), syntax)


def nested_items(path: Path, depth: int = 20_000) -> Path:
    """Sequences within sequences."""
    opened = element(0x00081140, b"SQ", pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF), 0xFFFFFFFF)
    return dicom(path, opened * depth)


def many_elements(path: Path) -> Path:
    """A million private elements of no length."""
    return dicom(path, element(0x00290010, b"LO", b"") * 1_000_000)


def with_tags(path: Path, tags: Mapping[str, Any]) -> Path:
    """A small native cine whose header states something else."""
    return write_native(path, moving_frames(), "RGB", **tags)


STATED: Final[Mapping[str, Mapping[str, int]]] = {
    "65535_squared": {"Rows": 65535, "Columns": 65535},
    "two_billion_frames": {"NumberOfFrames": 2**31 - 1},
    "negative_frames": {"NumberOfFrames": -5},
    "no_rows": {"Rows": 0},
    "many_samples": {"SamplesPerPixel": 65535},
    "64_bits": {"BitsAllocated": 64, "BitsStored": 64, "HighBit": 63},
    "no_bits": {"BitsAllocated": 0, "BitsStored": 0},
    "high_bit_beyond": {"HighBit": 65535},
}


def element_attacks() -> dict[str, Callable[[Path], Path]]:
    """Name → what writes the file."""
    deflated = uid.DeflatedExplicitVRLittleEndian
    made: dict[str, Callable[[Path], Path]] = {}
    for name in VALUED:
        made[f"values_{name}"] = partial(many_values, name=name)
        made[f"values_{name}_deflated"] = partial(many_values, name=name, syntax=deflated)
    for name in SEQUENCES:
        made[f"items_{name}"] = partial(many_items, name=name, undefined=False)
        made[f"items_{name}_undefined"] = partial(many_items, name=name, undefined=True)
    made["items_regions_deflated"] = partial(many_items, name="regions", undefined=True, syntax=deflated)
    made["nested_items"] = nested_items
    made["many_elements"] = many_elements
    for name, tags in STATED.items():
        made[f"stated_{name}"] = partial(with_tags, tags=tags)
    return made
