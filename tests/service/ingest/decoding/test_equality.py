"""Decoders read exactly what this process reads, file by file, bit by bit."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from model.echo.preprocessing.preprocess import frames_needed
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from model.study import Clip, SkippedClip, Source
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from tests import dicom_files as make
from tests.reference import MY_HEART, REFERENCE

FAULTS = sorted((REFERENCE / "faults").glob("*.*"))
ATTACKS = sorted((REFERENCE / "attacks").glob("*_*"))
OWN = ("examples_ybr_color.dcm", "examples_palette.dcm", "color3d_jpeg_baseline.dcm", "CT_small.dcm")
HERE, IN_DECODERS = IngestLimits(decoders=None), IngestLimits()


def plan(total: int, frame_rate_hz: float | None, source: Source) -> Sequence[int]:
    return frames_needed(total, frame_rate_hz, source, ECHOPRIME)


def outcomes(path: Path, limits: IngestLimits, chosen: object) -> list[Clip | SkippedClip]:
    with open_study([path], limits) as study:
        return list(study.read(chosen))


def assert_equal(path: Path) -> None:
    for chosen in (None, plan):
        here, there = outcomes(path, HERE, chosen), outcomes(path, IN_DECODERS, chosen)
        assert [type(each) for each in here] == [type(each) for each in there]
        for one, other in zip(here, there, strict=True):
            if isinstance(one, SkippedClip):
                assert one == other
                continue
            for each in fields(Clip):
                np.testing.assert_array_equal(getattr(one, each.name), getattr(other, each.name), each.name)


@pytest.mark.shared
@pytest.mark.parametrize("path", [*FAULTS, *ATTACKS], ids=lambda path: path.name)
def test_faults_and_attacks_are_read_as_here(path: Path) -> None:
    assert_equal(path)


@pytest.mark.shared
def test_real_clips_are_read_as_here() -> None:
    for path in sorted(MY_HEART.glob("*.mp4"))[:3]:
        assert_equal(path)


@pytest.mark.parametrize("name", OWN)
def test_files_of_pydicom_are_read_as_here(name: str) -> None:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"{name} is not in this installation of pydicom")
    assert_equal(Path(str(path)))


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("avi", "mpeg4"), ("mpegts", "mpeg2video")])
def test_videos_are_read_as_here(tmp_path: Path, container: str, codec: str) -> None:
    (tmp_path / "1").write_bytes(make.encode_video(make.moving_frames(40), codec, container))
    assert_equal(tmp_path / "1")
