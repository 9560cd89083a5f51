"""Real files that ship inside pydicom and pydicom-data: what each is, and what must become of it."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from model.study import Clip, SkipReason
from tests import dicom_files as make
from tests.reference import GOLDEN
from tests.service.ingest.reading import LIMITS, difference, open_anything, read_clip, read_skip


def _path(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    assert found is not None, f"{name} ships with pydicom or pydicom-data"
    return Path(str(found))


@pytest.mark.parametrize(
    ("name", "shape", "box"),
    [
        # Its regions still have the coordinates of the picture before it was halved: they must not be used.
        ("examples_ybr_color.dcm", (30, 240, 320, 3), None),
        ("color3d_jpeg_baseline.dcm", (120, 480, 640, 3), (84, 31, 596, 415)),
    ],
)
def test_real_cines_of_a_heart(name: str, shape: tuple[int, ...], box: tuple[int, int, int, int] | None) -> None:
    clip = read_clip(_path(name))
    assert clip.frames_rgb.shape == shape
    assert clip.frame_rate_hz == pytest.approx(30, abs=0.01)
    assert clip.sector_box == box
    assert not clip.text_declared_absent
    first = pixel_array(_path(name), index=0, decoding_plugin="pillow")  # pydicom's own conversion to RGB
    assert np.abs(clip.frames_rgb[0].astype(int) - first).max() <= 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("JPGLosslessP14SV1_1s_1f_8b.dcm", SkipReason.STILL_IMAGE),
        ("color-pl.dcm", SkipReason.STILL_IMAGE),
        ("color-px.dcm", SkipReason.STILL_IMAGE),
        ("OBXXXX1A.dcm", SkipReason.NOT_HEART),  # ImageType says OBSTETRICAL, of the next but one SMALL PARTS
        ("gdcm-US-ALOKA-16.dcm", SkipReason.STILL_IMAGE),
        ("gdcm-US-ALOKA-16_big.dcm", SkipReason.STILL_IMAGE),
        ("US1_J2KR.dcm", SkipReason.NOT_HEART),
        ("examples_palette.dcm", SkipReason.NOT_HEART),
        ("ExplVR_BigEnd.dcm", SkipReason.STILL_IMAGE),
        ("CT_small.dcm", SkipReason.NOT_ULTRASOUND),
        ("MR_small_RLE.dcm", SkipReason.NOT_ULTRASOUND),
        ("emri_small.dcm", SkipReason.NOT_ULTRASOUND),
        ("rtdose.dcm", SkipReason.NOT_ULTRASOUND),
        ("liver.dcm", SkipReason.NOT_ULTRASOUND),
        ("test-SR.dcm", SkipReason.NOT_AN_IMAGE),
        ("reportsi.dcm", SkipReason.NOT_AN_IMAGE),
        ("waveform_ecg.dcm", SkipReason.NOT_AN_IMAGE),
        ("rtplan.dcm", SkipReason.NOT_AN_IMAGE),
    ],
)
def test_everything_else_is_skipped_with_its_reason(name: str, reason: SkipReason) -> None:
    assert read_skip(_path(name)).reason is reason


def test_a_dicomdir_is_no_image_and_its_references_are_not_followed(tmp_path: Path) -> None:
    """CVE-2026-32711: a directory record may name any path."""
    folder = Path(str(get_testdata_file("DICOMDIR", download=False) or _path("DICOMDIR-empty.dcm")))
    (tmp_path / "DICOMDIR").write_bytes(folder.read_bytes())
    assert read_skip(tmp_path / "DICOMDIR").reason is SkipReason.NOT_AN_IMAGE


@pytest.mark.parametrize("name", ["OBXXXX1A_2frame.dcm", "OBXXXX1A_rle_2frame.dcm", "OBXXXX1A_expb_2frame.dcm"])
def test_real_palettes_equal_pydicom_s(name: str) -> None:
    dataset = dcmread(_path("OBXXXX1A_2frame.dcm"))  # the other two hold the same picture
    expected = (apply_color_lut(dataset.pixel_array, dataset) >> 8).astype(np.uint8)
    with open_anything([_path(name)], LIMITS) as study:  # whatever organ they say they show
        (clip,) = study.read()
    assert isinstance(clip, Clip)
    np.testing.assert_array_equal(clip.frames_rgb, expected)


@pytest.mark.shared
def test_the_real_cine_leads_to_the_published_masked_frames() -> None:
    """Inside the sector that the published mask keeps, our first frame equals theirs within their YUV rounding."""
    golden = np.load(GOLDEN / "echoprime_preprocess_dicom.npz")
    frames = read_clip(_path("examples_ybr_color.dcm")).frames_rgb
    for key, index in (("masked_first_frame_bgr", 0), ("masked_last_frame_bgr", -1)):
        theirs = golden[key][..., ::-1].astype(int)
        kept = theirs.any(axis=-1)
        apart = np.abs(frames[index].astype(int) - theirs)[kept]
        assert kept.mean() > 0.2
        assert apart.mean() <= 1


def test_jpeg_extended_of_twelve_bits(tmp_path: Path) -> None:
    """A nuclear medicine frame, the only Extended one at hand, as if it were an ultrasound cine of two frames."""
    dataset = dcmread(_path("JPGExtended.dcm"))
    (encoded,) = generate_frames(dataset.PixelData, number_of_frames=1)
    values = np.repeat(pixel_array(_path("JPGExtended.dcm"), decoding_plugin="pylibjpeg")[None], 2, axis=0)
    path = make.write_encoded(
        tmp_path / "1", [encoded] * 2, values, "MONOCHROME2", uid.JPEGExtended12Bit, BitsStored=12, HighBit=11
    )
    top = (1 << max(8, int(values.max()).bit_length())) - 1
    expected = np.rint(values / top * 255).astype(np.uint8)
    assert difference(read_clip(path), expected)[0] <= 1
