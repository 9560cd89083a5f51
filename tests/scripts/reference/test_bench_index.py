"""The command: which rows it can measure, and its exit status."""

import json
from pathlib import Path

import pytest

from scripts.reference import bench_index
from scripts.reference.bench_index import main
from scripts.reference.benchmark.measured import Row
from tests.index.small_bank import write_bank


@pytest.mark.parametrize(("holds", "status"), [(True, 0), (False, 1)])
def test_a_bar_is_seen_in_the_exit_status(
    holds: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Row("search", 2.0, 1.0, {"a bar": holds})
    monkeypatch.setattr(bench_index, "rows", lambda _: {"search": lambda: row})
    assert main(["--bank", "B", "--threads", "0"]) == status
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (reported["ok"], reported["rows"]["search"]["ratio"]) == (holds, 2.0)
    assert reported["not_measured"] == ["import", "index", "start", "growth"]
    assert main(["--bank", "B", "--threads", "0", "--only", "start"]) == 1


def test_rows_that_lack_what_they_need_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--bank or --into" in capsys.readouterr().err
    bank = write_bank(tmp_path / "bank").folder
    with pytest.raises(ValueError, match=r"has no index; build one: echoscribe bank index"):
        main(["--bank", str(bank), "--threads", "0", "--only", "growth", "--growth", "1000"])
