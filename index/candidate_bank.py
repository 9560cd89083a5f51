"""A candidate bank on disk, memory-mapped: vectors, reports and labels are read only for the rows asked for."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.bank_files import BankFiles
from index.bank_values import check_values
from index.bank_versions import current_bank
from index.candidate_keys import keys_of, rows_with
from index.errors import BankCorrupt, BankMismatch
from index.manifest import MANIFEST_FILE, BankManifest, check_index, check_sizes, manifest_sha256, read_manifest
from index.phrase_table import PHRASES_FILE, PhraseTable
from index.report_columns import ReportColumns
from index.retrieval import RetrievedSentence

Ids = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True)
class BlockChecked:
    """A block whose sha256 is the recorded one."""

    file: str
    block: int
    blocks: int  # of this file


@dataclass(frozen=True, eq=False)
class CandidateBank:
    """Candidates by row number 0..M-1. Build it with `open`, which compares everything that can be compared quickly.

    embeddings: float16 or float32 (M, D) memory-mapped, as stored. files: where they are read. sha256: of `bank.json`,
    and through its block hashes of the whole bank.
    """

    folder: Path
    manifest: BankManifest
    phrases: PhraseTable
    embeddings: NDArray[np.floating[Any]]
    files: BankFiles
    sha256: str

    @classmethod
    def open(
        cls,
        folder: Path,
        encoder_sha256: str | None,
        verify: Literal["index", "all"] = "index",
        spare: Path | None = None,
    ) -> Self:
        """The bank in a folder, its current version where it has versions.

        encoder_sha256: of the encoder whose vectors will search the bank; None: no encoder's, so nothing is compared.

        verify ``index`` hashes the small tables and the search index, ``all`` every block of every file.
        spare: the bank is read in private copies, which lie there where they are large; None: it is read in place.
        Raises BankCorrupt for a missing, truncated or altered file, BankMismatch when what it states differs.
        """
        folder = current_bank(folder)
        manifest, sha256 = read_manifest(folder), manifest_sha256(folder)
        if encoder_sha256 is not None and manifest.encoder_sha256 != encoder_sha256:
            raise BankMismatch(
                f"{folder / MANIFEST_FILE}: encoder_sha256 is {manifest.encoder_sha256}, "
                f"the bundle's video encoder has {encoder_sha256}; a bank serves the encoder that embedded it"
            )
        check_sizes(folder, manifest)
        check_index(folder, manifest)
        files = BankFiles(folder) if spare is None else BankFiles.copied(folder, manifest, spare)
        everything = verify == "all" or files.in_memory
        before_ready = [name for name in manifest.files if everything or name in _before_ready(manifest)]
        for _ in files.check(manifest, before_ready):
            pass
        files.checked = everything
        _check_shapes(files, manifest)
        phrases = PhraseTable.read(folder, files.path(PHRASES_FILE))
        # "c": a private, writable mapping that is never written; torch warns of read-only arrays.
        bank = cls(folder, manifest, phrases, _mapped(files, layout.EMBEDDINGS, mode="c"), files, sha256)
        if everything:
            bank.check_values()
        return bank

    def check_values(self) -> None:
        """Looks at every vector and label. Raises BankMismatch for one that cannot be."""
        columns = {self.manifest.phenotypes[name].file: column for name, column in self._labels.items()}
        for _ in check_values(self.folder, self.embeddings, columns):
            pass

    def verify_blocks(self) -> Iterator[BlockChecked]:
        """Hashes every block of every file, one per step, so that a background task can pause between them.

        Raises BankCorrupt at the first block that differs, BankMismatch for a number that cannot be.
        """
        for name, block in self.files.check(self.manifest, self.manifest.files):
            yield BlockChecked(name, block, len(self.manifest.files[name].sha256_blocks))
        self.check_values()
        self.files.checked = True

    def has_section(self, candidate_ids: Ids, section: str) -> NDArray[np.bool_]:
        """Which of the candidates have the section. Returns bool, shaped like candidate_ids."""
        bit = np.uint64(1 << self._code(section))
        found: NDArray[np.bool_] = (self._section_mask[np.asarray(candidate_ids, dtype=np.int64)] & bit) != 0
        return found

    def rows_of_section(self, section: str) -> NDArray[np.int32]:
        """Ids of all candidates that have the section, ascending; int32 (R,), memory-mapped."""
        code = self._code(section)
        return self._section_rows[self._section_offsets[code] : self._section_offsets[code + 1]]

    def report_columns(self, candidate_ids: Ids) -> ReportColumns:
        """All sentences of the candidates, in the order of candidate_ids."""
        ids = np.asarray(candidate_ids, dtype=np.int64)
        starts = self._offsets[ids]
        counts = self._offsets[ids + 1] - starts
        before = np.cumsum(counts) - counts
        positions = np.repeat(starts - before, counts) + np.arange(counts.sum())
        return ReportColumns(counts, self._phrase_ids[positions], self._values[positions], self._texts_at(positions))

    def sections_of(self, candidate_ids: Ids) -> list[dict[str, tuple[RetrievedSentence, ...]]]:
        """The reports of the candidates: section → sentences in report order."""
        columns = self.report_columns(candidate_ids)
        sentences = self._sentences(columns)
        reports = []
        for count in columns.counts.tolist():
            report: dict[str, list[RetrievedSentence]] = {}
            for sentence in islice(sentences, count):
                report.setdefault(self.phrases[sentence.phrase_id].section, []).append(sentence)
            reports.append({section: tuple(found) for section, found in report.items()})
        return reports

    def sentences_of(self, candidate_ids: Ids, section: str) -> list[tuple[RetrievedSentence, ...]]:
        """One section's sentences of each candidate, in report order; empty where it has none."""
        columns = self.report_columns(candidate_ids)
        wanted = self._phrase_codes[columns.phrase_ids] == self._code(section)
        kept = np.flatnonzero(wanted)
        owner = np.repeat(np.arange(len(columns.counts)), columns.counts)[kept]
        texts = {new: columns.texts[old] for new, old in enumerate(kept.tolist()) if old in columns.texts}
        counts = np.bincount(owner, minlength=len(columns.counts)).astype(np.int64)
        part = ReportColumns(counts, columns.phrase_ids[kept], columns.values[kept], texts)
        sentences = self._sentences(part)
        return [tuple(islice(sentences, count)) for count in counts.tolist()]

    def labels(self, phenotype: str, candidate_ids: Ids) -> NDArray[np.float32]:
        """Labels of the candidates, float32 shaped like candidate_ids; NaN where a candidate does not carry it."""
        ids = np.asarray(candidate_ids, dtype=np.int64)
        column = self._labels.get(phenotype)
        if column is None:
            return np.full(ids.shape, np.nan, np.float32)
        found = column[ids].astype(np.float32)
        if column.dtype == np.uint8:
            found[found == layout.UNLABELLED] = np.nan
        return found

    def hold(self) -> Self:
        """The bank with every file open. It can then be served to its end, even after its folder was removed."""
        lazy = [name for name, member in vars(type(self)).items() if isinstance(member, cached_property)]
        keys = {"_patient_keys", "_study_keys"}
        for name in lazy:
            if self.has_keys or name not in keys:
                getattr(self, name)  # a cached property keeps what it opened
        return self

    @property
    def has_keys(self) -> bool:
        """Whether candidates carry pseudonyms of their patients and studies."""
        return layout.PATIENT_KEYS in self.manifest.files

    def candidates_of_patient(self, key: str) -> NDArray[np.int64]:
        """Ascending ids of the candidates of one patient; none in a bank without pseudonyms."""
        return rows_with(self._patient_keys, key) if self.has_keys else np.zeros(0, np.int64)

    def keys(self, candidate_ids: Ids) -> tuple[list[str], list[str]]:
        """Pseudonyms of the candidates' patients and of their studies. Only for a bank that `has_keys`."""
        ids = np.asarray(candidate_ids, dtype=np.int64)
        return keys_of(self._patient_keys[ids]), keys_of(self._study_keys[ids])

    def _code(self, section: str) -> int:
        try:
            return self.manifest.sections.index(section)
        except ValueError:
            raise BankMismatch(f"{self.folder}: has no section {section!r}, only {self.manifest.sections}") from None

    def _sentences(self, columns: ReportColumns) -> Iterator[RetrievedSentence]:
        """The sentences of columns, one by one."""
        numbers = zip(columns.phrase_ids.tolist(), columns.values.tolist(), strict=True)
        for position, (phrase_id, number) in enumerate(numbers):
            value = columns.texts.get(position, None if math.isnan(number) else number)
            yield RetrievedSentence(phrase_id, value)

    def _texts_at(self, positions: NDArray[np.int64]) -> dict[int, str]:
        """Position in `positions` → text, for the sentences whose value is text."""
        if not len(self._text_positions) or not len(positions):
            return {}
        found = np.searchsorted(self._text_positions, positions).clip(max=len(self._text_positions) - 1)
        at = np.flatnonzero(self._text_positions[found] == positions)
        codes = self._text_codes[found[at]].tolist()
        return {position: self._texts[code] for position, code in zip(at.tolist(), codes, strict=True)}

    @cached_property
    def _texts(self) -> list[str]:
        texts: list[str] = json.loads(self.files.path(layout.TEXTS).read_text(encoding="utf-8"))
        return texts

    @cached_property
    def _labels(self) -> dict[str, NDArray[Any]]:
        return {name: _mapped(self.files, column.file) for name, column in self.manifest.phenotypes.items()}

    @cached_property
    def _phrase_codes(self) -> NDArray[np.int64]:
        return np.array(self.phrases.section_codes(self.manifest.sections), dtype=np.int64)

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        return _mapped(self.files, layout.SENTENCE_OFFSETS)

    @cached_property
    def _phrase_ids(self) -> NDArray[np.int32]:
        return _mapped(self.files, layout.SENTENCE_PHRASES)

    @cached_property
    def _values(self) -> NDArray[np.float32]:
        return _mapped(self.files, layout.SENTENCE_VALUES)

    @cached_property
    def _text_positions(self) -> NDArray[np.int64]:
        return _mapped(self.files, layout.TEXT_POSITIONS)

    @cached_property
    def _text_codes(self) -> NDArray[np.int32]:
        return _mapped(self.files, layout.TEXT_CODES)

    @cached_property
    def _patient_keys(self) -> NDArray[np.uint8]:
        return _mapped(self.files, layout.PATIENT_KEYS)

    @cached_property
    def _study_keys(self) -> NDArray[np.uint8]:
        return _mapped(self.files, layout.STUDY_KEYS)

    @cached_property
    def _section_mask(self) -> NDArray[np.uint64]:
        return _mapped(self.files, layout.SECTION_MASK)

    @cached_property
    def _section_offsets(self) -> NDArray[np.int64]:
        return _mapped(self.files, layout.SECTION_OFFSETS)

    @cached_property
    def _section_rows(self) -> NDArray[np.int32]:
        return _mapped(self.files, layout.SECTION_ROWS)


