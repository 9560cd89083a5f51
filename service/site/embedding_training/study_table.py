"""Manifest, embeddings and reports → studies that agree with each other; what does not is kept out, counted and named.

manifest     CSV, or a JSON list of objects: `study`, `patient`, `split` (train, validation or test); its n-th row names
             the n-th row of the embeddings, unless a file of ids names those
embeddings   float .npy: (N, D) one vector per study, or (N, S, D) one per study and section of the taxonomy, zeros
             where a section was not seen
reports      CSV: `study`, one column per section; a column named like a phenotype holds its labels
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.taxonomy import Taxonomy
from service.site.calibration.labelled_studies import label_of
from service.site.embedding_training.errors import EmbeddingsError, MaterialError
from service.site.embedding_training.taxonomy_file import TaxonomyFile
from service.site.reports.sentences import split_sentences
from service.site.reports.table import Columns, TableRow, read_table

SPLITS = ("train", "validation", "test")
_LEAST_NORM = 1e-6  # below, a vector has no direction
_MANIFEST_COLUMNS = ("study", "patient", "split")
Note = tuple[str, int, str]  # file, line, reason


@dataclass(frozen=True)
class EmbeddedReport:
    """One study. sections: section → its sentences. labels: the known ones of the table's columns."""

    study: str
    patient: str
    split: str
    sections: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class StudyTable:
    """Studies that can be used. vectors: float32 (N, S, D) of unit norm, zeros where a section was not seen.

    per_section: False where all sections of a study have the same vector. kept_out: by reason, the largest first.
    """

    studies: tuple[EmbeddedReport, ...]
    vectors: NDArray[np.float32]
    per_section: bool
    notes: tuple[Note, ...]

    @property
    def kept_out(self) -> dict[str, int]:
        """How often each reason kept something out."""
        return dict(Counter(f"{file}: {reason}" for file, _, reason in self.notes).most_common())

    def of(self, split: str) -> NDArray[np.int64]:
        """int64 (n,) numbers of the studies of a split."""
        return np.array([n for n, study in enumerate(self.studies) if study.split == split], np.int64)


def read_study_table(
    manifest: Path, embeddings: Path, reports: Path, file: TaxonomyFile, ids: Path | None = None
) -> StudyTable:
    """The studies of three files. ids: names of the embeddings' rows, one a line; without it the manifest names them.

    Raises MaterialError, or TableError and MappingError of a CSV, for a whole file.
    """
    taxonomy = file.taxonomy()
    notes: list[Note] = []
    listed = list(_manifest_rows(manifest))
    names = None if ids is None else _names(ids)
    stored = _open(embeddings, manifest if ids is None else ids, len(listed if names is None else names), file)
    named = _usable(listed, notes)
    if names is not None:
        named = _by_name(named, names, {row.values.get("study", "").strip() for row in listed}, notes)
    texts = {row.values["study"].strip(): row for row in _reports(reports, taxonomy, notes)}
    found: list[tuple[int, EmbeddedReport]] = []
    for number, row in named:
        study = row.values["study"].strip()
        report = texts.pop(study, None)
        fault = "embedding_without_report" if report is None else _vector_fault(stored[number])
        if report is None or fault:
            notes.append(("manifest" if report is None else "embeddings", row.line, str(fault)))
            continue
        found.append((number, _embedded_report(row, report, taxonomy, notes)))
    known = {row.values.get("study", "").strip() for row in listed}
    notes += [
        ("reports", row.line, "report_of_a_study_kept_out" if study in known else "report_without_embedding")
        for study, row in texts.items()
    ]
    vectors = _unit(np.asarray(stored[[number for number, _ in found]], np.float32), len(taxonomy.sections))
    return StudyTable(tuple(study for _, study in found), vectors, stored.ndim == 3, tuple(notes))


def _manifest_rows(path: Path) -> Iterator[TableRow]:
    if path.suffix != ".json":
        yield from read_table(path, Columns(_MANIFEST_COLUMNS))
        return
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for number, row in enumerate(rows, start=1):
            yield TableRow(number, {name: "" if row[name] is None else str(row[name]) for name in _MANIFEST_COLUMNS})
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise MaterialError(f"{path}: is no JSON list of objects with study, patient and split ({error!r})") from error


def _names(path: Path) -> dict[str, int]:
    """Study → row of the embeddings. Raises EmbeddingsError for an id that comes twice."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise EmbeddingsError(f"{path}: cannot be read as a list of study ids ({error})") from error
    names = {name: row for row, name in enumerate(lines)}
    if len(names) != len(lines):
        raise EmbeddingsError(f"{path}: names {len(lines) - len(names)} studies twice, so rows cannot be told apart")
    return names


def _by_name(
    named: Iterable[tuple[int, TableRow]], names: Mapping[str, int], listed: set[str], notes: list[Note]
) -> list[tuple[int, TableRow]]:
    """The manifest's rows with the row of the embeddings that has their name."""
    notes += [("embeddings", row + 1, "embedding_not_in_manifest") for name, row in names.items() if name not in listed]
    found = []
    for _, row in named:
        number = names.get(row.values["study"].strip())
        if number is None:
            notes.append(("manifest", row.line, "no_embedding"))
        else:
            found.append((number, row))
    return found


