"""Reports as columns: what a block of reports is, and the writer that keeps all blocks of a bank in bounded memory."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.building.growing_array import GrowingArray
from index.phrase_table import PhraseTable

Value = float | str | None
Report = Mapping[str, Sequence[tuple[int, Value]]]


@dataclass(frozen=True, eq=False)
class ReportColumns:
    """The sentences of B consecutive candidates, in report order.

    counts: int64 (B,) sentences of each candidate. phrase_ids: int32 (T,) with T = counts.sum().
    values: float32 (T,) number of the sentence's slot, NaN where there is none.
    texts: position in 0..T-1 → value that is text.
    Raises ValueError when lengths do not fit.
    """

    counts: NDArray[np.int64]
    phrase_ids: NDArray[np.int32]
    values: NDArray[np.float32]
    texts: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sentences = int(self.counts.sum())
        if len(self.phrase_ids) != sentences or len(self.values) != sentences:
            raise ValueError(
                f"counts say {sentences} sentences; there are {len(self.phrase_ids)} phrase_ids "
                f"and {len(self.values)} values"
            )


def columns_of(reports: Sequence[Report]) -> ReportColumns:
    """The columns of reports given as section → [(phrase_id, value)], sentences in that order."""
    sentences = [[sentence for part in report.values() for sentence in part] for report in reports]
    flat = [sentence for report in sentences for sentence in report]
    return ReportColumns(
        counts=np.array([len(report) for report in sentences], dtype=np.int64),
        phrase_ids=np.array([phrase_id for phrase_id, _ in flat], dtype=np.int32),
        values=np.array([np.nan if v is None or isinstance(v, str) else v for _, v in flat], dtype=np.float32),
        texts={position: value for position, (_, value) in enumerate(flat) if isinstance(value, str)},
    )


class ReportColumnsWriter:
    """Writes report columns, the mask of sections per candidate and the rows per section."""

    def __init__(self, folder: Path, phrases: PhraseTable, sections: Sequence[str], *, complete: bool = False) -> None:
        """complete: all reports were written, and closed, earlier."""
        if len(sections) > layout.MAX_SECTIONS:
            raise ValueError(f"a bank has at most {layout.MAX_SECTIONS} sections, not {len(sections)}")
        self._folder = folder
        self._sections = len(sections)
        self._bits = np.uint64(1) << np.array(phrases.section_codes(sections), dtype=np.uint64)
        self._complete = complete
        self._offsets = GrowingArray(folder / layout.SENTENCE_OFFSETS, np.int64, complete=complete)
        self._phrases = GrowingArray(folder / layout.SENTENCE_PHRASES, np.int32, complete=complete)
        self._values = GrowingArray(folder / layout.SENTENCE_VALUES, np.float32, complete=complete)
        self._positions = GrowingArray(folder / layout.TEXT_POSITIONS, np.int64, complete=complete)
        self._codes = GrowingArray(folder / layout.TEXT_CODES, np.int32, complete=complete)
        self._mask = GrowingArray(folder / layout.SECTION_MASK, np.uint64, complete=complete)
        if not complete:
            self._offsets.append(np.zeros(1, np.int64))
        self._texts: dict[str, int] = {}

    @property
    def candidates(self) -> int:
        """Reports written so far."""
        return self._mask.rows

    @property
    def sentences(self) -> int:
        """Sentences written so far."""
        return self._phrases.rows

    def append(self, block: ReportColumns) -> None:
        """Adds the reports of the next candidates. Raises ValueError naming a phrase that is not in the table."""
        if block.phrase_ids.size and not 0 <= block.phrase_ids.min() <= block.phrase_ids.max() < len(self._bits):
            raise ValueError(f"phrase_ids must lie in 0..{len(self._bits) - 1}, the rows of the phrase table")
        first = self.sentences
        positions = np.array(sorted(block.texts), dtype=np.int64)
        codes = [self._texts.setdefault(block.texts[int(p)], len(self._texts)) for p in positions]
        self._offsets.append(first + np.cumsum(block.counts))
        self._phrases.append(block.phrase_ids)
        self._values.append(block.values)
        self._positions.append(first + positions)
        self._codes.append(np.array(codes, dtype=np.int32))
        self._mask.append(self._masks(block))

    def close(self) -> None:
        """Writes what depends on all reports: the distinct texts and the rows of each section."""
        if self._complete:
            return
        self._complete = True
        for array in (self._offsets, self._phrases, self._values, self._positions, self._codes, self._mask):
            array.close()
        (self._folder / layout.TEXTS).write_text(json.dumps(list(self._texts), ensure_ascii=False), encoding="utf-8")
        mask = np.load(self._folder / layout.SECTION_MASK, mmap_mode="r")
        _write_section_rows(self._folder, mask, range(self._sections))

    def abandon(self) -> None:
        """Closes the files of a bank that will not be finished."""
        for array in (self._offsets, self._phrases, self._values, self._positions, self._codes, self._mask):
            array.close()

    def _masks(self, block: ReportColumns) -> NDArray[np.uint64]:
        """Which sections each candidate of the block has, one bit each."""
        masks = np.zeros(len(block.counts), np.uint64)
        filled = np.flatnonzero(block.counts)
        if filled.size:
            starts = (np.cumsum(block.counts) - block.counts)[filled]
            masks[filled] = np.bitwise_or.reduceat(self._bits[block.phrase_ids], starts)
        return masks


def _write_section_rows(folder: Path, mask: NDArray[np.uint64], sections: Iterable[int]) -> None:
    """Candidate ids of each section, so that a search within a section never reads reports."""
    rows = GrowingArray(folder / layout.SECTION_ROWS, np.int32)
    offsets = [0]
    for section in sections:
        rows.append(np.flatnonzero(mask & np.uint64(1 << section)))
        offsets.append(rows.rows)
    rows.close()
    np.save(folder / layout.SECTION_OFFSETS, np.array(offsets, dtype=np.int64))
