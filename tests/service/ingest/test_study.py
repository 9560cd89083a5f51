"""A study as a whole: order, duplicates, mixtures, one clip at a time, and no identity anywhere."""

import hashlib
import logging
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid

from model.study import Clip, SkippedClip, SkipReason
from service.errors import EmptyStudy, MixedStudies
from service.ingest.frame_source import FramesRead
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS, read_skip

RGB = make.moving_frames()


def _cine(path: Path, turn: int = 0, **tags: Any) -> Path:
    return make.write_native(path, np.roll(RGB, turn, axis=1), "RGB", **tags)


def _read(*paths: Path, limits: IngestLimits = LIMITS) -> list[Clip | SkippedClip]:
    with open_study(paths, limits) as study:
        return list(study.read())


def test_an_empty_folder_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(EmptyStudy):
        open_study([tmp_path], LIMITS)


def test_one_clip_is_a_study(tmp_path: Path) -> None:
    (clip,) = _read(_cine(tmp_path / "1"))
    assert isinstance(clip, Clip)


def test_answers_do_not_depend_on_upload_order(tmp_path: Path) -> None:
    paths = [_cine(tmp_path / str(turn), turn) for turn in range(5)]
    expected = [result.sha256 for result in _read(*paths)]
    shuffled = random.Random(3).sample(paths, len(paths))
    results = _read(*shuffled)
    assert [result.sha256 for result in results] == expected == sorted(expected)
    assert sorted(result.position for result in results) == [1, 2, 3, 4, 5]


def test_a_plan_brings_the_same_frames_as_reading_everything(tmp_path: Path) -> None:
    moving = make.moving_frames(40)
    make.write_encoded(tmp_path / "1", make.jpeg_frames(moving), moving, "YBR_FULL_422", uid.JPEGBaseline8Bit)
    make.write_native(tmp_path / "2", moving, "RGB")
    (tmp_path / "3").write_bytes(make.encode_video(moving))
    paths = [tmp_path / name for name in "123"]
    with open_study(paths, LIMITS) as study:
        planned = list(study.read(lambda total, _rate, _source: (0, 3, 17, total - 1)))
    for whole, few in zip(_read(*paths), planned, strict=True):
        assert isinstance(whole, Clip)
        assert isinstance(few, Clip)
        assert (few.frame_numbers, few.length, few.frames_total) == ((0, 3, 17, 39), whole.length, 40)
        np.testing.assert_array_equal(few.frames_rgb, whole.frames_rgb[[0, 3, 17, 39]])


def test_the_same_bytes_count_once(tmp_path: Path) -> None:
    first = _cine(tmp_path / "1")
    shutil.copy(first, tmp_path / "2")
    shutil.copy(first, tmp_path / "3")
    used, *skipped = _read(first, tmp_path / "2", tmp_path / "3")
    assert isinstance(used, Clip)
    assert used.position == 1
    assert [(skip.position, isinstance(skip, SkippedClip) and skip.reason) for skip in skipped] == [
        (2, SkipReason.DUPLICATE),
        (3, SkipReason.DUPLICATE),
    ]


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "PatientID"])
def test_mixed_studies_are_refused_by_position_and_never_by_value(tmp_path: Path, keyword: str) -> None:
    paths = [_cine(tmp_path / "1"), _cine(tmp_path / "2", 1, **{keyword: "1.2.3.99"}), _cine(tmp_path / "3", 2)]
    with pytest.raises(MixedStudies) as mixed:
        open_study(paths, LIMITS)
    assert "1, 3; 2" in str(mixed.value)
    assert mixed.value.positions == (1, 2, 3)
    assert not [text for text in ("1.2.3.99", make.STUDY_UID, make.IDENTITY["PatientID"]) if text in str(mixed.value)]


def test_mixtures_are_found_also_among_files_that_are_skipped(tmp_path: Path) -> None:
    still = make.write_native(tmp_path / "2", RGB[:1], "RGB", StudyInstanceUID="1.2.3.99")
    with pytest.raises(MixedStudies):
        open_study([_cine(tmp_path / "1"), still], LIMITS)


def test_a_missing_identifier_fits_any_study(tmp_path: Path) -> None:
    assert len(_read(_cine(tmp_path / "1"), _cine(tmp_path / "2", 1, PatientID=""))) == 2


def test_a_mixture_in_a_zip_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    _cine(tmp_path / "files" / "1")
    _cine(tmp_path / "files" / "2", 1, PatientID="another")
    packed = shutil.make_archive(str(tmp_path / "study"), "zip", tmp_path / "files")
    with pytest.raises(MixedStudies):
        open_study([Path(packed)], LIMITS)
    assert not list((tmp_path / "temporary").iterdir())


