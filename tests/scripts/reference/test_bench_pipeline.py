"""The benchmark's arithmetic and its exit status; the seconds themselves are no test."""

import json
from pathlib import Path

import pytest

from scripts.reference import bench_pipeline
from scripts.reference.bench_pipeline import files_of, main
from scripts.reference.benchmark.measured import Row, compared


def test_the_ratio_says_how_many_times_faster_ours_is() -> None:
    row = compared("stage", lambda: sum(range(400_000)), lambda: sum(range(4_000)), repeats=5, at_least=5, per=2)
    assert row.ratio is not None
    assert row.ratio > 5
    assert row.ok
    assert row.also({"another bar": False}, {"figure": 1}).json()["figure"] == 1
    assert not row.also({"another bar": False}, {}).ok
    assert not compared("stage", lambda: None, lambda: sum(range(40_000)), repeats=3, at_least=5).ok


def test_both_sides_take_turns_and_the_first_turn_is_not_counted() -> None:
    turns: list[str] = []
    compared("stage", lambda: turns.append("theirs"), lambda: turns.append("ours"), repeats=2, at_least=0)
    assert turns == ["theirs", "ours"] * 3


def test_a_folder_without_a_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no clip")
    with pytest.raises(ValueError, match="none of the files"):
        files_of([tmp_path])


def test_clips_are_found_in_folders_and_by_name(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.dcm", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in files_of([tmp_path, tmp_path / "b.mp4"])] == ["a.dcm", "b.mp4", "b.mp4"]


@pytest.mark.parametrize(("holds", "status"), [(True, 0), (False, 1)])
def test_a_bar_that_does_not_hold_is_seen_in_the_exit_status(
    holds: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Row("views", 2.0, 1.0, {"a bar": holds})
    monkeypatch.setattr(bench_pipeline, "rows", lambda *_: {"views": lambda: row})
    assert main(["--only", "views", "--threads", "0"]) == status
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (reported["ok"], reported["stages"]["views"]["ratio"], reported["not_measured"]) == (holds, 2.0, [])


def test_a_row_that_was_asked_for_and_not_measured_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_pipeline, "rows", lambda *_: {})
    assert main(["--only", "study", "--threads", "0"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["not_measured"] == ["study"]
