"""Every transfer syntax and colour model against frames that are known; and what of a header may be read."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.datadict import dictionary_is_retired

from model.study import SkipReason
from service.ingest.dicom import reader as dicom
from service.ingest.dicom.header import READ_TAGS
from service.ingest.dicom.pixels import decoders
from tests import dicom_files as make
from tests import encoded_frames as encoded
from tests.service.ingest.reading import LIMITS, difference, read_clip, read_skip

RGB = make.moving_frames()
GREY = np.ascontiguousarray(RGB[..., 0])
GREY_12_IN_16 = GREY.astype(np.uint16) * 16
PICTURE_RGB = np.repeat(encoded.PICTURE_RGB[None], 2, axis=0)
PICTURE_GREY = np.repeat(encoded.PICTURE_GREY[None], 2, axis=0)
Write = Callable[[Path], Path]

_NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
_LOSSLESS = (uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.RLELossless)
# Stored frames, colour model, tags, what must come out, greatest difference.
_STORED: dict[str, tuple[Any, str, dict[str, Any], np.ndarray, int]] = {
    "rgb": (RGB, "RGB", {}, RGB, 0),
    "ybr": (make.to_ybr(RGB), "YBR_FULL", {}, RGB, 1),
    "grey": (GREY, "MONOCHROME2", {}, GREY, 0),
    "inverted grey": (255 - GREY, "MONOCHROME1", {}, GREY, 0),
    "grey of 12 in 16 bits": (GREY_12_IN_16, "MONOCHROME2", {}, GREY, 1),
    "grey of 12 stored bits": (GREY_12_IN_16, "MONOCHROME2", {"BitsStored": 12, "HighBit": 11}, GREY, 1),
    "grey of 16 bits": (GREY.astype(np.uint16) * 257, "MONOCHROME2", {}, GREY, 0),
    "colour of 16 bits": (RGB.astype(np.uint16) * 257, "RGB", {}, RGB, 0),
    "signed grey": ((GREY.astype(np.int32) * 257 - 32768).astype(np.int16), "MONOCHROME2", {}, GREY, 0),
    "signed grey, never negative": ((GREY.astype(np.int16) * 16), "MONOCHROME2", {}, GREY, 1),
}


def _video(rgb: np.ndarray, syntax: str, path: Path) -> Path:
    return make.write_video_in_dicom(path, rgb, syntax)


def _jpeg(subsampling: str, photometric: str, path: Path) -> Path:
    frames = make.jpeg_frames(RGB, subsampling)
    return make.write_encoded(path, frames, RGB, photometric, uid.JPEGBaseline8Bit)


def _already(data: bytes, like: np.ndarray, photometric: str, syntax: str, path: Path) -> Path:
    return make.write_encoded(path, [data, data], like, photometric, syntax)


# name → writer, expected frames, greatest and mean difference allowed
_LOSSY: dict[str, tuple[Write, np.ndarray, float, float]] = {
    "JPEG baseline 4:2:2": (partial(_jpeg, "4:2:2", "YBR_FULL_422"), RGB, 8, 1),
    "JPEG baseline 4:4:4": (partial(_jpeg, "4:4:4", "YBR_FULL"), RGB, 8, 1),
    "JPEG-LS near-lossless": (lambda p: make.write_compressed(p, RGB, "RGB", uid.JPEGLSNearLossless), RGB, 1, 1),
    "JPEG 2000, irreversible": (lambda p: make.write_compressed(p, RGB, "YBR_ICT", uid.JPEG2000), RGB, 4, 0.5),
    "JPEG 2000, reversible": (lambda p: make.write_compressed(p, RGB, "YBR_RCT", uid.JPEG2000Lossless), RGB, 0, 0),
    "native YBR_FULL_422": (lambda p: make.write_ybr_422(p, RGB), RGB, 8, 1),
    "HTJ2K colour": (
        partial(_already, encoded.HTJ2K_RGB, PICTURE_RGB, "YBR_RCT", uid.HTJ2KLossless),
        PICTURE_RGB,
        0,
        0,
    ),
    "HTJ2K RPCL": (
        partial(_already, encoded.HTJ2K_GREY, PICTURE_GREY, "MONOCHROME2", uid.HTJ2KLosslessRPCL),
        PICTURE_GREY,
        0,
        0,
    ),
    "HTJ2K": (partial(_already, encoded.HTJ2K_GREY, PICTURE_GREY, "MONOCHROME2", uid.HTJ2K), PICTURE_GREY, 0, 0),
    "JPEG lossless": (
        partial(_already, encoded.JPEG_LOSSLESS_GREY, PICTURE_GREY, "MONOCHROME2", uid.JPEGLosslessSV1),
        PICTURE_GREY,
        0,
        0,
    ),
    "JPEG extended, eight bits": (
        lambda p: make.write_encoded(p, make.jpeg_frames(GREY), GREY, "MONOCHROME2", uid.JPEGExtended12Bit),
        GREY,
        3,
        0.5,
    ),
    # 4:2:0 chroma and a low-resolution test picture: the codec, not the reader, sets these.
    "MPEG-2": (partial(_video, RGB, uid.MPEG2MPML), RGB, 30, 4),
    "H.264": (partial(_video, RGB, uid.MPEG4HP41), RGB, 30, 4),
    "H.264 fragmentable": (partial(_video, RGB, uid.MPEG4HP41F), RGB, 30, 4),
    "HEVC": (partial(_video, RGB, uid.HEVCMP51), RGB, 30, 4),
}


@pytest.mark.parametrize("syntax", _NATIVE, ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("kind", _STORED)
def test_native_frames_come_back(tmp_path: Path, syntax: uid.UID, kind: str) -> None:
    stored, photometric, tags, expected, greatest = _STORED[kind]
    clip = read_clip(make.write_native(tmp_path / "1", stored, photometric, syntax, **tags))
    assert difference(clip, expected)[0] <= greatest


@pytest.mark.parametrize("syntax", _LOSSLESS, ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("kind", [kind for kind in _STORED if "signed" not in kind])
def test_losslessly_compressed_frames_come_back(tmp_path: Path, syntax: uid.UID, kind: str) -> None:
    stored, photometric, tags, expected, greatest = _STORED[kind]
    clip = read_clip(make.write_compressed(tmp_path / "1", stored, photometric, syntax, **tags))
    assert difference(clip, expected)[0] <= greatest


@pytest.mark.parametrize("name", _LOSSY)
def test_other_syntaxes_come_back(tmp_path: Path, name: str) -> None:
    write, expected, greatest, mean = _LOSSY[name]
    clip = read_clip(write(tmp_path / "1"))
    apart = difference(clip, expected)
    assert apart[0] <= greatest
    assert apart[1] <= mean
    assert clip.frame_rate_hz == 25


@pytest.mark.parametrize("syntax", _NATIVE[:3], ids=lambda syntax: syntax.keyword)
def test_planes_stored_one_after_the_other(tmp_path: Path, syntax: uid.UID) -> None:
    clip = read_clip(make.write_native(tmp_path / "1", RGB, "RGB", syntax, PlanarConfiguration=1))
    assert difference(clip, RGB) == (0, 0)


def _with_adobe_marker(jpeg: bytes, transform: int) -> bytes:
    """The JPEG with Adobe's segment in place of JFIF's."""
    after = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + jpeg[after:]


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "RGB"])
@pytest.mark.parametrize("marker", ["JFIF", "Adobe"])
def test_jpeg_colours_are_converted_once_whatever_marker_and_header_say(
    tmp_path: Path, photometric: str, marker: str
) -> None:
    frames = make.jpeg_frames(RGB)
    if marker == "Adobe":
        frames = [_with_adobe_marker(frame, 1) for frame in frames]
    clip = read_clip(make.write_encoded(tmp_path / "1", frames, RGB, photometric, uid.JPEGBaseline8Bit))
    assert difference(clip, RGB)[1] < 1


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "RGB"])
def test_jpeg_stored_as_rgb_is_not_converted(tmp_path: Path, photometric: str) -> None:
    frames = make.jpeg_frames(RGB, "4:4:4", keep_rgb=True)
    clip = read_clip(make.write_encoded(tmp_path / "1", frames, RGB, photometric, uid.JPEGBaseline8Bit))
    assert difference(clip, RGB)[0] <= 3


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless, uid.JPEGExtended12Bit])
def test_without_the_extra_the_reason_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: uid.UID
) -> None:
    monkeypatch.setattr(decoders, "available_decoders", lambda _syntax: ("pillow",))
    like = PICTURE_GREY.astype(np.uint16)
    path = make.write_encoded(tmp_path / "1", [encoded.JPEG_LOSSLESS_GREY] * 2, like, "MONOCHROME2", syntax)
    skipped = read_skip(path)
    assert skipped.reason is SkipReason.NEEDS_JPEG_LOSSLESS
    assert "jpeg-lossless" in skipped.text


def test_a_compression_that_nobody_decodes_is_named_with_its_transfer_syntax(tmp_path: Path) -> None:
    hierarchical = [frame.replace(b"\xff\xc0", b"\xff\xc5", 1) for frame in make.jpeg_frames(RGB)]
    path = make.write_encoded(tmp_path / "1", hierarchical, RGB, "RGB", uid.JPEGBaseline8Bit)
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.59"))
    skipped = read_skip(path)
    assert skipped.reason is SkipReason.UNSUPPORTED_COMPRESSION
    assert "1.2.840.10008.1.2.4.59" in skipped.text


@pytest.mark.parametrize("wide", [False, True], ids=["eight-bit entries", "sixteen-bit entries"])
@pytest.mark.parametrize("syntax", _NATIVE[:3], ids=lambda syntax: syntax.keyword)
def test_palette_and_indices_beyond_it(tmp_path: Path, syntax: uid.UID, wide: bool) -> None:
    table = np.stack([np.arange(200), np.arange(200)[::-1], np.full(200, 9)], axis=1).astype(np.uint16)
    order = ">u2" if syntax == uid.ExplicitVRBigEndian else "<u2"
    data = (table * 257).astype(order) if wide else table.astype(np.uint8)
    tags: dict[str, Any] = {}
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [200, 10, 16 if wide else 8]
        tags[f"{colour}PaletteColorLookupTableData"] = np.ascontiguousarray(data[:, channel]).tobytes()
    stored = np.arange(256, dtype=np.uint8).reshape(1, 16, 16).repeat(3, axis=0)
    expected = table[np.clip(stored.astype(int) - 10, 0, 199)].astype(np.uint8)
    clip = read_clip(make.write_native(tmp_path / "1", stored, "PALETTE COLOR", syntax, **tags))
    assert difference(clip, expected) == (0, 0)


def test_a_palette_shorter_than_it_says_is_skipped(tmp_path: Path) -> None:
    tags: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        tags[f"{colour}PaletteColorLookupTableData"] = bytes(10)
    skipped = read_skip(make.write_native(tmp_path / "1", GREY, "PALETTE COLOR", **tags))
    assert skipped.reason is SkipReason.UNREADABLE


def test_a_window_sets_the_levels_of_deep_grey_only(tmp_path: Path) -> None:
    window = {"WindowCenter": "2048", "WindowWidth": "2048"}
    deep = read_clip(make.write_native(tmp_path / "1", GREY_12_IN_16, "MONOCHROME2", **window))
    expected = np.clip((GREY_12_IN_16 - (2047.5 - 1023.5)) / 2047 * 255, 0, 255)
    assert difference(deep, np.rint(expected).astype(np.uint8))[0] <= 1
    shallow = read_clip(make.write_native(tmp_path / "2", GREY, "MONOCHROME2", WindowCenter="9", WindowWidth="2"))
    assert difference(shallow, GREY) == (0, 0)


def test_faint_noise_of_many_bits_stays_faint(tmp_path: Path) -> None:
    faint = (GREY // 32).astype(np.uint16)
    clip = read_clip(make.write_native(tmp_path / "1", faint, "MONOCHROME2", BitsStored=12, HighBit=11))
    assert clip.frames_rgb.max() < 16


def test_without_the_prefix_a_file_counts_only_when_it_names_its_sop_class(tmp_path: Path) -> None:
    for name, syntax in (("implicit", uid.ImplicitVRLittleEndian), ("explicit", uid.ExplicitVRLittleEndian)):
        whole = make.write_native(tmp_path / "whole", GREY, "MONOCHROME2", syntax).read_bytes()
        start = whole.index(b"\x08\x00\x16\x00")  # SOPClassUID, the first element of the dataset
        (tmp_path / name).write_bytes(whole[start:])
        assert difference(read_clip(tmp_path / name), GREY) == (0, 0)
    (tmp_path / "nameless").write_bytes(whole[start:].replace(b"1.2.840.10008.5.1.4.1.1.3.1", b"9" * 27))
    assert read_skip(tmp_path / "nameless").reason is SkipReason.UNREADABLE


def test_only_listed_tags_are_read_and_each_has_a_reason() -> None:
    keywords = [keyword for keyword, _ in READ_TAGS]
    assert len(set(keywords)) == len(keywords)
    assert all(reason and not dictionary_is_retired(keyword) for keyword, reason in READ_TAGS)
    assert set(keywords) & set(make.IDENTITY) == {"PatientID"}


def test_nothing_read_from_a_header_shows_who_it_is(tmp_path: Path) -> None:
    path = make.write_native(tmp_path / "1", GREY, "MONOCHROME2")
    found = dicom.read_header(path, LIMITS)
    assert found is not None
    shown = repr(found)
    assert not [value for value in (*make.IDENTITY.values(), make.STUDY_UID) if value in shown]
