"""The one factory of small banks for tests: three sections, a handful of phrases, seeded vectors."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.phrase_table import PhraseRow, PhraseTable
from index.report_columns import Report

SECTIONS = ("Left Ventricle", "Aorta", "Postoperative Findings")
PHRASES = PhraseTable(
    (
        PhraseRow(0, "Left Ventricle", "Size", "The ventricle is large.", "The ventricle is large.", None),
        PhraseRow(1, "Left Ventricle", "EF", "The EF is <ef> %.", "The EF was estimated.", "ef", "lv.ef"),
        PhraseRow(2, "Aorta", "Root", "The root measures <numerical> mm.", "The root was measured.", "numerical"),
        PhraseRow(3, "Aorta", "Where", "Calcium in the <string>.", "Calcium is seen.", "string"),
        PhraseRow(4, "Aorta", "Plaque", "Plaque above 4 mm.", "Plaque above 4 mm.", None),
        PhraseRow(5, "Postoperative Findings", "Graft", "A graft is seen.", "A graft is seen.", None),
    )
)
DESCRIPTION: dict[str, Any] = {
    "name": "small",
    "encoder_sha256": "e" * 64,
    "trained": False,
    "domain": "synthetic",
    "licence_notice": "none",
}


def unit_rows(rows: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def report_of(candidate: int) -> Report:
    """Every candidate has the ventricle, every second the aorta, none the third section; candidate 5 has no report."""
    if candidate == 5:
        return {}
    report: dict[str, list[tuple[int, float | str | None]]] = {"Left Ventricle": [(0, None), (1, 40.0 + candidate)]}
    if candidate % 2 == 0:
        report["Aorta"] = [(3, "arch" if candidate % 4 else "root"), (2, None)]
    return report


def write_bank(
    folder: Path,
    *,
    candidates: int = 40,
    embeddings: NDArray[Any] | None = None,
    dtype: Literal["float16", "float32"] = "float16",
    search: dict[str, Any] | None = None,
) -> CandidateBank:
    """An opened bank. Label `ef` is set for even candidates, `calcium` (0 or 1) for all below 30."""
    vectors = unit_rows(candidates, 16) if embeddings is None else embeddings
    ids = np.arange(len(vectors))
    with BankWriter(folder, PHRASES, SECTIONS, vectors.shape[1], dtype) as writer:
        writer.add_embeddings(vectors[:7])
        writer.add_embeddings(vectors[7:])
        for candidate in ids.tolist():
            writer.add_report(report_of(candidate))
        writer.add_labels("ef", np.where(ids % 2 == 0, 40.5 + ids, np.nan), derived=True)
        writer.add_labels("calcium", np.where(ids < 30, ids % 3 == 0, np.nan))
        writer.finish(BankDescription(**DESCRIPTION, search=search))
    return CandidateBank.open(folder, "e" * 64)
