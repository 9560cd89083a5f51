"""Which cines are admitted, and what sector and frame rate their headers state."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from model.study import SkipReason
from service.ingest.dicom.header import Region, plausible_frame_rate_hz, sector_box
from service.ingest.limits import IngestLimits
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS, read_clip, read_skip

GREY = np.ascontiguousarray(make.moving_frames()[..., 0])


def _anatomy(code: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "as coded"
    return Sequence([item])


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Modality": "CT"}, SkipReason.NOT_ULTRASOUND),
        ({"Modality": "IVUS"}, SkipReason.NOT_ULTRASOUND),
        ({"Modality": "", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2"}, SkipReason.NOT_ULTRASOUND),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.2"}, SkipReason.VOLUME),
        ({"BodyPartExamined": "ABDOMEN"}, SkipReason.NOT_HEART),
        ({"AnatomicRegionSequence": _anatomy("64033007")}, SkipReason.NOT_HEART),
        ({"AnatomicRegionSequence": _anatomy("T-71000")}, SkipReason.NOT_HEART),
        ({"BitsAllocated": 32, "BitsStored": 32}, SkipReason.UNREADABLE),
        ({"BitsStored": 9}, SkipReason.UNREADABLE),
        ({"PhotometricInterpretation": "HSV"}, SkipReason.UNREADABLE),
        ({"SamplesPerPixel": 4}, SkipReason.UNREADABLE),
        ({"NumberOfFrames": 2_000_000_000}, SkipReason.TOO_LARGE),
    ],
)
def test_what_is_not_a_cine_of_a_heart_is_skipped_with_its_reason(
    tmp_path: Path, tags: dict[str, Any], reason: SkipReason
) -> None:
    assert read_skip(make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags)).reason is reason


@pytest.mark.parametrize(
    "tags",
    [
        {"BodyPartExamined": "HEART"},
        {"BodyPartExamined": "CHEST"},
        {"BodyPartExamined": "some free text"},
        {"AnatomicRegionSequence": _anatomy("80891009")},
        {"AnatomicRegionSequence": _anatomy("T-32000")},
        {"AnatomicRegionSequence": Sequence([])},
    ],
    ids=str,
)
def test_an_unclear_body_part_passes(tmp_path: Path, tags: dict[str, Any]) -> None:
    read_clip(make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags))


def test_one_frame_is_a_still_and_five_are_a_clip(tmp_path: Path) -> None:
    assert read_skip(make.write_native(tmp_path / "1", GREY[:1], "MONOCHROME2")).reason is SkipReason.STILL_IMAGE
    assert len(read_clip(make.write_native(tmp_path / "5", GREY[:5], "MONOCHROME2")).frames_rgb) == 5


def test_a_header_of_65535_by_65535_is_refused_before_anything_else(tmp_path: Path) -> None:
    path = make.write_native(tmp_path / "1", GREY, "MONOCHROME2", Rows=65535, Columns=65535)
    skipped = read_skip(path)
    assert skipped.reason is SkipReason.TOO_LARGE
    assert str(LIMITS.max_frame_pixels) in skipped.text


def test_limits_bind_at_exactly_their_value(tmp_path: Path) -> None:
    path = make.write_native(tmp_path / "1", GREY, "MONOCHROME2")
    pixels = GREY[0].size
    read_clip(path, IngestLimits(max_frame_pixels=pixels, max_clip_pixels=GREY.size))
    assert read_skip(path, IngestLimits(max_frame_pixels=pixels - 1)).reason is SkipReason.TOO_LARGE
    assert read_skip(path, IngestLimits(max_clip_pixels=GREY.size - 1)).reason is SkipReason.TOO_LARGE


@pytest.mark.parametrize(
    ("tags", "hertz"),
    [
        ({"FrameTime": 20.0}, 50),
        ({"FrameTime": 0.0, "CineRate": 30}, 30),
        ({"FrameTime": 1e9, "RecommendedDisplayFrameRate": 40}, 40),
        ({"FrameTime": None, "FrameTimeVector": [0.0, 20.0, 20.0, 20.0, 20.0, 20.0]}, 50),
        ({"FrameTime": None, "FrameTimeVector": [0.0], "CineRate": 0}, None),
        ({"FrameTime": -40.0}, None),
        ({"FrameTime": None}, None),
    ],
)
def test_frame_rate_is_the_first_plausible_statement(tmp_path: Path, tags: dict[str, Any], hertz: float | None) -> None:
    clip = read_clip(make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags))
    assert clip.frame_rate_hz == (None if hertz is None else pytest.approx(hertz))


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_a_frame_rate_is_plausible_or_none(stated: list[float]) -> None:
    rate = plausible_frame_rate_hz(stated)
    assert rate is None or 1 <= rate <= 500


def _region(corners: tuple[int | None, int | None, int | None, int | None], kind: int = 1, data: int = 1) -> Region:
    return Region(kind, data, corners)


def test_sector_is_the_union_of_tissue_and_flow_regions() -> None:
    tissue, flow = _region((10, 20, 59, 69)), _region((30, 10, 79, 39), data=2)
    trace, doppler = _region((0, 80, 99, 99), data=10), _region((0, 0, 99, 99), kind=3)
    assert sector_box([tissue, flow, trace, doppler], 100, 100) == (10, 10, 80, 70)
    assert sector_box([trace, doppler], 100, 100) is None


@pytest.mark.parametrize("corners", [(0, 0, 100, 100), (-1, -1, 99, 99), (0, 0, 101, 99)])
def test_a_sector_that_slips_over_the_edge_is_clipped(corners: tuple[int, int, int, int]) -> None:
    assert sector_box([_region(corners)], 100, 100) == (0, 0, 100, 100)


@pytest.mark.parametrize(
    "corners", [(50, 50, 40, 60), (10, 10, 12, 90), (84, 31, 595, 414), (None, 0, 50, 50), (0, 0, 2**31, 2**31)]
)
def test_a_sector_that_makes_no_sense_is_ignored(corners: tuple[int, int, int, int]) -> None:
    assert sector_box([_region(corners)], 100, 100) is None


def test_the_header_s_sector_and_word_on_burned_in_text_reach_the_clip(tmp_path: Path) -> None:
    regions = Sequence([make.ultrasound_region((4, 5, 43, 44))])
    tags: dict[str, Any] = {"SequenceOfUltrasoundRegions": regions, "BurnedInAnnotation": "NO"}
    clip = read_clip(make.write_native(tmp_path / "1", GREY, "MONOCHROME2", **tags))
    assert clip.sector_box == (4, 5, 44, 45)
    assert clip.text_declared_absent
    assert not read_clip(make.write_native(tmp_path / "2", GREY, "MONOCHROME2")).text_declared_absent
