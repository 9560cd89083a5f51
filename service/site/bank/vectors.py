"""One vector per report: of its text, of a file of embeddings aligned by study id, or of the study's clips."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.bundle import BundleManifest, sha256_of
from model.report.language.language import Language
from model.report.text_encoder.section_vectors import section_vectors
from service.site.errors import VectorsError
from service.site.reports.reports import BankedReport, BankedSentence

Vector = NDArray[np.float32]
_LEAST_NORM = 1e-6  # below, a vector has no direction
EncodeTexts = Callable[[Sequence[str]], NDArray[np.float32]]


class VectorSource(Protocol):
    """Where vectors come from.

    name: of the source; fingerprint: changes when its vectors would. names: study → names that its DICOM headers state.
    """

    name: str
    fingerprint: str
    names: Mapping[str, Sequence[str]]

    def vectors(self, studies: Sequence[str], reports: Sequence[BankedReport]) -> list[Vector | str]:
        """A finite float32 (D,) per report, or the reason why it has none. studies: ids as the CSV says them."""

    def left_over(self, studies: frozenset[str]) -> dict[str, str]:
        """Studies that have a vector but no report, with the reason; studies: ids that have a report."""


class TextVectors:
    """Embeds the de-identified text with the bundle's text encoder."""

    name = "text encoder"

    def __init__(self, encode: EncodeTexts, language: Language, manifest: BundleManifest) -> None:
        self._encode, self._language, self._manifest = encode, language, manifest
        self.fingerprint = str(manifest.networks["text_encoder"]["file"])
        self.names: Mapping[str, Sequence[str]] = {}

    # The signature is the protocol's.
    def vectors(self, studies: Sequence[str], reports: Sequence[BankedReport]) -> list[Vector | str]:  # noqa: ARG002 - the protocol's signature
        """One vector per report: unit norm, or one unit part per section where the bundle's sections have their own."""
        subspaces, dimension = self._manifest.section_subspaces, self._manifest.embedding_dim
        if subspaces:
            texts = [section_texts(report, self._language) for report in reports]
            encoded = section_vectors(self._encode, texts, subspaces, dimension)
        else:
            encoded = self._encode([report_text(report, self._language) for report in reports])
        return [checked(vector) for vector in encoded]

    # The signature is the protocol's.
    def left_over(self, studies: frozenset[str]) -> dict[str, str]:  # noqa: ARG002 - the protocol's signature
        """None: a text is nowhere but in the reports."""
        return {}


def report_text(report: BankedReport, language: Language) -> str:
    """The report as running text in the bundle's language."""
    return " ".join(_sentence_text(sentence, language) for sentence in report.sentences)


def section_texts(report: BankedReport, language: Language) -> dict[str, str]:
    """Section → its running text in the bundle's language."""
    texts: dict[str, list[str]] = {}
    for sentence in report.sentences:
        texts.setdefault(sentence.section, []).append(_sentence_text(sentence, language))
    return {section: " ".join(sentences) for section, sentences in texts.items()}


def _sentence_text(sentence: BankedSentence, language: Language) -> str:
    if sentence.key is None:
        return sentence.text or ""
    return language.fill(language.by_id[sentence.key], sentence.value)


class FileVectors:
    """Vectors of an `.npy` file whose rows are named by a file of study ids."""

    name = "embeddings"

    def __init__(self, embeddings: Path, ids: Path, manifest: BundleManifest) -> None:
        self._rows, self._embeddings = align(embeddings, ids, manifest.embedding_dim)
        self.names: Mapping[str, Sequence[str]] = {}
        stat = embeddings.stat()
        self.fingerprint = f"{embeddings.name} {stat.st_size} {stat.st_mtime_ns} {sha256_of(ids)}"

    # The signature is the protocol's.
    def vectors(self, studies: Sequence[str], reports: Sequence[BankedReport]) -> list[Vector | str]:  # noqa: ARG002 - the protocol's signature
        """The row of each study, as stored: search uses vectors as they are."""
        return [
            checked(np.asarray(self._embeddings[self._rows[study]], np.float32))
            if study in self._rows
            else "no_embedding"
            for study in studies
        ]

    def left_over(self, studies: frozenset[str]) -> dict[str, str]:
        """Rows of studies without a report."""
        return dict.fromkeys(sorted(self._rows.keys() - studies), "embedding_without_report")


def align(embeddings: Path, ids: Path, dimension: int) -> tuple[dict[str, int], NDArray[Any]]:
    """Study id → row, and the vectors (M, D) memory-mapped.

    ids: one study id per line, in the order of the rows. Raises VectorsError for another dimension, another count, or
    an id that comes twice.
    """
    try:
        stored = np.load(embeddings, mmap_mode="r", allow_pickle=False)
        names = [line.strip() for line in ids.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, ValueError, EOFError) as error:
        raise VectorsError(f"{embeddings} or {ids}: cannot be read ({error})") from error
    if stored.ndim != 2 or stored.shape[1] != dimension or stored.dtype.kind != "f":
        raise VectorsError(f"{embeddings}: holds {stored.dtype} {stored.shape}, the bundle embeds in {dimension}")
    if len(names) != len(stored):
        raise VectorsError(f"{ids}: names {len(names)} studies, {embeddings} has {len(stored)} rows")
    rows = {name: row for row, name in enumerate(names)}
    if len(rows) != len(names):
        raise VectorsError(f"{ids}: names a study twice, so its rows cannot be told apart")
    return rows, stored


def checked(vector: NDArray[Any]) -> Vector | str:
    """The vector, or why it cannot be searched."""
    if not np.isfinite(vector).all():
        return "embedding_not_finite"
    if np.linalg.norm(vector) < _LEAST_NORM:
        return "embedding_is_zero"
    return np.asarray(vector, np.float32)