def _mapped(files: BankFiles, name: str, mode: Literal["r", "c"] = "r") -> NDArray[Any]:
    """A file's array, memory-mapped. Raises BankCorrupt naming the file; pickled content is never read."""
    try:
        return np.load(files.path(name), mmap_mode=mode, allow_pickle=False)  # type: ignore[no-any-return]  # numpy types load so
    except (OSError, ValueError, EOFError) as error:
        raise BankCorrupt(f"{files.folder / name}: cannot be read as an array ({error})") from error


def _before_ready(manifest: BankManifest) -> set[str]:
    """Files small or important enough to be hashed before the bank is used."""
    return {PHRASES_FILE, layout.TEXTS, str(manifest.search.get("file"))}


def _check_shapes(files: BankFiles, manifest: BankManifest) -> None:
    """Raises BankMismatch when an array's type or length is not what `bank.json` implies."""
    m, t = manifest.candidates, manifest.sentences
    expected: dict[str, tuple[str, tuple[int | None, ...]]] = {
        layout.EMBEDDINGS: (manifest.embedding_dtype, (m, manifest.dimension)),
        layout.SENTENCE_OFFSETS: ("int64", (m + 1,)),
        layout.SENTENCE_PHRASES: ("int32", (t,)),
        layout.SENTENCE_VALUES: ("float32", (t,)),
        layout.TEXT_POSITIONS: ("int64", (None,)),
        layout.TEXT_CODES: ("int32", (None,)),
        layout.SECTION_MASK: ("uint64", (m,)),
        layout.SECTION_OFFSETS: ("int64", (len(manifest.sections) + 1,)),
        layout.SECTION_ROWS: ("int32", (None,)),
        **{column.file: ("uint8 or float32", (m,)) for column in manifest.phenotypes.values()},
    }
    if {layout.PATIENT_KEYS, layout.STUDY_KEYS} & manifest.files.keys():
        expected |= dict.fromkeys((layout.PATIENT_KEYS, layout.STUDY_KEYS), ("uint8", (m, layout.KEY_BYTES)))
    for name, (dtypes, shape) in expected.items():
        if name not in manifest.files:
            raise BankCorrupt(f"{files.folder / MANIFEST_FILE}: does not list {name}, so it cannot be checked")
        array = _mapped(files, name)
        same = len(shape) == array.ndim and all(w in (None, n) for w, n in zip(shape, array.shape, strict=True))
        if array.dtype.name not in dtypes.split(" or ") or not same:
            raise BankMismatch(f"{files.folder / name}: holds {array.dtype} {array.shape}, expected {dtypes} {shape}")
