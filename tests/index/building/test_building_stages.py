"""Stages of an unfinished bank: kept for the same sources, and for nothing else."""

from pathlib import Path

import numpy as np
import pytest

from index.building.bank_writer import BankDescription, BankWriter
from index.building.building_stages import STAGES_FILE, FinishedStages
from index.candidate_bank import CandidateBank
from tests.index.small_bank import DESCRIPTION, PHRASES, SECTIONS, report_of, unit_rows

VECTORS = unit_rows(9, 16)


def writer_of(folder: Path, fingerprint: str | None) -> BankWriter:
    return BankWriter(folder, PHRASES, SECTIONS, 16, fingerprint=fingerprint)


def stop_after_vectors(folder: Path, error: BaseException, fingerprint: str | None = "one") -> None:
    def stopped() -> None:
        with writer_of(folder, fingerprint) as writer:
            writer.add_labels("calcium", np.arange(9) % 2)
            writer.add_embeddings(VECTORS)
            writer.finish_stage("vectors", said="so")
            writer.add_report(report_of(0))
            raise error

    with pytest.raises(type(error)):
        stopped()


def test_what_was_finished_before_a_stop_is_there_afterwards(tmp_path: Path) -> None:
    stop_after_vectors(tmp_path / "bank", KeyboardInterrupt())
    with writer_of(tmp_path / "bank", "one") as writer:
        assert writer.finished("vectors") == {"said": "so"}
        assert writer.finished("reports") is None
        for candidate in range(9):
            writer.add_report(report_of(candidate))
        writer.finish_stage("reports")
        manifest = writer.finish(BankDescription(**DESCRIPTION))
    bank = CandidateBank.open(tmp_path / "bank", None, verify="all")
    assert np.array_equal(bank.embeddings, VECTORS.astype(np.float16))
    assert bank.labels("calcium", [1, 2]).tolist() == [1, 0]
    assert 0.99 < manifest.norms.minimum <= manifest.norms.maximum < 1.01
    assert STAGES_FILE not in manifest.files


@pytest.mark.parametrize(
    ("error", "fingerprint", "kept"),
    [
        (KeyboardInterrupt(), "one", True),
        (OSError("the disk is full"), "one", True),
        (ValueError("it does not fit"), "one", False),
        (KeyboardInterrupt(), None, False),
    ],
)
def test_files_stay_only_where_going_on_can_help(
    tmp_path: Path, error: BaseException, fingerprint: str | None, kept: bool
) -> None:
    stop_after_vectors(tmp_path / "bank", error, fingerprint)
    assert bool(list(tmp_path.iterdir())) is kept


def test_stages_of_other_sources_or_of_a_damaged_file_do_not_count(tmp_path: Path) -> None:
    FinishedStages(tmp_path, "one").note("vectors", {"told": {}})
    assert FinishedStages(tmp_path, "one").noted.keys() == {"vectors"}
    assert FinishedStages(tmp_path, "two").noted == {}
    (tmp_path / STAGES_FILE).write_text("[1")
    assert FinishedStages(tmp_path, "one").noted == {}


def test_a_complete_array_takes_no_more_rows(tmp_path: Path) -> None:
    stop_after_vectors(tmp_path / "bank", KeyboardInterrupt())
    with writer_of(tmp_path / "bank", "one") as writer, pytest.raises(ValueError, match="closed"):
        writer.add_embeddings(VECTORS)
