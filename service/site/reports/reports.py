"""A row of the table → a report as a bank keeps it: phrases with numbers, free sentences without identity, labels."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Self

from model.report.clinical_text.headings import Block
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader
from model.taxonomy import Phenotype
from service.site.identity.deidentify import Deidentifier, Identity, identity_of
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.headings import HeadingMap
from service.site.reports.mapping import ColumnMapping
from service.site.reports.meaning import RowMeaning, SentenceReader, merged
from service.site.reports.table import TableRow

_YES = frozenset({"1", "1.0", "yes", "y", "true", "present", "positive", "pos", "ja"})
_NO = frozenset({"0", "0.0", "no", "n", "false", "absent", "negative", "neg", "nein"})
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?![\w.]*\d)")


@dataclass(frozen=True)
class BankedSentence:
    """A phrase of the language (key, and its number) or a free sentence (text)."""

    section: str
    key: str | None = None
    value: float | None = None
    text: str | None = None


@dataclass(frozen=True)
class BankedReport:
    """One candidate: pseudonyms, sentences in report order, labels by phenotype. derived: labels read off the text."""

    study: str
    patient: str
    sentences: tuple[BankedSentence, ...]
    labels: Mapping[str, float] = field(default_factory=dict)
    derived: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As JSON; the inverse of `of_fields`."""
        return asdict(self)

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The report that `fields` gave."""
        sentences = tuple(BankedSentence(**sentence) for sentence in fields["sentences"])
        return cls(fields["study"], fields["patient"], sentences, fields["labels"], tuple(fields["derived"]))


@dataclass(frozen=True)
class RowReading:
    """What became of a row: a report, or a fault, or doubts. counts: what the coverage table adds up."""

    report: BankedReport | None
    fault: str | None
    doubts: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RowReader:
    """Reads rows. readers: one per language, the bundle's own first; they share phrase ids."""

    mapping: ColumnMapping
    headings: HeadingMap
    readers: Sequence[PhraseReader]
    deidentifier: Deidentifier
    pseudonyms: Pseudonyms
    phenotypes: Sequence[Phenotype]
    more_names: Mapping[str, Sequence[str]] = field(default_factory=dict)  # study → names in its DICOM headers

    def read(self, row: TableRow) -> RowReading:
        """The report of a row that the survey let pass."""
        counts: Counter[str] = Counter()
        meaning = self._reader.read(self.blocks_of(row, counts))
        counts.update(f"impression contradicts: {name}" for name in meaning.contradictions)
        counts["reports in no language that is read"] += meaning.language is None
        sentences, doubts = self._sentences(row, meaning, counts)
        if doubts:
            return RowReading(None, None, doubts, counts)
        if not sentences:
            return RowReading(None, "no_section", (), counts)
        labels, derived = self._labels(row, sentences, meaning, counts)
        study, patient = (row.values[column] for column in (self.mapping.study, self.mapping.patient))
        report = BankedReport(
            self.pseudonyms.of("study", study), self.pseudonyms.of("patient", patient), sentences, labels, derived
        )
        return RowReading(report, None, (), counts)

    def blocks_of(self, row: TableRow, counts: Counter[str]) -> Sequence[Block]:
        """The row's text in blocks under headings."""
        if self.mapping.text is None:
            cells = {section: row.values[column].strip() for section, column in self.mapping.sections.items()}
            return [Block("section", section, section, text) for section, text in cells.items() if text]
        split = self.headings.split(row.values[self.mapping.text])
        counts.update(f"ignored heading: {name}" for name in split.ignored)
        counts["characters before the first heading"] += len(split.loose)
        return split.blocks

    def doubted_words(self, row: TableRow) -> set[str]:
        """The words for which a row is put aside, for the person who looks at it; no bank or log may hold them."""
        identity, counts = self._identity(row), Counter[str]()
        return {
            word
            for sentence in self._reader.read(self.blocks_of(row, counts)).sentences
            if sentence.phrase is None
            for word in self.deidentifier.judge(sentence.text, identity).words
        }

    def _sentences(
        self, row: TableRow, meaning: RowMeaning, counts: Counter[str]
    ) -> tuple[tuple[BankedSentence, ...], tuple[str, ...]]:
        identity = self._identity(row)
        found: list[BankedSentence] = []
        doubts: dict[str, None] = {}
        for sentence in meaning.sentences:
            counts["sentences"] += 1
            counts["sentences read"] += sentence.by_words or bool(sentence.read.meaning.findings)
            if sentence.phrase is not None:
                counts["sentences matched"] += 1
                counts["sentences matched by meaning"] += not sentence.by_words
                counts[f"matched in: {sentence.language}"] += 1
                found.append(BankedSentence(sentence.section, sentence.phrase.phrase_id, sentence.value))
                continue
            judged = self.deidentifier.judge(sentence.text, identity)
            counts.update(f"removed: {kind}" for kind in judged.removed)
            doubts |= dict.fromkeys(judged.doubts)
            counts["sentences free" if judged.text else "sentences left out"] += 1
            if judged.text:
                found.append(BankedSentence(sentence.section, text=stable(judged.text)))
        counts.update(f"section: {section}" for section in dict.fromkeys(s.section for s in found))
        return tuple(found), tuple(doubts)

    def _identity(self, row: TableRow) -> Identity:
        """What the row's own cells and its study's DICOM headers say of who it is of."""
        mapping, values = self.mapping, row.values
        dates = [mapping.date] if mapping.date else []
        names = [*(values[column] for column in mapping.names), *self.more_names.get(values[mapping.study].strip(), ())]
        return identity_of(
            names, (values[column] for column in (mapping.study, mapping.patient, *mapping.identifiers, *dates))
        )

    @cached_property
    def _reader(self) -> SentenceReader:
        return SentenceReader(self.readers, frozenset(self.headings.sections))

    def _labels(
        self, row: TableRow, sentences: Sequence[BankedSentence], meaning: RowMeaning, counts: Counter[str]
    ) -> tuple[dict[str, float], tuple[str, ...]]:
        """Labels of the columns, and for the other phenotypes those that the text states; a denial is a 0."""
        stated: dict[str, float] = {}
        for phenotype in self.phenotypes:
            column = self.mapping.labels.get(phenotype.name)
            if column is not None and row.values[column].strip():
                value = label_value(row.values[column], phenotype)
                if value is None:
                    counts[f"label not readable: {phenotype.name}"] += 1
                else:
                    stated[phenotype.name] = value
        kinds = {phenotype.name: phenotype.kind for phenotype in self.phenotypes}
        read = merged(self._read_off(sentences), meaning.labels, kinds)
        read = {name: value for name, value in {**meaning.completing, **read}.items() if name in kinds}
        derived = tuple(name for name in read if name not in stated)
        labels = {**read, **stated}
        counts.update(f"label: {name}" for name in labels)
        return labels, derived

    def _read_off(self, sentences: Sequence[BankedSentence]) -> dict[str, float]:
        language = self.readers[0].language
        findings: dict[Finding, None] = {}
        numbers: dict[str, set[float]] = {}
        for sentence in sentences:
            phrase = None if sentence.key is None else language.by_id[sentence.key]
            if phrase is not None:
                findings |= dict.fromkeys(phrase.findings)
                if phrase.slot is not None and sentence.value is not None:
                    numbers.setdefault(phrase.slot, set()).add(sentence.value)
        slots = {slot: values.pop() for slot, values in numbers.items() if len(values) == 1}
        names = {phenotype.name for phenotype in self.phenotypes}
        labels = self.readers[0].labels_from(findings, slots)
        return {name: value for name, value in labels.items() if value is not None and name in names}


def label_value(cell: str, phenotype: Phenotype) -> float | None:
    """The label that a cell states, None where it cannot be one of this phenotype."""
    word = cell.strip().casefold()
    if phenotype.kind == "binary":
        return 1.0 if word in _YES else 0.0 if word in _NO else None
    try:
        value = float(word.replace(",", ".").removesuffix("%").strip())
    except ValueError:
        return None
    low = -math.inf if phenotype.low is None else phenotype.low
    high = math.inf if phenotype.high is None else phenotype.high
    return value if low <= value <= high else None


def stable(text: str) -> str:
    """The sentence with its numbers as a bank says them again, so that storing it a second time changes nothing."""
    return _NUMBER.sub(lambda number: f"{float(number[0]):.6g}", text)
