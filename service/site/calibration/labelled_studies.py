"""Labelled studies as the calibration needs them: embeddings, votes, labels."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from index.retrieval import PhenotypeVote
from index.usual_search import usual_neighbours
from model.embeddings import StudyEmbedding
from model.taxonomy import Phenotype, Taxonomy
from service.errors import ServiceError
from service.ingest.limits import IngestLimits
from service.modalities.registry import served
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.site_rows import site_rows
from service.site.observer import QUIET, Observer

Labels = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class LabelledStudy:
    """One study: its clips, what its neighbours vote, and what is known of it."""

    embedding: StudyEmbedding
    votes: Mapping[str, PhenotypeVote]
    labels: Labels


@dataclass(frozen=True)
class LabelTable:
    """Labels by study name, and what was kept out of them: a line of text each.

    lines, patients: of each study in its file; patients only where the file has a column `patient`.
    """

    labels: Mapping[str, Labels]
    refused: tuple[str, ...] = field(default=())
    lines: Mapping[str, int] = field(default_factory=dict)
    patients: Mapping[str, str] = field(default_factory=dict)

    def without(self, overlap: BankOverlap, parts: Mapping[str, str] | None) -> Self:
        """The table without studies of the bank and, where a split is given, without those it does not set free."""
        refused = [*self.refused, *([overlap.note] if overlap.note else [])]
        kept = {}
        for name, labels in self.labels.items():
            reason = overlap.reason(name, self.patients.get(name))
            if reason is None and parts is not None and parts.get(name) != "development":
                reason = "its study is in the test half" if name in parts else "its study is not in the split"
            if reason is None:
                kept[name] = labels
            else:
                refused.append(f"line {self.lines.get(name, 0)}: {reason}")
        return replace(self, labels=kept, refused=tuple(refused))


def read_labels(path: Path, taxonomy: Taxonomy) -> LabelTable:
    """The labels of a CSV (UTF-8, columns `study`, phenotype names and perhaps `patient`; empty is unknown).

    A study that comes twice is kept out altogether, and so are a row that cannot be read and a value that its phenotype
    cannot have. Raises ValueError when the file cannot be read as such a table, or has no column of the taxonomy.
    """
    refused: list[str] = []
    rows = site_rows(path, ("study",), refused)
    known = [phenotype for phenotype in taxonomy.phenotypes if rows and phenotype.name in rows[0][1]]
    if not known:
        faults = "".join(f"; {fault}" for fault in refused)
        raise ValueError(f"{path}: needs a column `study`, a row, and a column named like a phenotype{faults}")
    labels: dict[str, Labels] = {}
    repeated: set[str] = set()
    lines: dict[str, int] = {}
    patients: dict[str, str] = {}
    for line, row in rows:
        name = row["study"].strip()
        if not name or name in labels:
            refused.append(f"line {line}: " + ("its study came before" if name else "names no study"))
            repeated.add(name)
            continue
        lines[name], patients[name] = line, row.get("patient", "").strip()
        labels[name] = {p.name: value for p in known if (value := label_of(row[p.name], p, line, refused)) is not None}
    once = {name: values for name, values in labels.items() if name not in repeated}
    return LabelTable(once, tuple(refused), lines, patients)


def label_of(text: str | None, phenotype: Phenotype, line: int, refused: list[str]) -> float | None:
    """The value of a cell, None where it is empty or refused; what was refused gets a line of text."""
    if not (text or "").strip():
        return None
    try:
        value = float(str(text))
    except ValueError:
        value = math.nan
    allowed = value in (0, 1) if phenotype.kind == "binary" else phenotype.low <= value <= phenotype.high
    if not allowed:
        wanted = "0 or 1" if phenotype.kind == "binary" else f"a number from {phenotype.low:g} to {phenotype.high:g}"
        refused.append(f"line {line}: {phenotype.name} is not {wanted}")
    return value if allowed else None


def studies_in(
    folder: Path, table: LabelTable, pipeline: ReportPipeline, refused: list[str], observer: Observer = QUIET
) -> Iterator[LabelledStudy]:
    """Each labelled study of a folder (one folder or zip per study, named as in the table), embedded and voted on.

    Adds a line to `refused` for what is kept out: studies without labels, labels without a study, unreadable ones.
    """
    entries = {path.name.removesuffix(".zip"): path for path in sorted(folder.iterdir())}
    refused += [f"labels without a study: {len(table.labels.keys() - entries.keys())}"]
    refused += [f"studies without labels: {len(entries.keys() - table.labels.keys())}"]
    names = sorted(entries.keys() & table.labels.keys())
    for number, name in enumerate(names, start=1):
        observer.advance("studies", number - 1, len(names))
        try:
            with served(pipeline.bundle.modality).open_study([entries[name]], IngestLimits()) as files:
                embedding = pipeline.embed(files.read()).embedding
        except ServiceError as error:
            refused.append(f"study {number}: {error}")
            continue
        yield label_study(embedding, table.labels[name], pipeline)


def label_study(embedding: StudyEmbedding, labels: Labels, pipeline: ReportPipeline) -> LabelledStudy:
    """The study with its neighbours' votes, by the very stages that answer a request."""
    candidates = pipeline.retriever.bank.manifest.candidates
    retrieval = pipeline.retrieve(pipeline.pool(embedding), RunOptions(neighbours=usual_neighbours(candidates)))
    return LabelledStudy(embedding, pipeline.vote(retrieval, embedding), labels)
