"""A tokenizer of reports packs them better than bytes do, and than one of general text."""

from pathlib import Path

import numpy as np
import pytest

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.phrase_table import PhraseRow, PhraseTable
from model.report.decoder.tokenizer import train_tokenizer
from service.site.decoder_training import tokenizer_report as module
from service.site.decoder_training.tokenizer_report import Packing, general_texts, table_lines, tokenizer_report

PHRASES = PhraseTable(
    (
        PhraseRow(
            0, "Body", "a", "The left ventricle is of normal size.", "The left ventricle is of normal size.", None
        ),
        PhraseRow(1, "Body", "a", "Ejection fraction is <level> %.", "Ejection fraction is stated.", "level"),
    )
)


@pytest.fixture
def bank(tmp_path: Path) -> CandidateBank:
    with BankWriter(tmp_path / "bank", PHRASES, ("Body",), 3, "float32") as writer:
        writer.add_embeddings(np.eye(3, dtype=np.float32)[np.arange(20) % 3])
        for candidate in range(20):
            writer.add_report({"Body": [(0, None), (1, 50.0 + candidate)]})
        writer.finish(
            BankDescription(name="b", encoder_sha256="0" * 64, trained=True, domain="clinical", licence_notice="MIT")
        )
    return CandidateBank.open(tmp_path / "bank", None)


def test_reports_are_packed_best_by_their_own_tokenizer(bank: CandidateBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "general_texts", lambda: ["Statements are executed one after the other."])
    own = train_tokenizer([row.template for row in PHRASES], 512, ("level",))
    found = tokenizer_report(own, bank)
    size = len(b"The left ventricle is of normal size. Ejection fraction is 50 %.")
    assert found["bytes"].tokens_mean == size + 1
    assert found["own"].compression > found["general"].compression > 0
    assert found["own"].compression > 2 * found["bytes"].compression
    assert len(list(table_lines(found))) == 5


def test_figures_of_known_counts() -> None:
    packing = Packing.of(300, [2, 4], [10, 20])
    assert (packing.compression, packing.tokens_mean, packing.tokens_deviation) == (5.0, 3.0, 1.0)
    assert (packing.tokens_least, packing.tokens_most) == (2, 4)


def test_general_text_is_at_hand() -> None:
    assert sum(map(len, general_texts())) > 1_000_000
