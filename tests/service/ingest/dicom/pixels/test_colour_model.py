"""Colour: the codestream decides, then the label, then the picture itself. Each kind, rightly and wrongly labelled."""

import io
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from model.picture_colour import darkest_is_grey
from model.study import SkipReason
from service.ingest.dicom.pixels.colour import ybr_partial_to_rgb
from service.ingest.dicom.pixels.colour_model import to_rgb
from tests import dicom_files as make
from tests import ultrasound_pictures as pictures
from tests.service.ingest.reading import difference, read_clip, read_skip

RGB = pictures.fan_frames()
YBR = make.to_ybr(RGB)
LABELS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_422", "YBR_PARTIAL_420")


def _without_markers(jpeg: bytes) -> bytes:
    """The JPEG without JFIF's segment."""
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big") :]


def _with_adobe(jpeg: bytes, transform: int) -> bytes:
    bare = _without_markers(jpeg)
    return bare[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + bare[2:]


def _renamed(jpeg: bytes, identifiers: bytes) -> bytes:
    """The JPEG with other component identifiers in its frame and its scan."""
    data = bytearray(jpeg)
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for number, identifier in enumerate(identifiers):
        data[frame + 10 + 3 * number] = data[scan + 5 + 2 * number] = identifier
    return bytes(data)


def _mean_error(path: Path) -> float:
    return difference(read_clip(path), RGB)[1]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("subsampling", ["4:2:2", "4:2:0"])
@pytest.mark.parametrize("marker", ["none", "JFIF", "Adobe says none", "other identifiers"])
def test_a_subsampled_jpeg_is_ycbcr_whatever_label_and_marker_say(
    tmp_path: Path, label: str, subsampling: str, marker: str
) -> None:
    frames = make.jpeg_frames(RGB, subsampling)
    if marker == "Adobe says none":
        frames = [_with_adobe(frame, 0) for frame in frames]
    elif marker != "JFIF":
        frames = [_without_markers(frame) for frame in frames]
    if marker == "other identifiers":
        frames = [_renamed(frame, b"\x00\x01\x02") for frame in frames]
    assert _mean_error(make.write_encoded(tmp_path / "1", frames, RGB, label, uid.JPEGBaseline8Bit)) < 2


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("stored", ["RGB", "YBR"])
@pytest.mark.parametrize("marker", ["none", "JFIF", "Adobe"])
def test_a_jpeg_of_full_resolution_comes_out_in_its_own_colours(
    tmp_path: Path, label: str, stored: str, marker: str
) -> None:
    """Without a marker, and with a wrong one, the picture decides: what is dark must be grey."""
    planes = RGB if stored == "RGB" else YBR
    frames = make.jpeg_frames(planes, "4:4:4", keep_rgb=True)  # the samples as they are, whatever they are
    frames = [_renamed(frame, b"\x01\x02\x03") if marker != "none" else frame for frame in frames]
    bare = [frame[:2] + frame[frame.index(b"\xff\xdb") :] for frame in frames]
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([stored == "YBR"])
    begin = {"none": b"", "JFIF": jfif, "Adobe": adobe}[marker]
    whole = [frame[:2] + begin + frame[2:] for frame in bare]
    assert _mean_error(make.write_encoded(tmp_path / "1", whole, RGB, label, uid.JPEGBaseline8Bit)) < 2


@pytest.mark.parametrize("label", LABELS)
def test_a_jpeg_2000_transform_yields_rgb_whatever_the_label_says(tmp_path: Path, label: str) -> None:
    path = make.write_compressed(tmp_path / "1", RGB, "YBR_RCT", uid.JPEG2000Lossless)
    data = path.read_bytes()
    if label != "YBR_RCT":
        at = data.index(b"\x28\x00\x04\x00CS") + 6
        old = int.from_bytes(data[at : at + 2], "little")
        text = label.encode() + b" " * (len(label) % 2)
        data = data[:at] + pack("<H", len(text)) + text + data[at + 2 + old :]
    path.write_bytes(data)
    assert difference(read_clip(path), RGB) == (0, 0)


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.RLELossless, uid.JPEGLSLossless])
@pytest.mark.parametrize(("stored", "label"), [(RGB, "YBR_FULL"), (YBR, "RGB"), (YBR, "YBR_FULL"), (RGB, "RGB")])
def test_samples_that_no_codestream_explains_follow_the_label_or_the_picture(
    tmp_path: Path, syntax: uid.UID, stored: Any, label: str
) -> None:
    path = make.write_compressed(tmp_path / "1", stored, label, syntax)
    assert difference(read_clip(path), RGB)[0] <= 2


@pytest.mark.parametrize(("stored", "label"), [(RGB, "YBR_FULL"), (YBR, "RGB"), (YBR, "YBR_FULL"), (RGB, "RGB")])
def test_native_samples_follow_the_label_or_the_picture(tmp_path: Path, stored: Any, label: str) -> None:
    assert difference(read_clip(make.write_native(tmp_path / "1", stored, label)), RGB)[0] <= 2


