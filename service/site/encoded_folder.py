"""A folder of encoded studies: the vectors and views of their clips, and what their reports say where that is known.

studies.npz    arrays, study by study and clip by clip
studies.json   names of studies, patients and views
reports.jsonl  the same reports as text, for people
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from model.embeddings import StudyEmbedding

ARRAYS_FILE, ABOUT_FILE, REPORTS_FILE = "studies.npz", "studies.json", "reports.jsonl"


class BadEncodedFolder(ValueError):
    """The folder cannot be read as encoded studies; the message names the file and what is wrong."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EncodedFolder:
    """Encoded studies, and their truth where there is one.

    studies, patients: N names. views: columns of `view_probabilities`. encoder: what the vectors came from, in words.
    offsets: int64 (N + 1,): clips of study i are rows offsets[i]..offsets[i + 1]. clip_embeddings: float32 (C, D).
    view_probabilities: float32 (C, V).
    report_offsets: int64 (N + 1,) the same for sentences, None without reports. report_phrases: int32 (T,) rows of the
    phrase table of the bank that the studies belong to. report_values: float32 (T,), NaN for a sentence without number.
    labels: phenotype → float32 (N,), NaN where unknown.
    Raises BadEncodedFolder where lengths do not fit.
    """

    studies: tuple[str, ...]
    patients: tuple[str, ...]
    views: tuple[str, ...]
    encoder: str
    offsets: NDArray[np.int64]
    clip_embeddings: NDArray[np.float32]
    view_probabilities: NDArray[np.float32]
    report_offsets: NDArray[np.int64] | None = None
    report_phrases: NDArray[np.int32] | None = None
    report_values: NDArray[np.float32] | None = None
    labels: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clips, studies = len(self.clip_embeddings), len(self.studies)
        if len(self.patients) != studies:
            raise BadEncodedFolder(f"patients: {len(self.patients)} names for {studies} studies")
        _divides("offsets", self.offsets, clips, studies)
        if self.view_probabilities.shape != (clips, len(self.views)):
            raise BadEncodedFolder(f"view_probabilities: {self.view_probabilities.shape} for {clips} clips")
        if self.report_offsets is not None and self.report_phrases is not None and self.report_values is not None:
            _divides("report_offsets", self.report_offsets, len(self.report_phrases), studies)
            _divides("report_offsets", self.report_offsets, len(self.report_values), studies)
        for name, column in self.labels.items():
            if column.shape != (studies,):
                raise BadEncodedFolder(f"labels of {name!r}: {column.shape} for {studies} studies")

    def __len__(self) -> int:
        return len(self.studies)

    def embedding(self, row: int) -> StudyEmbedding:
        """The study of a row as the pipeline's stage type; its clips get positions from 1 on."""
        clips = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        return StudyEmbedding.of_rows(self.clip_embeddings[clips], self.view_probabilities[clips], self.views)

    def report(self, row: int) -> list[tuple[int, float]]:
        """(row of the phrase table, number or NaN) of each sentence of a study; empty where nothing is known."""
        if self.report_offsets is None or self.report_phrases is None or self.report_values is None:
            return []
        part = slice(int(self.report_offsets[row]), int(self.report_offsets[row + 1]))
        return list(zip(self.report_phrases[part].tolist(), self.report_values[part].tolist(), strict=True))

    def write(self, folder: Path, texts: Iterable[Mapping[str, str]] = ()) -> None:
        """Writes the folder, `studies.json` last, so that a folder with it is whole.

        texts: each study's report, section → text.
        """
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "offsets": self.offsets,
            "clip_embeddings": self.clip_embeddings.astype(np.float16),
            "view_probabilities": self.view_probabilities.astype(np.float16),
            **{f"label.{name}": column for name, column in self.labels.items()},
        }
        reports = {
            "report_offsets": self.report_offsets,
            "report_phrases": self.report_phrases,
            "report_values": self.report_values,
        }
        arrays |= {name: array for name, array in reports.items() if array is not None}
        np.savez(folder / ARRAYS_FILE, **arrays)
        with (folder / REPORTS_FILE).open("w", encoding="utf-8") as file:
            for study, patient, report in zip(self.studies, self.patients, texts, strict=False):
                line = {"study": study, "patient": patient, "report": report}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        names = {name: getattr(self, name) for name in ("studies", "patients", "views", "encoder")}
        (folder / ABOUT_FILE).write_text(json.dumps(names) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The studies of a folder. Raises BadEncodedFolder naming what is missing or does not fit."""
        try:
            names = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
            with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            labels = {name.removeprefix("label."): found.pop(name) for name in [*found] if name.startswith("label.")}
            for name in ("clip_embeddings", "view_probabilities"):
                found[name] = found[name].astype(np.float32)
            fields: dict[str, Any] = {name: tuple(names[name]) for name in ("studies", "patients", "views")}
            return cls(encoder=names["encoder"], labels=labels, **fields, **found)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadEncodedFolder(f"{folder}: cannot be read as encoded studies ({error})") from error


def _divides(name: str, offsets: NDArray[np.int64], rows: int, studies: int) -> None:
    if len(offsets) != studies + 1 or offsets[0] != 0 or offsets[-1] != rows or (np.diff(offsets) < 0).any():
        raise BadEncodedFolder(f"{name}: do not divide {rows} rows among {studies} studies")
