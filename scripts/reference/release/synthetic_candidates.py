"""The candidates of a synthetic release: vectors, studies, reports and labels, each written in bounded memory."""

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.candidate_vectors import CandidateVectors
from scripts.reference.release.pickle_writer import BATCH, TableWriter, write_list
from scripts.reference.release.synthetic_reports import SyntheticReports

_BLOCK = 50 * BATCH
# The four that public releases carry no labels of (design section 6): importers read them off the reports.
UNLABELLED = frozenset(
    {
        "wall_motion_hypokinesis",
        "atrial_septum_hypertrophy",
        "pulmonic_valve_regurgitation",
        "elevated_left_atrial_pressure",
    }
)
LABELLED_SHARE = 0.9  # of the candidates carry each label


def write_candidates(
    folder: Path, reports: SyntheticReports, vectors: CandidateVectors, count: int, say: Callable[[str], None]
) -> None:
    """Writes the four candidate files of a release."""
    folder.mkdir(parents=True)
    say("candidate vectors")
    centres = _write_vectors(folder, vectors, count)
    say("candidate studies")
    studies = write_studies(folder, count)
    say("candidate reports")
    names = [name for name in ECHO_TAXONOMY.phenotype_names if name not in UNLABELLED]
    labels = np.empty((count, len(names)), np.float32)
    rng = np.random.default_rng([vectors.seed, 4])
    with (folder / "candidate_reports.pkl").open("wb") as file:
        write_list(file, _reports(reports, centres, rng, (names, labels), say))
    say("candidate labels")
    with (folder / "candidate_labels.pkl").open("wb") as file:
        table = TableWriter(file, studies.astype(bytes))
        for column, name in enumerate(names):
            rows = np.flatnonzero(rng.random(count) < LABELLED_SHARE)
            table.write(name, rows, np.round(labels[rows, column].astype(np.float64), 3))
        table.close()


def write_studies(folder: Path, count: int) -> NDArray[np.str_]:
    """Writes `candidate_studies.csv` and returns the names in it."""
    studies = np.char.add("SYN", np.char.zfill(np.arange(count).astype(str), 8))
    with (folder / "candidate_studies.csv").open("w", encoding="ascii") as file:
        file.write("Study\n" + "".join(f"{study}\n" for study in studies))
    return studies


def write_section_to_phenotypes(path: Path) -> None:
    """Writes `section_to_phenotypes.pkl`: section → the phenotypes that releases label."""
    sections: dict[str, list[str]] = {}
    for phenotype in ECHO_TAXONOMY.phenotypes:
        if phenotype.name not in UNLABELLED:
            sections.setdefault(phenotype.section, []).append(phenotype.name)
    path.write_bytes(pickle.dumps(sections))


def _write_vectors(folder: Path, vectors: CandidateVectors, count: int) -> NDArray[np.int64]:
    """Writes the vectors as two halves. Returns the centre of each candidate."""
    rng = np.random.default_rng([vectors.seed, 3])
    centres = np.empty(count, np.int64)
    first = count // 2 or count
    for part, (start, stop) in enumerate(((0, first), (first, count)), start=1):
        draft = folder / f".p{part}.raw"
        rows = np.memmap(draft, np.float32, "w+", shape=(max(stop - start, 1), vectors.dimension))
        for at in range(start, stop, _BLOCK):
            end = min(at + _BLOCK, stop)
            rows[at - start : end - start], centres[at:end] = vectors.draw(rng, end - at)
        saved = torch.from_numpy(rows[: stop - start])
        torch.save(saved if stop > start else torch.empty(0, vectors.dimension), folder / part_file(part))
        del rows, saved
        draft.unlink()
    return centres


def part_file(number: int) -> str:
    """The name of a part of the vectors."""
    return f"candidate_embeddings_p{number}.pt"


def _reports(
    reports: SyntheticReports,
    centres: NDArray[np.int64],
    rng: np.random.Generator,
    table: tuple[list[str], NDArray[np.float32]],
    say: Callable[[str], None],
) -> Iterator[list[bytes]]:
    """Batches of encoded reports; fills the table of labels on the way."""
    names, labels = table
    for start in range(0, len(centres), BATCH):
        batch = []
        for row, (opcodes, found) in enumerate(reports.block(centres[start : start + BATCH], rng), start=start):
            batch.append(opcodes)
            labels[row] = [found[name] for name in names]
        yield batch
        if start % (100 * BATCH) == 0 and start:
            say(f"candidate reports: {start} of {len(centres)}")
