"""Native pixel data: volumes, counts, padding and bits as the length of the element tells them."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataelem import DataElement

from model.study import SkipReason
from tests import dicom_files as make
from tests import ultrasound_pictures as pictures
from tests.service.ingest.reading import difference, read_clip, read_skip

RGB = pictures.fan_frames(20, 40, 48)
GREY = np.ascontiguousarray(RGB[..., 0])
_STILL_CLASS = "1.2.840.10008.5.1.4.1.1.6.1"


def _write(path: Path, stored: np.ndarray, photometric: str = "MONOCHROME2", **tags: Any) -> Path:
    return make.write_native(path / "1", stored, photometric, **tags)


@pytest.mark.parametrize("slices", [2, 3, 5, 20])
def test_a_whole_number_of_pictures_for_each_frame_is_a_volume(tmp_path: Path, slices: int) -> None:
    volume = np.concatenate([GREY] * slices)
    skipped = read_skip(_write(tmp_path, volume, NumberOfFrames=20))
    assert skipped.reason is SkipReason.VOLUME
    assert f"{20 * slices} pictures" in skipped.text


def test_philips_cartesian_data_and_enhanced_volumes_are_volumes(tmp_path: Path) -> None:
    dataset = make.dataset_of(GREY, "MONOCHROME2")
    dataset[0x30011001] = DataElement(0x30011001, "UL", 208)
    make._set_pixels(dataset, GREY.tobytes(), 8)
    assert read_skip(make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian)).reason is SkipReason.VOLUME
    enhanced = _write(tmp_path, GREY, SOPClassUID="1.2.840.10008.5.1.4.1.1.6.2")
    assert read_skip(enhanced).reason is SkipReason.VOLUME


@pytest.mark.parametrize("stated", [None, 0, 1, 13, 21])
def test_the_stored_frames_count(tmp_path: Path, stated: int | None) -> None:
    clip = read_clip(_write(tmp_path, GREY, NumberOfFrames=stated))
    assert difference(clip, GREY) == (0, 0)
    assert [warning.code for warning in clip.warnings] == ["frame_count_differs"]


def test_several_pictures_without_any_word_of_time_are_slices(tmp_path: Path) -> None:
    silent: dict[str, Any] = {"NumberOfFrames": None, "FrameTime": None, "SOPClassUID": _STILL_CLASS}
    assert read_skip(_write(tmp_path, GREY, **silent)).reason is SkipReason.VOLUME
    read_clip(_write(tmp_path, GREY, **(silent | {"CineRate": 30})))
    assert read_skip(_write(tmp_path, GREY[:1], **silent)).reason is SkipReason.STILL_IMAGE


@pytest.mark.parametrize("cut", [1, 100, 1900, 1920 + 7])
def test_a_short_last_frame_is_left_out(tmp_path: Path, cut: int) -> None:
    path = _write(tmp_path, GREY)
    path.write_bytes(path.read_bytes()[:-cut])
    clip = read_clip(path)
    left = 20 - -(-cut // GREY[0].size)
    assert difference(clip, GREY[:left]) == (0, 0)
    assert [warning.code for warning in clip.warnings] == ["frame_count_differs"]


def test_an_element_shorter_than_its_frames(tmp_path: Path) -> None:
    dataset = make.dataset_of(GREY, "MONOCHROME2")
    make._set_pixels(dataset, GREY.tobytes()[:-500], 8)
    clip = read_clip(make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian))
    assert difference(clip, GREY[:19]) == (0, 0)


def test_an_empty_frame_is_left_out_and_a_dark_clip_is_not(tmp_path: Path) -> None:
    holed = GREY.copy()
    holed[7] = 0
    clip = read_clip(_write(tmp_path, holed))
    assert difference(clip, np.delete(GREY, 7, axis=0)) == (0, 0)
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]
    holed[3:9] = 0
    assert difference(read_clip(_write(tmp_path, holed)), holed) == (0, 0)


@pytest.mark.parametrize("excess", [1, 2, 7, 1000])
def test_excess_bytes_at_the_end_are_padding(tmp_path: Path, excess: int) -> None:
    dataset = make.dataset_of(GREY, "MONOCHROME2")
    make._set_pixels(dataset, GREY.tobytes() + bytes(excess), 8)
    clip = read_clip(make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian))
    assert difference(clip, GREY) == (0, 0)
    assert not clip.warnings


def test_frames_of_an_odd_size_that_are_padded_one_by_one(tmp_path: Path) -> None:
    odd = np.ascontiguousarray(GREY[:, :39, :47])
    dataset = make.dataset_of(odd, "MONOCHROME2")
    make._set_pixels(dataset, b"".join(frame.tobytes() + b"\0" for frame in odd), 8)
    assert difference(read_clip(make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian)), odd) == (0, 0)
    packed = make.write_native(tmp_path / "2", odd, "MONOCHROME2")
    assert difference(read_clip(packed), odd) == (0, 0)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_eight_bits_at_the_top_of_sixteen(tmp_path: Path, syntax: uid.UID) -> None:
    high = GREY.astype(np.uint16) << 8 | 0x55
    path = make.write_native(tmp_path / "1", high, "MONOCHROME2", syntax, BitsStored=8, HighBit=15)
    assert difference(read_clip(path), GREY) == (0, 0)


def test_a_high_bit_that_the_data_contradict(tmp_path: Path) -> None:
    low = GREY.astype(np.uint16)
    path = _write(tmp_path, low, BitsStored=8, HighBit=15)
    assert difference(read_clip(path), GREY) == (0, 0)


@pytest.mark.parametrize("high_bit", [0, 3, 15, 255])
def test_a_high_bit_that_makes_no_sense(tmp_path: Path, high_bit: int) -> None:
    assert difference(read_clip(_write(tmp_path, GREY, HighBit=high_bit)), GREY) == (0, 0)


def test_overlay_bits_above_the_stored_ones_are_not_shown(tmp_path: Path) -> None:
    words = GREY.astype(np.uint16) * 16
    path = _write(tmp_path, words | 0xA000, BitsStored=12, HighBit=11)
    assert difference(read_clip(path), GREY)[0] <= 1


def test_twelve_bits_with_a_sign(tmp_path: Path) -> None:
    signed = (GREY.astype(np.int16) * 16 - 2048) & 0x0FFF
    path = _write(tmp_path, signed.astype(np.uint16), BitsStored=12, HighBit=11, PixelRepresentation=1)
    assert difference(read_clip(path), GREY)[0] <= 1


@pytest.mark.parametrize("label", [b"rgb ", b" RGB", b"Rgb\0"])
def test_labels_in_any_letters(tmp_path: Path, label: bytes) -> None:
    path = _write(tmp_path, RGB, "RGB")
    path.write_bytes(path.read_bytes().replace(b"CS\x04\0RGB ", b"CS\x04\0" + label))
    assert difference(read_clip(path), RGB) == (0, 0)


def test_a_deflated_dataset_with_a_zlib_header(tmp_path: Path) -> None:
    whole = make.write_native(tmp_path / "1", GREY, "MONOCHROME2", uid.DeflatedExplicitVRLittleEndian).read_bytes()
    at = 144 + int.from_bytes(whole[140:144], "little")
    (tmp_path / "1").write_bytes(whole[:at] + zlib.compress(zlib.decompress(whole[at:], wbits=-zlib.MAX_WBITS)))
    assert difference(read_clip(tmp_path / "1"), GREY) == (0, 0)
