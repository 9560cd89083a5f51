"""The candidates of a release → a bank, streamed: vectors, then reports, then labels."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from index.building.bank_writer import BankDescription, BankWriter
from index.manifest import BankManifest
from index.phrase_table import PhraseTable
from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.echoprime.bundle import ImportedBundle, notice_of
from service.site.echoprime.derived_labels import DerivedLabels, derivations, read_label_sources
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.labels import StudyRows, label_columns
from service.site.echoprime.layout import EchoPrimeRelease
from service.site.echoprime.phrases import ReleasePhrases
from service.site.echoprime.reports import report_blocks
from service.site.echoprime.tables import read_studies
from service.site.echoprime.tensors import embedding_blocks
from service.site.observer import Observer, Say


@dataclass(frozen=True)
class BankPhrases:
    """read: phrases as the release lists them, which labels are read off. table: the same as the bank keeps them."""

    read: ReleasePhrases
    table: PhraseTable


@dataclass
class LabelSummary:
    """Where the labels of each phenotype came from. unknown: columns that name no phenotype."""

    given: list[str] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def absent(self) -> list[str]:
        """Phenotypes that no candidate carries a label of."""
        return [name for name in ECHO_TAXONOMY.phenotype_names if name not in (*self.given, *self.derived)]


def import_bank(
    release: EchoPrimeRelease, folder: Path, bundle: ImportedBundle, phrases: BankPhrases, observer: Observer
) -> tuple[BankManifest, LabelSummary]:
    """Writes the bank of a release, going on where an import of the same files was stopped.

    Raises ReleaseError naming the file that does not fit the others; then nothing is kept.
    """
    studies = read_studies(release.studies)
    sources = read_label_sources(release.label_sources, ECHO_TAXONOMY)
    summary, say = LabelSummary(), observer.say
    fingerprint = release.fingerprint(bundle.embedding_dim)
    sections = phrases.read.sections
    with BankWriter(folder, phrases.table, sections, bundle.embedding_dim, fingerprint=fingerprint) as writer:
        if (reported := writer.finished("labels")) is None:
            _GivenLabels(release, studies).write(writer, summary, say)
            writer.finish_stage("labels", given=summary.given, unknown=summary.unknown)
        else:
            summary.given, summary.unknown = reported["given"], reported["unknown"]
            say("labels: there already, from an import that was stopped")
        if writer.finished("vectors") is None:
            _add_embeddings(release, writer, (len(studies), bundle.embedding_dim), observer)
            writer.finish_stage("vectors")
        else:
            say("vectors: there already")
        if (reported := writer.finished("reports")) is None:
            missing = [name for name in ECHO_TAXONOMY.phenotype_names if name not in summary.given]
            collectors = derivations(missing, sources, phrases.read.table)
            _add_reports(release, phrases.read, writer, collectors, (len(studies), observer))
            _add_derived(writer, collectors, summary)
            writer.finish_stage("reports", derived=summary.derived)
        else:
            summary.derived = reported["derived"]
            say("reports: there already")
        say("hashing")
        manifest = writer.finish(
            BankDescription(
                name="echoprime-synthetic" if release.synthetic else "echoprime",
                encoder_sha256=bundle.encoder_sha256,
                trained=not release.synthetic,
                domain="synthetic" if release.synthetic else "clinical",
                licence_notice=notice_of(release),
            )
        )
    return manifest, summary


@dataclass(eq=False)
class _GivenLabels:
    """The labels that come with a release. The table of study names is let go once they are written."""

    release: EchoPrimeRelease
    studies: list[str]

    def write(self, writer: BankWriter, summary: LabelSummary, say: Say) -> None:
        """Adds each column that names a phenotype; a column of which no label fits a candidate counts as absent."""
        if self.release.labels is None:
            return
        rows = StudyRows(self.studies)
        names = []
        for name, column in label_columns(self.release.labels, rows):
            names.append(name)
            if name not in ECHO_TAXONOMY.phenotype_names:
                summary.unknown.append(name)
            elif np.isfinite(column).any():
                writer.add_labels(name, column)
                summary.given.append(name)
                say(f"labels: {name}")
        if names and not summary.given:
            raise ReleaseMismatch(
                f"{self.release.labels}: none of its studies is listed in {self.release.studies.name}, "
                f"or none of {names} is a phenotype"
            )


def _add_embeddings(release: EchoPrimeRelease, writer: BankWriter, shape: tuple[int, int], observer: Observer) -> None:
    rows = 0
    for part in release.embeddings:
        for block in embedding_blocks(part):
            if block.shape[1] != shape[1]:
                raise ReleaseMismatch(f"{part}: vectors of {block.shape[1]}, the video encoder embeds in {shape[1]}")
            try:
                writer.add_embeddings(block)
            except ValueError as error:
                raise ReleaseMismatch(f"{part}: {error}") from error
            rows += len(block)
            observer.advance("vectors", rows, shape[0])
    _expect(release.embeddings[-1], rows, shape[0])


def _add_reports(
    release: EchoPrimeRelease,
    phrases: ReleasePhrases,
    writer: BankWriter,
    collectors: list[DerivedLabels],
    expected: tuple[int, Observer],
) -> None:
    studies, observer = expected
    reports = 0
    for block in report_blocks(release.reports, phrases):
        writer.add_reports(block)
        for collector in collectors:
            collector.add(block)
        reports += len(block.counts)
        observer.advance("reports", reports, studies)
    _expect(release.reports, reports, studies)


def _add_derived(writer: BankWriter, collectors: list[DerivedLabels], summary: LabelSummary) -> None:
    for collector in collectors:
        column = collector.column()
        if np.isfinite(column).any():
            writer.add_labels(collector.source.phenotype, column, derived=True)
            summary.derived.append(collector.source.phenotype)


def _expect(path: Path, found: int, studies: int) -> None:
    if found != studies:
        raise ReleaseMismatch(f"{path}: {found} candidates, candidate_studies.csv lists {studies}")
