"""Start and import as the benchmark measures them; the processes themselves run in the full-size benchmark."""

import os
from pathlib import Path

import pytest

from scripts.benchmark import bank_start
from scripts.benchmark.bank_start import peak_bytes, published_start
from scripts.echoprime.layout import SYNTHETIC_MARK
from tests.scripts.echoprime.small_release import write_release


def test_the_peak_of_a_running_process_is_read() -> None:
    assert 10_000_000 < peak_bytes(os.getpid()) < 100 * (1 << 30)


def test_the_published_start_holds_every_report_as_text(tmp_path: Path) -> None:
    release = write_release(tmp_path / "R")
    with pytest.raises(ValueError, match="not executed"):
        published_start(release)
    (release / SYNTHETIC_MARK).write_text("{}")
    told = published_start(release)
    assert told["seconds"] > 0
    assert told["peak_bytes"] > 10_000_000


def test_the_published_start_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    release = write_release(tmp_path / "R")
    (release / SYNTHETIC_MARK).write_text("{}")
    assert bank_start._in_process_of_its_own("published_start", release)["seconds"] > 0
