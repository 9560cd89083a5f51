"""Start and import as the benchmark measures them; the processes themselves run in the full-size benchmark."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.reference.benchmark import bank_start
from scripts.reference.benchmark.bank_start import available_bytes, peak_bytes, published_start, start
from service.site.echoprime.layout import SYNTHETIC_MARK
from tests.service.site.echoprime.small_release import write_release


def test_the_peak_of_a_running_process_is_read() -> None:
    assert 10_000_000 < peak_bytes(os.getpid()) < 100 * (1 << 30)


def test_the_published_start_holds_every_report_as_text(tmp_path: Path) -> None:
    release = write_release(tmp_path / "R")
    with pytest.raises(ValueError, match="not executed"):
        published_start(release)
    (release / SYNTHETIC_MARK).write_text("{}")
    reported = published_start(release)
    assert reported["seconds"] > 0
    assert reported["peak_bytes"] > 10_000_000


def test_the_published_start_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    release = write_release(tmp_path / "R")
    (release / SYNTHETIC_MARK).write_text("{}")
    assert bank_start._in_process_of_its_own("published_start", release)["seconds"] > 0


@pytest.mark.parametrize(("free", "measured"), [(1 << 40, True), (1 << 30, False)])
def test_the_published_start_is_left_out_where_memory_is_short(
    tmp_path: Path, free: int, measured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def service(*_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(process=SimpleNamespace(pid=os.getpid()))

    monkeypatch.setattr(bank_start, "local_service", service)
    monkeypatch.setattr(bank_start, "available_bytes", lambda: free)
    monkeypatch.setattr(bank_start, "peak_bytes", lambda _: 2_200_000_000)
    reported = {"seconds": 78.0, "peak_bytes": 15}
    monkeypatch.setattr(bank_start, "_in_process_of_its_own", lambda *_: reported)
    row = start(tmp_path, tmp_path, tmp_path)
    assert row.published_s == (78.0 if measured else None)
    assert ("published_start" in row.figures) is not measured
    assert row.bars["at most 3 GB"]
    monkeypatch.setattr(bank_start, "peak_bytes", lambda _: 3_300_000_000)
    assert not start(tmp_path, tmp_path, tmp_path).bars["at most 3 GB"]
    assert available_bytes() > 0
