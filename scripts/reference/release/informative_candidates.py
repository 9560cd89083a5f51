"""The candidates of an informative release: their vectors carry what their reports say. Written in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.informative_vectors import DIMENSION, InformativeVectors
from scripts.reference.release.invented_studies import StudyBlock
from scripts.reference.release.pickle_writer import (
    CLOSED_TUPLE,
    WITHOUT_VALUE,
    TableWriter,
    encoded_number,
    encoded_text,
    opened_tuple,
    write_list,
)
from scripts.reference.release.synthetic_candidates import LABELLED_SHARE, UNLABELLED, part_file, write_studies

_VECTORS, _LABELLED = 24, 25  # streams of a seed
_REPORT_EVERY = 20  # blocks


def write_candidates(
    folder: Path, blocks: Iterable[StudyBlock], vectors: InformativeVectors, count: int, say: Callable[[str], None]
) -> None:
    """Writes the four candidate files of a release from blocks of patients that make up `count`."""
    folder.mkdir(parents=True)
    studies = write_studies(folder, count)
    draft = folder / ".vectors.raw"
    rows = np.memmap(draft, np.float32, "w+", shape=(count, DIMENSION))
    filled = _Filled(vectors, rows, np.empty((count, len(ECHO_TAXONOMY.phenotypes)), np.float32))
    with (folder / "candidate_reports.pkl").open("wb") as file:
        write_list(file, filled.by(blocks, say))
    say("candidate vectors")
    first = count // 2 or count
    for number, (start, stop) in enumerate(((0, first), (first, count)), start=1):
        saved = torch.from_numpy(rows[start:stop]) if stop > start else torch.empty(0, DIMENSION)
        torch.save(saved, folder / part_file(number))
    draft.unlink()
    say("candidate labels")
    rng = np.random.default_rng([vectors.seed, _LABELLED])
    _write_labels(folder / "candidate_labels.pkl", studies, filled.labels, rng)


@dataclass(frozen=True, eq=False)
class _Filled:
    """Vectors float32 (M, 512) and labels float32 (M, 25) that are filled while reports are written."""

    vectors: InformativeVectors
    rows: NDArray[np.float32]
    labels: NDArray[np.float32]

    def by(self, blocks: Iterable[StudyBlock], say: Callable[[str], None]) -> Iterator[list[bytes]]:
        """The opcodes of each block's reports."""
        done = 0
        for number, block in enumerate(blocks):
            part = slice(done, done + len(block.reports))
            rng = np.random.default_rng([self.vectors.seed, _VECTORS, number])
            self.rows[part] = self.vectors.text_side(block.features, rng)
            self.labels[part] = block.labels
            done = part.stop
            if number % _REPORT_EVERY == _REPORT_EVERY - 1:
                say(f"candidates: {done} of {len(self.rows)}")
            yield [_report(report) for report in block.reports]


def _write_labels(path: Path, studies: NDArray[np.str_], labels: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Labels of most candidates; none of the phenotypes that releases leave to the importer."""
    with path.open("wb") as file:
        table = TableWriter(file, studies.astype(bytes))
        for column, name in enumerate(ECHO_TAXONOMY.phenotype_names):
            if name not in UNLABELLED:
                rows = np.flatnonzero(rng.random(len(labels)) < LABELLED_SHARE)
                table.write(name, rows, np.round(labels[rows, column].astype(np.float64), 3))
        table.close()


def _report(report: list[tuple[tuple[int, int], float | str | None]]) -> bytes:
    """The opcodes of a report's tuples."""
    return b"".join(
        opened_tuple(*place) + (WITHOUT_VALUE if value is None else (_value(value) + CLOSED_TUPLE))
        for place, value in report
    )


def _value(value: float | str) -> bytes:
    return encoded_text(value) if isinstance(value, str) else encoded_number(value)
