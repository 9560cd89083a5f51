"""The check on golden folders made here, from clips written here; the published numbers themselves are `shared`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.reference.check_parity import check_folder, main, summary
from scripts.reference.parity.comparison import Comparison, Missing
from scripts.reference.published_pipeline import preprocessed
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from tests.model.echo.sector_clips import SCENES, render, scaled
from tests.reference import GOLDEN, MY_HEART

MP4, DICOM, ENCODERS = (f"echoprime_{name}.npz" for name in ("preprocess_mp4", "preprocess_dicom", "encoders"))


def write_video(path: Path, frames: NDArray[np.uint8]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        for frame in [*(av.VideoFrame.from_ndarray(each, format="rgb24") for each in frames), None]:
            container.mux(stream.encode(frame))


def as_golden(model_input: Any) -> NDArray[np.uint8]:
    mean, std = np.array([29.110628, 28.076836, 29.096405]), np.array([47.989223, 46.456997, 47.20083])
    return np.asarray((model_input.permute(1, 2, 3, 0).numpy() * std + mean).round(), dtype=np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(golden, clips): two videos of this test's own and their inputs by the slow twin."""
    golden, clips = tmp_path_factory.mktemp("golden"), tmp_path_factory.mktemp("clips")
    (clips / "deeper").mkdir()
    for name, path in (("phased", clips / "one.mp4"), ("tilted", clips / "deeper" / "two.mp4")):
        write_video(path, render(scaled(SCENES[name], 0.5)).frames_rgb)
    with open_study([clips], IngestLimits()) as study:
        read = {path.stem: position for position, path in enumerate(study.paths, start=1)}
        items = {item.position: item for item in study.read()}
    # Types: a clip here.
    arrays = {stem: as_golden(preprocessed(items[at].frames_rgb, "video")) for stem, at in read.items()}  # type: ignore[union-attr]  # all are clips
    np.savez(golden / MP4, **arrays)  # type: ignore[arg-type]  # savez takes a flag beside the arrays
    (golden / "README.md").write_text("prose is no array")
    return golden, clips


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    status = main([str(argument) for argument in arguments])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_clips_of_any_folder_are_checked(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    status, result = result_of(capsys, folders[0], "--clips", folders[1])
    assert status == 0
    assert result["ok"] is True
    assert sorted(result["checked"]) == [f"{MP4}:one", f"{MP4}:two"]
    assert result["missing"] == result["failed"] == []
    assert result["worst"]["mean_grey_difference"]["value"] <= 0.05


def test_a_clip_that_is_nowhere_is_missing(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    status, result = result_of(capsys, folders[0], "--clips", folders[1] / "deeper")
    assert status == 1
    assert result["ok"] is False
    assert result["missing"] == [f"{MP4}:one"]


def test_an_empty_folder_is_not_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert result_of(capsys, tmp_path) == (1, {"ok": False, "checked": [], "failed": [], "missing": [], "worst": {}})


def test_unknown_files_and_arrays_are_missing_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3), b=np.zeros(2))
    np.savez(tmp_path / ENCODERS, seed=np.array(1), invented=np.zeros(3))
    np.savez(tmp_path / DICOM, masked_first_frame_bgr=np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "broken.npz").write_bytes(b"PK no archive")
    (tmp_path / "values.csv").write_text("1,2")
    (tmp_path / MP4).write_bytes(b"")
    entries = check_folder(tmp_path, ())
    assert all(isinstance(entry, Missing) for entry in entries)
    names = {entry.array for entry in entries}
    assert {"other.npz:a", "other.npz:b", f"{ENCODERS}:seed", f"{ENCODERS}:invented", "values.csv"} <= names
    assert {f"{DICOM}:masked_first_frame_bgr", "broken.npz", MP4} <= names


def test_a_pickled_array_is_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / MP4, one=np.array([{"not": "numbers"}], dtype=object))
    (entry,) = check_folder(tmp_path, ())
    assert isinstance(entry, Missing)


def test_nan_counts_as_the_worst_value_and_is_valid_json() -> None:
    entries = [Comparison("a", True, {"error": 1.0}, ""), Comparison("b", False, {"error": float("nan")}, "")]
    assert summary(entries)["worst"] == {"error": {"array": "b", "value": None}}
    assert summary(entries)["failed"] == ["b"]


CHANGES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "one frame black": lambda pictures: np.concatenate([pictures[:7], 0 * pictures[7:8], pictures[8:]]),
    "channels swapped": lambda pictures: pictures[..., ::-1].copy() // 2,
    "moved by two pixels": lambda pictures: np.roll(pictures, 2, axis=2),
    "another size": lambda pictures: pictures[:, ::2],
    "another type": lambda pictures: pictures.astype(np.float64),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_array_fails_and_is_named(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    with np.load(folders[0] / MP4) as stored:
        arrays = dict(stored)
    np.savez(tmp_path / MP4, **{**arrays, "two": CHANGES[change](arrays["two"])})
    status, result = result_of(capsys, tmp_path, "--clips", folders[1])
    assert status == 1
    assert result["failed"] == [f"{MP4}:two"]


@pytest.mark.shared
def test_the_published_numbers_are_reproduced() -> None:
    entries = check_folder(GOLDEN, (MY_HEART,))
    assert summary(entries)["missing"] == summary(entries)["failed"] == []
    assert len(entries) == 26


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "key"),
    [
        (MP4, "SDX000008"),
        (DICOM, "examples_ybr_color"),
        (DICOM, "masked_first_frame_bgr"),
        (DICOM, "masked_last_frame_bgr"),
    ],
)
def test_each_published_picture_fails_when_changed(tmp_path: Path, file: str, key: str) -> None:
    with np.load(GOLDEN / file) as stored:
        arrays = {name: stored[name] for name in stored.files if file == DICOM or name == key}
    arrays[key] = np.roll(arrays[key], 3, axis=-2)
    np.savez(tmp_path / file, **arrays)
    failed = summary(check_folder(tmp_path, (MY_HEART,)))["failed"]
    assert failed == [f"{file}:{key}"]
