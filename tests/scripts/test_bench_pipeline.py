"""The benchmark's arithmetic; the seconds themselves are no test."""

from pathlib import Path

import pytest

from scripts.bench_pipeline import clips_of, compared


def test_the_ratio_says_how_many_times_faster_ours_is() -> None:
    row = compared(lambda: sum(range(400_000)), lambda: sum(range(4_000)), repeats=5)
    assert row["ratio"] > 5
    assert row["published_s"] > row["ours_s"]


def test_a_folder_without_a_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no clip")
    with pytest.raises(ValueError, match="none of the files"):
        clips_of([tmp_path])
