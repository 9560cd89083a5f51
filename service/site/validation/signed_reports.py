"""Signed reports of a site: read from their text by the bundle's own reader, or given as columns of labels."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from model.echo.language.reader import echo_grammar, echo_headings
from model.report.clinical_text.headings import Block
from model.report.clinical_text.sentences import split_sentences
from model.report.clinical_text.stated import StatedFinding
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader
from model.taxonomy import Taxonomy
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.labelled_studies import label_of
from service.site.calibration.site_rows import site_rows
from service.site.reports.meaning import label_numbers

Part = Literal["development", "test"]
WHOLE = "report"  # the column of a text that is not divided into sections


@dataclass(frozen=True)
class ReportContent:
    """What a report says. findings: section → finding → value, those said one way only. labels: the known ones.

    sentences, unread: how many it has, and how many of them state nothing that is understood.
    """

    findings: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, float]
    sentences: int = 0
    unread: int = 0


@dataclass(frozen=True)
class SignedReport:
    """A patient, by the site's own name for him, and what was signed of one study."""

    patient: str
    content: ReportContent


@dataclass(frozen=True)
class SignedReports:
    """Reports by study name, and what was kept out of them: a line of text each, which names no study.

    lines: of each study in its file.
    """

    reports: Mapping[str, SignedReport]
    refused: tuple[str, ...]
    lines: Mapping[str, int] = field(default_factory=dict)

    def without(self, overlap: BankOverlap) -> Self:
        """The reports without studies, and patients, of the bank."""
        reasons = {name: overlap.reason(name, report.patient) for name, report in self.reports.items()}
        kept = {name: report for name, report in self.reports.items() if reasons[name] is None}
        found = [f"line {self.lines[name]}: {reason}" for name, reason in reasons.items() if reason is not None]
        return replace(self, reports=kept, refused=(*self.refused, *([overlap.note] if overlap.note else []), *found))


def read_signed_reports(path: Path, taxonomy: Taxonomy, reader: PhraseReader) -> SignedReports:
    """The reports of a CSV (UTF-8): `study`, `patient`, and text as `report` or a column per section, or labels.

    A label that a column states wins over the text. A study that comes twice is kept out altogether, and so is a row
    that cannot be read. Raises ValueError when the file is no such table.
    """
    refused: list[str] = []
    rows = site_rows(path, ("study", "patient"), refused)
    columns = set(rows[0][1]) if rows else set()
    texts = [name for name in (WHOLE, *taxonomy.sections) if name in columns]
    labels = [phenotype for phenotype in taxonomy.phenotypes if phenotype.name in columns]
    if not (texts or labels):
        faults = "".join(f"; {fault}" for fault in refused)
        raise ValueError(f"{path}: needs a row, `study`, `patient`, and a column of text or of a phenotype{faults}")
    found: dict[str, SignedReport] = {}
    lines: dict[str, int] = {}
    repeated: set[str] = set()
    for line, row in rows:
        study, patient = row["study"].strip(), row["patient"].strip()
        if not study or not patient or study in found:
            refused.append(f"line {line}: " + ("its study came before" if study in found else "lacks study or patient"))
            repeated.add(study)
            continue
        lines[study] = line
        content = content_of(_texts(row, texts), reader)
        given = {p.name: value for p in labels if (value := label_of(row[p.name], p, line, refused)) is not None}
        labelled = {**content.labels, **given}
        found[study] = SignedReport(
            patient, ReportContent(content.findings, labelled, content.sentences, content.unread)
        )
    return SignedReports({name: r for name, r in found.items() if name not in repeated}, tuple(refused), lines)


def content_of(text: Mapping[str, Iterable[str]], reader: PhraseReader) -> ReportContent:
    """What a text says, sentence by sentence. A finding or number that is said two ways is said no way.

    A sentence that is no phrase of the reader's language is read by the grammar of echo reports.
    """
    findings: dict[str, dict[str, set[str]]] = {}
    stated: list[Finding] = []
    numbers: dict[str, set[float]] = {}
    count = unread = 0
    grammar = echo_grammar()
    contexts = {section: grammar.context(None if section == WHOLE else section) for section in text}
    free: list[StatedFinding] = []
    for section, sentences in text.items():
        for sentence in sentences:
            count += 1
            place = None if section == WHOLE else section
            reading = reader.read_sentence(place, sentence)
            if reading.phrase is None:
                meaning = grammar.read(
                    sentence, grammar.language_of(sentence, reader.language.language), contexts[section]
                )
                unread += not meaning.findings
                free += meaning.findings
                for said in meaning.findings:
                    if said.value is not None and (said.certainty, said.time) == ("stated", "current"):
                        findings.setdefault(said.section, {}).setdefault(said.entity, set()).add(said.value)
                continue
            stated += reading.findings
            for finding in reading.findings:
                findings.setdefault(reading.phrase.section, {}).setdefault(finding.name, set()).add(finding.value)
            for slot, value in reading.slots.items():
                numbers.setdefault(slot, set()).add(value)
    slots = {slot: next(iter(values)) for slot, values in numbers.items() if len(values) == 1}
    by_words = {name: value for name, value in reader.labels_from(stated, slots).items() if value is not None}
    by_meaning = label_numbers(grammar.labels.labels(free)[0])
    disputed = {n for n, v in by_words.items() if {v, by_meaning.get(n, v)} == {0.0, 1.0}}
    labels = {name: value for name, value in {**by_meaning, **by_words}.items() if name not in disputed}
    one_way = {
        section: {name: next(iter(values)) for name, values in named.items() if len(values) == 1}
        for section, named in findings.items()
    }
    return ReportContent(one_way, labels, count, unread)


def _texts(row: Mapping[str, str], names: Iterable[str]) -> dict[str, list[str]]:
    """Section → its sentences; a whole text is divided at its headings, and its impression is left to the findings."""
    texts: dict[str, list[str]] = {}
    for name in names:
        blocks = echo_headings().blocks(row[name]) if name == WHOLE else [Block("section", name, name, row[name])]
        has_body = any(block.kind in ("section", "narrative") for block in blocks)
        for block in blocks:
            if block.kind != "ignored" and not (block.kind == "impression" and has_body):
                texts.setdefault(block.section or WHOLE, []).extend(split_sentences(block.text))
    return texts


def part_of(patient: str) -> Part:
    """The half that all studies of a patient belong to, the same on every run and machine."""
    return "test" if hashlib.sha256(patient.encode()).digest()[0] % 2 else "development"
