"""A candidate bank of invented patients, written from their reports, labels and vectors."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from index.manifest import BankManifest
from index.phrase_table import PhraseTable
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.report import PhrasedSentence
from scripts.rendered.training.phantom_reports import SyntheticReports

NOTICE = "MIT. Made from invented patients only; for demonstration."


def write_phantom_bank(
    folder: Path,
    description: BankDescription,
    reports: SyntheticReports,
    phrases: PhraseTable,
    vectors: NDArray[np.float32],
) -> BankManifest:
    """Writes the bank and returns its manifest. vectors: float32 (N, D), one row per report."""
    numbers = {row.key: row.phrase_id for row in phrases}
    names = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
    with BankWriter(folder, phrases, names, vectors.shape[1]) as writer:
        writer.add_embeddings(vectors)
        for sections in reports.sections:
            writer.add_report({name: _rows(sentences, numbers) for name, sentences in sections.items()})
        for phenotype, labels in reports.phenotypes.items():
            writer.add_labels(phenotype, labels)
        return writer.finish(description)


def _rows(sentences: tuple[PhrasedSentence, ...], numbers: dict[str | None, int]) -> list[tuple[int, float | None]]:
    return [(numbers[sentence.phrase.phrase_id], sentence.value) for sentence in sentences]