def test_native_444_under_a_label_of_422(tmp_path: Path) -> None:
    assert difference(read_clip(make.write_native(tmp_path / "1", YBR, "YBR_FULL_422")), RGB)[0] <= 1


def test_native_422_under_a_label_of_444(tmp_path: Path) -> None:
    data = make.write_ybr_422(tmp_path / "1", RGB).read_bytes()
    (tmp_path / "1").write_bytes(data.replace(b"CS\x0c\0YBR_FULL_422", b"CS\x0c\0YBR_FULL    "))
    assert _mean_error(tmp_path / "1") < 2


def test_one_native_sample_where_three_are_stated(tmp_path: Path) -> None:
    grey = np.ascontiguousarray(RGB[..., 0])
    path = make.write_native(tmp_path / "1", grey, "RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    assert difference(read_clip(path), grey) == (0, 0)


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL_422", "YBR_PARTIAL_420"])
def test_grey_jpeg_where_three_samples_are_stated(tmp_path: Path, label: str) -> None:
    grey = np.ascontiguousarray(RGB[..., 0])
    path = make.write_encoded(tmp_path / "1", make.jpeg_frames(grey), RGB, label, uid.JPEGBaseline8Bit)
    assert difference(read_clip(path), grey)[1] < 1


def test_colour_jpeg_where_one_sample_is_stated(tmp_path: Path) -> None:
    grey = np.ascontiguousarray(RGB[..., 0])
    path = make.write_encoded(tmp_path / "1", make.jpeg_frames(RGB), grey, "MONOCHROME2", uid.JPEGBaseline8Bit)
    assert _mean_error(path) < 2


def test_narrow_range_is_undone() -> None:
    """Black, white and pure red of ITU-R BT.601 (PS3.3 2004 C.7.6.3.1.2)."""
    ybr = np.array([[[16, 128, 128], [235, 128, 128], [81, 90, 240]]], np.uint8)
    np.testing.assert_allclose(ybr_partial_to_rgb(ybr)[0], [[0, 0, 0], [255, 255, 255], [255, 0, 0]], atol=2)


def test_retired_native_partial_422_is_read_in_its_range(tmp_path: Path) -> None:
    ycc = np.asarray([np.asarray(Image.fromarray(frame).convert("YCbCr"), np.float32) for frame in RGB], np.float32)
    narrow = np.rint(ycc * [219 / 255, 224 / 255, 224 / 255] + [16, 128 * (1 - 224 / 255), 128 * (1 - 224 / 255)])
    chroma = (narrow[:, :, 0::2, 1:] + narrow[:, :, 1::2, 1:]) / 2
    packed = np.concatenate([narrow[:, :, 0::2, :1], narrow[:, :, 1::2, :1], chroma], axis=-1).astype(np.uint8)
    path = make.write_native(tmp_path / "1", packed.reshape(len(RGB), 96, 128, 2)[..., 0], "YBR_PARTIAL_422")
    dataset = make.dataset_of(RGB, "YBR_PARTIAL_422")
    make._set_pixels(dataset, packed.tobytes(), 8)
    make.save(path, dataset, uid.ExplicitVRLittleEndian)
    assert _mean_error(path) < 2.5


def test_native_partial_420_is_refused_by_name(tmp_path: Path) -> None:
    skipped = read_skip(make.write_native(tmp_path / "1", RGB, "YBR_PARTIAL_420"))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "YBR_PARTIAL_420" in skipped.text


def test_progressive_jpeg_is_read_and_one_of_many_scans_refused(tmp_path: Path) -> None:
    frames = []
    for frame in RGB:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=95, progressive=True)
        frames.append(file.getvalue())
    path = make.write_encoded(tmp_path / "1", frames, RGB, "YBR_FULL_422", "1.2.840.10008.1.2.4.55")
    assert _mean_error(path) < 2
    scan = frames[0][frames[0].rindex(b"\xff\xda") : -2]
    path = make.write_encoded(
        tmp_path / "2", [frames[0][:-2] + scan * 40 + b"\xff\xd9"] * 12, RGB, "YBR_FULL_422", uid.JPEGBaseline8Bit
    )
    assert read_skip(path).reason is SkipReason.TOO_LARGE


@pytest.mark.parametrize("wrong", ["YBR_FULL", "RGB"])
def test_black_taken_for_the_wrong_model_is_far_from_grey(wrong: str) -> None:
    samples = RGB[0] if wrong == "YBR_FULL" else YBR[0]
    assert not darkest_is_grey(to_rgb(samples, wrong))
    assert darkest_is_grey(RGB[0])


def test_a_picture_in_sepia_is_grey_where_it_is_dark() -> None:
    sepia = (RGB[0] * np.array([1.0, 0.75, 0.45])).astype(np.uint8)
    assert darkest_is_grey(sepia)
