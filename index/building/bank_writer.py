"""Writes a candidate bank block by block, in memory that does not grow with the bank."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.building.building_stages import FinishedStages, Noted
from index.building.growing_array import GrowingArray
from index.candidate_keys import key_bytes
from index.manifest import BankManifest, LabelColumn, NormStatistics, write_manifest
from index.phrase_table import PhraseTable
from index.report_columns import Report, ReportColumns, ReportColumnsWriter, columns_of
from index.search import choose_search

Stage = Literal["labels", "vectors", "reports"]


@dataclass(frozen=True, kw_only=True)
class BankDescription:
    """What `bank.json` says beside what can be counted.

    search None: chosen by the bank's size. lineage: `identity` of the version that this one follows.
    """

    name: str
    encoder_sha256: str
    trained: bool
    domain: Literal["synthetic", "clinical"]
    licence_notice: str
    text_may_be_shown: bool = True
    search: dict[str, Any] | None = None
    lineage: str | None = None


@dataclass
class _Norms:
    """Running statistics of the norms of the vectors as stored."""

    minimum: float = np.inf
    maximum: float = 0.0
    total: float = 0.0

    def add(self, stored: NDArray[Any]) -> None:
        norms = np.linalg.norm(stored.astype(np.float32), axis=1)
        self.minimum = min(self.minimum, float(norms.min(initial=np.inf)))
        self.maximum = max(self.maximum, float(norms.max(initial=0.0)))
        self.total += float(norms.sum(dtype=np.float64))


@dataclass(eq=False)
class BankWriter:
    """Fills a temporary folder beside `folder` and renames it when the bank is complete.

    Candidates are numbered in the order in which their embeddings and reports are added. Either may be added first;
    `finish` compares their counts. Use it in a `with` statement: leaving it unfinished removes its files.

    fingerprint: of everything that the bank is built from. With one, files stay when the process is stopped or a disk
    fails, and a writer of the same fingerprint finds its complete stages (`finished`) and goes on with the others.
    Raises FileExistsError when `folder` exists.
    """

    folder: Path
    phrases: PhraseTable
    sections: Sequence[str]
    dimension: int
    embedding_dtype: Literal["float16", "float32"] = "float16"
    fingerprint: str | None = None
    _columns: dict[str, LabelColumn] = field(default_factory=dict, init=False)
    _norms: _Norms = field(default_factory=_Norms, init=False)
    _keys: dict[str, GrowingArray] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.folder.exists():
            raise FileExistsError(f"{self.folder}: exists already; remove it or write elsewhere")
        self._building = self.folder.with_name(f".{self.folder.name}.unfinished")
        self._stages = FinishedStages(self._building, self.fingerprint)
        done = self._stages.noted
        if not done:
            shutil.rmtree(self._building, ignore_errors=True)
            self._building.mkdir(parents=True)
        for noted in done.values():
            self._norms = _Norms(**noted["norms"])
            self._columns = {name: LabelColumn(**column) for name, column in noted["columns"].items()}
        vectors = self._building / layout.EMBEDDINGS
        self._embeddings = GrowingArray(vectors, self.embedding_dtype, (self.dimension,), complete="vectors" in done)
        self._reports = ReportColumnsWriter(self._building, self.phrases, self.sections, complete="reports" in done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._embeddings.close()
        self._reports.abandon()
        for keys in self._keys.values():
            keys.close()
        stopped = isinstance(error, OSError) or (error is not None and not isinstance(error, Exception))
        if self.fingerprint is None or not stopped:
            shutil.rmtree(self._building, ignore_errors=True)

    def finished(self, stage: Stage) -> Noted | None:
        """What was noted when the stage was finished, by this writer or by one before it; None where it was not."""
        noted = self._stages.noted.get(stage)
        return None if noted is None else dict(noted["told"])

    def finish_stage(self, stage: Stage, **reported: Any) -> None:
        """Keeps that all labels, vectors or reports so far are added, and what else is told of it."""
        if stage == "vectors":
            self._embeddings.close()
        if stage == "reports":
            self._reports.close()
        columns = {name: column.model_dump() for name, column in self._columns.items()}
        self._stages.note(stage, {"norms": asdict(self._norms), "columns": columns, "told": reported})

    def add_embeddings(self, block: NDArray[Any]) -> None:
        """Adds the vectors of the next candidates. block: floating (B, D). Raises ValueError when one is not finite."""
        with np.errstate(over="ignore"):  # an overflow to float16 is reported below as what it is
            stored = block.astype(self.embedding_dtype)
        finite = np.isfinite(stored).all(axis=1)
        if not finite.all():
            row = self._embeddings.rows + int(np.argmin(finite))
            raise ValueError(f"embedding of candidate {row} is not finite as {self.embedding_dtype}")
        self._embeddings.append(stored)
        self._norms.add(stored)

    def add_report(self, report: Report) -> None:
        """Adds the next candidate's report: section → [(phrase_id, value)]. For many, `add_reports` is faster."""
        self._reports.append(columns_of([report]))

    def add_reports(self, block: ReportColumns) -> None:
        """Adds the reports of the next candidates as columns."""
        self._reports.append(block)

    def add_labels(self, phenotype: str, values: NDArray[Any], *, derived: bool = False) -> None:
        """Adds one phenotype's labels. values: floating (M,), NaN where a candidate does not carry the label.

        Labels of 0 and 1 are kept in a byte each, others as float32. derived: read off report text.
        """
        if phenotype in self._columns:
            raise ValueError(f"labels of {phenotype!r} were added twice")
        labelled = np.isfinite(values)
        binary = bool(np.isin(values[labelled], (0.0, 1.0)).all())
        name = f"labels_{len(self._columns):02d}.npy"
        column = np.where(labelled, values, layout.UNLABELLED).astype(np.uint8) if binary else np.float32(values)
        np.save(self._building / name, column)
        self._columns[phenotype] = LabelColumn(file=name, labelled=int(labelled.sum()), derived=derived)

    def add_keys(self, patients: Sequence[str], studies: Sequence[str]) -> None:
        """Adds the pseudonyms of the next candidates' patients and studies, 32 hex digits each.

        A bank has them for every candidate or for none. Raises ValueError for anything that is no pseudonym.
        """
        for name, keys in ((layout.PATIENT_KEYS, patients), (layout.STUDY_KEYS, studies)):
            if name not in self._keys:
                self._keys[name] = GrowingArray(self._building / name, np.uint8, (layout.KEY_BYTES,))
            self._keys[name].append(np.stack([key_bytes(key) for key in keys]))

    def finish(self, description: BankDescription) -> BankManifest:
        """Completes the bank, hashes it and moves it into place. Raises ValueError when counts differ."""
        candidates = self._embeddings.rows
        if candidates != self._reports.candidates:
            raise ValueError(f"{candidates} embeddings and {self._reports.candidates} reports were added")
        self._embeddings.close()
        self._reports.close()
        for name, keys in self._keys.items():
            keys.close()
            if keys.rows != candidates:
                raise ValueError(f"{name} has {keys.rows} rows, the bank has {candidates} candidates")
        self._stages.forget()
        self.phrases.write(self._building)
        for phenotype, column in self._columns.items():
            rows = len(np.load(self._building / column.file, mmap_mode="r"))
            if rows != candidates:
                raise ValueError(f"labels of {phenotype!r} have {rows} rows, the bank has {candidates} candidates")
        manifest = write_manifest(self._building, self._manifest(description, candidates))
        self._building.rename(self.folder)
        return manifest

    def _manifest(self, description: BankDescription, candidates: int) -> BankManifest:
        return BankManifest(
            name=description.name,
            candidates=candidates,
            dimension=self.dimension,
            embedding_dtype=self.embedding_dtype,
            norms=NormStatistics(
                minimum=min(self._norms.minimum, self._norms.maximum),
                mean=self._norms.total / max(candidates, 1),
                maximum=self._norms.maximum,
            ),
            sections=tuple(self.sections),
            sentences=self._reports.sentences,
            phenotypes=self._columns,
            encoder_sha256=description.encoder_sha256,
            trained=description.trained,
            domain=description.domain,
            licence_notice=description.licence_notice,
            text_may_be_shown=description.text_may_be_shown,
            search=description.search or choose_search(candidates),
            lineage=description.lineage,
        )