def _open(path: Path, naming: Path, rows: int, file: TaxonomyFile) -> NDArray[Any]:
    """The vectors, memory-mapped. Raises EmbeddingsError when their form is not that of manifest and taxonomy."""
    try:
        stored: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise EmbeddingsError(f"{path}: cannot be read as .npy ({error})") from error
    if stored.dtype.kind != "f" or stored.ndim not in (2, 3):
        raise EmbeddingsError(f"{path}: holds {stored.dtype} {stored.shape}, wanted floats (N, D) or (N, sections, D)")
    if len(stored) != rows:
        raise EmbeddingsError(f"{path}: has {len(stored)} rows, {naming} names {rows} studies")
    if stored.ndim == 3 and stored.shape[1] != len(file.sections):
        raise EmbeddingsError(
            f"{path}: has {stored.shape[1]} vectors a study, the taxonomy {len(file.sections)} sections"
        )
    if file.embedding_dim not in (None, stored.shape[-1]):
        raise EmbeddingsError(f"{path}: dimension {stored.shape[-1]}, the taxonomy says {file.embedding_dim}")
    return stored


def _usable(rows: Iterable[TableRow], notes: list[Note]) -> list[tuple[int, TableRow]]:
    """(row of the embeddings, row of the manifest) of studies that are named once, by patients of one split."""
    splits: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    read: list[tuple[int, TableRow]] = []
    for number, row in enumerate(rows):
        fault = row.fault or _manifest_fault(row)
        if fault:
            notes.append(("manifest", row.line, fault))
            continue
        study, patient, split = (row.values[name].strip() for name in _MANIFEST_COLUMNS)
        counts[study] += 1
        splits.setdefault(patient, set()).add(split)
        read.append((number, row))
    kept = []
    for number, row in read:
        if counts[row.values["study"].strip()] > 1:
            notes.append(("manifest", row.line, "duplicate_study"))
        elif len(splits[row.values["patient"].strip()]) > 1:
            notes.append(("manifest", row.line, "patient_in_two_splits"))
        else:
            kept.append((number, row))
    return kept


def _manifest_fault(row: TableRow) -> str | None:
    study, patient, split = (row.values[name].strip() for name in _MANIFEST_COLUMNS)
    if not study or not patient:
        return "no_patient_id" if study else "no_study_id"
    return None if split in SPLITS else "unknown_split"


def _reports(path: Path, taxonomy: Taxonomy, notes: list[Note]) -> Iterator[TableRow]:
    """Rows with a text. A study with two rows: the first stays if they are equal, none if they are not."""
    rows: dict[str, list[TableRow]] = {}
    for row in read_table(path, Columns(("study", *taxonomy.sections))):
        text = not row.fault and any(row.values[name].strip() for name in taxonomy.sections)
        fault = row.fault or ("no_study_id" if not row.values["study"].strip() else None if text else "no_section")
        if fault:
            notes.append(("reports", row.line, fault))
        else:
            rows.setdefault(row.values["study"].strip(), []).append(row)
    for found in rows.values():
        same = all(row.values == found[0].values for row in found)
        reason = "duplicate_study" if same else "duplicate_study_with_other_content"
        notes += [("reports", row.line, reason) for row in (found[1:] if same else found) if len(found) > 1]
        if same:
            yield found[0]


def _vector_fault(vector: NDArray[Any]) -> str | None:
    if not np.isfinite(vector).all():
        return "embedding_not_finite"
    return "embedding_is_zero" if np.linalg.norm(np.asarray(vector, np.float32)) < _LEAST_NORM else None


def _embedded_report(row: TableRow, report: TableRow, taxonomy: Taxonomy, notes: list[Note]) -> EmbeddedReport:
    sections = {name: tuple(split_sentences(report.values[name])) for name in taxonomy.sections}
    labels = {}
    for phenotype in taxonomy.phenotypes:
        refused: list[str] = []
        value = label_of(report.values.get(phenotype.name), phenotype, report.line, refused)
        notes += [("reports", report.line, f"label_not_possible {phenotype.name}") for _ in refused]
        if value is not None:
            labels[phenotype.name] = value
    study, patient, split = (row.values[name].strip() for name in _MANIFEST_COLUMNS)
    return EmbeddedReport(study, patient, split, {name: said for name, said in sections.items() if said}, labels)


def _unit(vectors: NDArray[np.float32], sections: int) -> NDArray[np.float32]:
    """(N, S, D) of unit norm; vectors without a direction become zeros."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = np.where(norms < _LEAST_NORM, 0, vectors / np.maximum(norms, _LEAST_NORM)).astype(np.float32)
    if unit.ndim == 3:
        return unit
    return np.broadcast_to(unit[:, None], (len(unit), sections, unit.shape[1]))