def test_clips_beside_bad_files_still_count(tmp_path: Path) -> None:
    _cine(tmp_path / "good.dcm")
    (tmp_path / "text.dcm").write_text("this is no image")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "clip.mp4").write_bytes(make.encode_video(RGB))
    results = {result.position: result for result in _read(tmp_path)}
    kinds = [
        result.reason if isinstance(result, SkippedClip) else result.source for _, result in sorted(results.items())
    ]
    assert kinds == [SkipReason.NOT_AN_IMAGE, "video", SkipReason.UNREADABLE, "dicom", SkipReason.UNREADABLE]


def test_a_file_beyond_the_limit_is_skipped_and_the_limit_named(tmp_path: Path) -> None:
    skipped = read_skip(_cine(tmp_path / "1"), IngestLimits(max_file_bytes=1000))
    assert skipped.reason is SkipReason.TOO_LARGE
    assert "1000" in skipped.text


def test_a_file_that_vanishes_is_skipped(tmp_path: Path) -> None:
    with open_study([_cine(tmp_path / "1")], LIMITS) as study:
        (tmp_path / "1").unlink()
        (result,) = study.read()
    assert isinstance(result, SkippedClip)
    assert result.reason is SkipReason.UNREADABLE


def test_clips_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def read_needed(source: object, *_: object) -> FramesRead:
        opened.append(source)
        return FramesRead(RGB, None, len(RGB))

    monkeypatch.setattr("service.ingest.cine.read_needed", read_needed)
    with open_study([_cine(tmp_path / str(turn), turn) for turn in range(3)], LIMITS) as study:
        reading = study.read()
        assert not opened
        next(reading)
        assert len(opened) == 1


def test_source_reference_holds_the_identifiers_and_shows_none(tmp_path: Path) -> None:
    with open_study([_cine(tmp_path / "1"), _cine(tmp_path / "2", 1)], LIMITS) as study:
        source = study.source
    assert source.study_instance_uid == make.STUDY_UID
    assert [instance.position for instance in source.instances] == [1, 2]
    assert source.instances[0].sop_class_uid == make.US_MULTIFRAME
    assert make.STUDY_UID not in f"{source} {source!r} {source.instances!r} {study!r}"


def test_videos_have_no_source(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(make.encode_video(RGB))
    with open_study([tmp_path / "1"], LIMITS) as study:
        assert study.source.study_instance_uid is None


def test_no_identity_in_any_text_log_line_or_output(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every way a file can fail, with identity in its header, its invalid values and its name."""
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "PLANTED-FOLDER"
    folder.mkdir()
    whole = _cine(folder / "PLANTED-whole").read_bytes()
    _cine(folder / "PLANTED-ct", 1, Modality="CT")
    _cine(folder / "PLANTED-part", 2, BodyPartExamined="ABDOMEN")
    _cine(folder / "PLANTED-colour", 3, PhotometricInterpretation="PLANTED")
    _cine(folder / "PLANTED-rate", 4, FrameTime=None, SeriesInstanceUID="PLANTED-UID", Modality="PLANTED-MODALITY")
    _cine(folder / "PLANTED-large", 5, Rows=65535, Columns=65535)
    make.write_encoded(folder / "PLANTED-jpeg", [b"PLANTED!"] * 6, RGB, "RGB", uid.JPEGBaseline8Bit)
    make.write_encoded(folder / "PLANTED-j2k", [b"\xff\x4f\xff\x51PLANTED."] * 6, RGB, "RGB", uid.JPEG2000)
    make.write_encoded(folder / "PLANTED-rle", [b"PLANTED!"] * 6, RGB, "RGB", uid.RLELossless)
    make.write_encoded(folder / "PLANTED-h264", [b"PLANTED!"] * 6, RGB, "YBR_PARTIAL_420", uid.MPEG4HP41)
    (folder / "PLANTED-cut").write_bytes(whole[: len(whole) // 2])
    (folder / "PLANTED-text.dcm").write_text("PLANTED TEXT")
    (folder / "PLANTED-clip.mp4").write_bytes(make.encode_video(RGB)[:900])
    caplog.clear()
    capfd.readouterr()
    results = _read(folder)
    assert sum(isinstance(result, Clip) for result in results) == 1
    capture = capfd.readouterr()
    said = [repr(result) for result in results if isinstance(result, SkippedClip)] + [capture.out, capture.err]
    assert len(said) == 14
    assert not [text for text in (*said, caplog.text) if "PLANTED" in text or make.STUDY_UID in text]


def test_files_that_were_hashed_before_are_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [_cine(tmp_path / "1"), _cine(tmp_path / "2")]
    with open_study(paths, LIMITS) as study:
        plain = [item.sha256 for item in study.read()]
    known = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    monkeypatch.setattr(hashlib, "file_digest", None)
    with open_study(paths, LIMITS, sha256=known) as study:
        assert [item.sha256 for item in study.read()] == plain == sorted(known.values())
