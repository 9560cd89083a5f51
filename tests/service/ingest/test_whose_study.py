"""Files of several folders: DICOM goes by its UID, everything else by its folder; names are sealed."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import EmptyStudy, MixedStudies, SeveralStudies
from service.ingest.file_list import list_files
from service.ingest.studies_of_folder import FoundStudy, find_studies
from service.modalities.echo.files import ECHO_FILES, open_study
from service.problem import Problem
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS

RGB = make.moving_frames()


def cine(path: Path, turn: int = 0, **tags: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return make.write_native(path, np.roll(RGB, turn, axis=1), "RGB", **tags)


def video(path: Path, turn: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make.encode_video(np.roll(RGB, turn, axis=1)))
    return path


def zipped(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.make_archive(str(tmp_path / "packed"), "zip", folder))


def files_used(path: Path) -> int:
    with open_study([path], LIMITS) as study:
        return study.files


@pytest.mark.parametrize("as_zip", [False, True])
def test_videos_of_two_folders_are_refused_by_position(tmp_path: Path, as_zip: bool) -> None:
    for number, name in enumerate(("DOE_JANE", "ROE_RICHARD")):
        video(tmp_path / "all" / name / "clip.mp4", number)
    given = zipped(tmp_path / "all", tmp_path) if as_zip else tmp_path / "all"
    with pytest.raises(SeveralStudies) as several:
        open_study([given], LIMITS)
    assert several.value.positions == (1, 2)
    assert [Path(folder).name for folder in several.value.folders] == ["DOE_JANE", "ROE_RICHARD"]
    assert {Path(name).parent.name for name in several.value.names.values()} == {"DOE_JANE", "ROE_RICHARD"}
    said = str(several.value) + repr(several.value) + Problem.of(several.value).body().decode()
    assert "1; 2" in said
    assert not [name for name in ("DOE", "ROE", "clip.mp4", str(tmp_path)) if name in said]


def test_a_stored_file_shows_neither_name_nor_folder(tmp_path: Path) -> None:
    (stored,) = list_files([video(tmp_path / "DOE_JANE" / "clip.mp4").parent], LIMITS)
    assert "DOE_JANE" in stored.name
    assert "DOE_JANE" in stored.folder
    assert "DOE_JANE" not in repr(stored)


@pytest.mark.parametrize("as_zip", [False, True])
def test_dicom_of_one_study_may_lie_in_several_series_folders(tmp_path: Path, as_zip: bool) -> None:
    for number in range(3):
        cine(tmp_path / "study" / f"series{number}" / "1.dcm", number)
    video(tmp_path / "study" / "series1" / "export.mp4", 9)  # of the study whose folder it shares
    assert files_used(zipped(tmp_path / "study", tmp_path) if as_zip else tmp_path / "study") == 4


def test_dicom_without_a_uid_goes_by_its_folder(tmp_path: Path) -> None:
    cine(tmp_path / "a" / "1.dcm", 0, StudyInstanceUID="")
    cine(tmp_path / "a" / "2.dcm", 1, StudyInstanceUID="")
    assert files_used(tmp_path) == 2
    cine(tmp_path / "b" / "1.dcm", 2, StudyInstanceUID="")
    with pytest.raises(SeveralStudies):
        open_study([tmp_path], LIMITS)


def test_a_video_apart_from_dicom_is_not_known_to_be_of_its_study(tmp_path: Path) -> None:
    cine(tmp_path / "dicom" / "1.dcm")
    video(tmp_path / "videos" / "1.mp4", 1)
    with pytest.raises(SeveralStudies):
        open_study([tmp_path], LIMITS)


def test_one_sub_folder_and_the_folder_above_are_one_study(tmp_path: Path) -> None:
    video(tmp_path / "1.mp4")
    video(tmp_path / "more" / "2.mp4", 1)
    assert files_used(tmp_path) == 2
    video(tmp_path / "others" / "3.mp4", 2)
    with pytest.raises(SeveralStudies) as several:
        open_study([tmp_path], LIMITS)
    assert several.value.positions == (2, 3)  # the file above them is of any


def test_only_files_that_are_recognised_count(tmp_path: Path) -> None:
    original = video(tmp_path / "clips" / "1.mp4")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "report.txt").write_text("this is no clip")
    (tmp_path / "copy").mkdir()
    shutil.copy(original, tmp_path / "copy" / "1.mp4")  # the same bytes count once
    assert files_used(tmp_path) == 3


def test_several_folders_are_held_to_the_same_rule(tmp_path: Path) -> None:
    paths = [video(tmp_path / name / "1.mp4", turn).parent for turn, name in enumerate("ab")]
    with pytest.raises(SeveralStudies):
        open_study(paths, LIMITS)


def test_files_that_are_named_one_by_one_are_one_study(tmp_path: Path) -> None:
    paths = [video(tmp_path / name / "1.mp4", turn) for turn, name in enumerate("ab")]
    with open_study(paths, LIMITS) as study:
        assert study.files == 2


def _found(folder: Path) -> dict[str, list[str]]:
    studies: list[FoundStudy] = find_studies(folder, LIMITS, ECHO_FILES)
    return {study.name: [path.relative_to(folder).as_posix() for path in study.paths] for study in studies}


def test_each_sub_folder_is_a_study_and_dicom_goes_by_its_uid(tmp_path: Path) -> None:
    video(tmp_path / "anna" / "1.mp4")
    shutil.copytree(tmp_path / "anna", tmp_path / "berta")  # the same bytes count in both
    cine(tmp_path / "carl" / "1.dcm", 1, StudyInstanceUID="1.2.3.1")
    video(tmp_path / "carl" / "export.mp4", 2)
    cine(tmp_path / "carl2" / "1.dcm", 3, StudyInstanceUID="1.2.3.1")
    for turn in (4, 5):
        cine(tmp_path / "two" / f"{turn}.dcm", turn, StudyInstanceUID=f"1.2.3.{turn}")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._1.mp4").write_bytes(b"\0\5\x16\7")
    (tmp_path / "empty").mkdir()
    (tmp_path / "unusable").mkdir()
    (tmp_path / "unusable" / "text.dcm").write_text("this is no image")
    (tmp_path / "two" / "text.dcm").write_text("of neither")
    assert _found(tmp_path) == {
        "anna": ["anna/1.mp4"],
        "berta": ["berta/1.mp4"],
        "carl, carl2": ["carl/1.dcm", "carl/export.mp4", "carl2/1.dcm"],
        "two (study 1 of 2)": ["two/4.dcm"],
        "two (study 2 of 2)": ["two/5.dcm"],
        "unusable": ["unusable/text.dcm"],
    }


def test_a_folder_without_studies_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(EmptyStudy):
        find_studies(tmp_path, LIMITS, ECHO_FILES)


def test_a_mixture_carries_its_local_names_beside_its_text(tmp_path: Path) -> None:
    paths = [cine(tmp_path / "1.dcm"), cine(tmp_path / "2.dcm", 1, PatientID="another")]
    with pytest.raises(MixedStudies) as mixed:
        open_study(paths, LIMITS)
    assert mixed.value.names == {1: str(paths[0]), 2: str(paths[1])}
    assert "dcm" not in str(mixed.value) + Problem.of(mixed.value).body().decode()
