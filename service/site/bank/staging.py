"""Rows of the table → finished chunks in the journal."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np

from service.site.bank.journal import Chunk, Journal, Staged
from service.site.bank.vectors import Vector, VectorSource
from service.site.observer import QUIET, Observer
from service.site.reports.reports import BankedReport, RowReader
from service.site.reports.survey import Survey
from service.site.reports.table import TableRow

Note = tuple[int, str, str]  # line, pseudonym of the study, reason


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Fills a journal. known: pseudonyms of studies that the bank has already."""

    reader: RowReader
    source: VectorSource
    journal: Journal
    dimension: int
    chunk_rows: int
    known: frozenset[str] = frozenset()
    observer: Observer = QUIET

    def run(self, rows: Iterable[TableRow], survey: Survey) -> Staged:
        """Every row that the survey let pass, chunk by chunk; chunks that are finished already are not done again."""
        usable = (row for row in rows if row.line not in survey.faults)
        numbers, done, total = [], 0, survey.rows - len(survey.faults)
        for number in count():
            chunk = list(islice(usable, self.chunk_rows))
            if not chunk:
                break
            if not self.journal.has(number):
                self.journal.write(number, self._chunk(chunk))
            numbers.append(number)
            done += len(chunk)
            self.observer.advance("reports", done, total)
        return Staged(self.journal, numbers)

    def _chunk(self, rows: Iterable[TableRow]) -> Chunk:
        rejected: list[Note] = []
        quarantined: list[Note] = []
        counts: Counter[str] = Counter()
        read: list[tuple[TableRow, BankedReport]] = []
        for row in rows:
            study = self.reader.pseudonyms.of("study", row.values[self.reader.mapping.study])
            if study in self.known:
                rejected.append((row.line, study, "already_in_bank"))
                continue
            reading = self.reader.read(row)
            counts.update(reading.counts)
            if reading.report is not None:
                read.append((row, reading.report))
            elif reading.fault is not None:
                rejected.append((row.line, study, reading.fault))
            else:
                quarantined.append((row.line, study, " ".join(reading.doubts)))
        kept: list[tuple[BankedReport, Vector]] = []
        ids = [row.values[self.reader.mapping.study].strip() for row, _ in read]
        vectors = self.source.vectors(ids, [report for _, report in read]) if read else []
        for (row, report), vector in zip(read, vectors, strict=True):
            if isinstance(vector, str):
                rejected.append((row.line, report.study, vector))
            else:
                kept.append((report, vector))
        block = np.array([vector for _, vector in kept], np.float32).reshape(len(kept), self.dimension)
        return Chunk(tuple(report for report, _ in kept), block, tuple(rejected), tuple(quarantined), counts)


def rejects_of(staged: Staged, survey: Survey, left_over: dict[str, str]) -> Iterator[tuple[int | str, str, str]]:
    """(line, study, reason) of everything kept out, by line; left_over: pseudonym of a study without a row → reason."""
    lines = [(line, "", reason) for line, reason in survey.faults.items()]
    lines += [note for chunk in staged for note in chunk.rejected]
    yield from sorted(lines)
    yield from (("", study, reason) for study, reason in left_over.items())


def write_notes(path: Path, notes: Iterable[tuple[int | str, str, str]]) -> Counter[str]:
    """Writes a CSV of line, study (its pseudonym) and reason: nothing that says who anybody is. Returns the reasons."""
    reasons: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "study", "reason"])
        for note in notes:
            writer.writerow(note)
            reasons[note[2]] += 1
    return reasons
