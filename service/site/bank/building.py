"""The steps of a build: table → survey → staged chunks → the next version of the bank; and deletion."""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.building.bank_writer import BankDescription
from index.candidate_bank import CandidateBank
from index.candidate_keys import KEY_PATTERN
from index.manifest import BankManifest
from model.bundle import MANIFEST, read_bundle, sha256_of
from model.device import choose_placement
from service.settings import shipped_bundle
from service.site.bank.bank_folder import LAST_RUN, NextBank, candidates_of, forget_runs, lock_folder, open_current
from service.site.bank.bundle_reading import BundleReading
from service.site.bank.journal import Journal, Staged
from service.site.bank.options import BankOptions, ReportsToAdd
from service.site.bank.sources import vector_source
from service.site.bank.staging import Stage, rejects_of, write_notes
from service.site.bank.vectors import VectorSource
from service.site.errors import BankRefused
from service.site.identity.pseudonyms import read_pseudonyms
from service.site.observer import QUIET, Observer
from service.site.reports.coverage import coverage_of
from service.site.reports.mapping import ColumnMapping, read_mapping
from service.site.reports.quarantine_words import words_put_aside, write_words
from service.site.reports.survey import Survey, survey
from service.site.reports.table import read_table

_CHUNK_ROWS = {"text encoder": 64, "embeddings": 256, "studies": 4}  # rows that a stop can cost again
_NOBODY = np.zeros(0, np.int64)


def add_reports(options: BankOptions, adding: ReportsToAdd, observer: Observer = QUIET) -> dict[str, Any]:
    """Adds reports to a bank that no other process changes meanwhile. Returns what became of them.

    Raises OwnReportsError, BankError or ModelError; then what is served is unchanged.
    """
    started = time.monotonic()
    build = BankBuild(options)
    with lock_folder(options.out):
        summary = build.add(adding, observer)
    return {**summary, "seconds": round(time.monotonic() - started, 1)}


def delete_candidates(options: BankOptions, studies: Sequence[str], patients: Sequence[str]) -> dict[str, Any]:
    """Takes studies and patients (ids, or their pseudonyms) out of a bank. Returns how many candidates have left.

    Raises ValueError when nobody is named, OwnReportsError, BankError or ModelError; then what is served is unchanged.
    """
    if not studies and not patients:
        raise ValueError("name a study (--study ID) or a patient (--patient ID) to take out")
    started = time.monotonic()
    build = BankBuild(options)
    with lock_folder(options.out):
        summary = build.delete(studies, patients)
    return {**summary, "seconds": round(time.monotonic() - started, 1)}


class BankBuild:
    """Adds reports to the bank of a folder, or takes some out."""

    def __init__(self, options: BankOptions) -> None:
        self._options = options
        self._folder = options.bundle or shipped_bundle()
        self._manifest = read_bundle(self._folder)
        self._pseudonyms = read_pseudonyms(options.key_file)
        self._reading = BundleReading(self._folder, self._manifest)
        self._language, self._sections = self._reading.language(), self._reading.sections
        self._encoder = self._manifest.encoder_sha256

    def _source(self, adding: ReportsToAdd) -> VectorSource:
        """Where the vectors come from; a dry run loads no network."""
        return vector_source(
            (self._folder, self._manifest),
            adding.studies,
            (adding.embeddings, adding.embedding_ids),
            self._language,
            None if adding.dry_run else choose_placement("auto"),
        )

    def _base(self, adding: ReportsToAdd) -> CandidateBank | None:
        """The bank that is added to, None for a new one. Raises BankRefused when the folder holds the other."""
        out = self._options.out
        base = open_current(out, self._pseudonyms, self._encoder)
        if base is not None and not adding.append and not adding.dry_run:
            raise BankRefused(f"{out}: has a bank already; `echoscribe bank append` adds to it")
        if base is None and adding.append:
            raise BankRefused(f"{out}: has no bank yet; `echoscribe bank build` makes one")
        return base

    def add(self, adding: ReportsToAdd, observer: Observer = QUIET) -> dict[str, Any]:
        """Adds the reports of a CSV. Raises OwnReportsError; then what is served is unchanged."""
        out, source = self._options.out, self._source(adding)
        base = self._base(adding)
        mapping = read_mapping(adding.mapping)
        mapping.check(self._sections, self._manifest.taxonomy().phenotype_names)
        looked = survey(read_table(adding.reports, mapping), mapping)
        plan = self._plan(adding.reports, mapping, source, base)
        journal = Journal(out / (".dry-run.unfinished" if adding.dry_run else ".build.unfinished"), plan)
        stage = Stage(
            reader=self._reading.row_reader(mapping, looked, self._pseudonyms, source.names),
            source=source,
            journal=journal,
            dimension=self._manifest.embedding_dim,
            chunk_rows=_CHUNK_ROWS[source.name],
            known=frozenset() if base is None else frozenset(base.keys(np.arange(base.manifest.candidates))[1]),
            observer=observer,
        )
        staged = stage.run(read_table(adding.reports, mapping), looked)
        summary = self._notes(staged, looked, source)
        aside = {line for chunk in staged for line, _, _ in chunk.quarantined}
        words = words_put_aside(stage.reader, read_table(adding.reports, mapping), aside)
        written = write_words(adding.reports, words)
        summary["quarantine_words"] = None if written is None else str(written)
        if not adding.dry_run:
            if base is None and not summary["reports"]:
                why = {**summary["rejected"], **summary["quarantined"]}
                raise BankRefused(f"{out}: none of {looked.rows} rows can be used: {why}; {out / LAST_RUN} says which")
            new = NextBank(base, _NOBODY, staged).publish(
                out, self._pseudonyms, self._language, self._sections, self._describe
            )
            summary |= self._published(new)
        journal.remove()
        return summary

    def delete(self, studies: Sequence[str], patients: Sequence[str]) -> dict[str, Any]:
        """Takes studies and patients out: vectors, text, labels, index rows, older versions, notes of earlier runs."""
        out = self._options.out
        base = open_current(out, self._pseudonyms, self._encoder)
        if base is None:
            raise BankRefused(f"{out}: has no bank")
        gone = [
            (kind, self._key(kind, name))
            for kind, names in (("study", studies), ("patient", patients))
            for name in names
        ]
        by_kind = {kind: {key for k, key in gone if k == kind} for kind in ("study", "patient")}
        leaving = candidates_of(base, by_kind["study"], by_kind["patient"])
        if not len(leaving):
            raise BankRefused(f"{out}: has no candidate of these studies or patients")
        new = NextBank(base, leaving, None).publish(
            out, self._pseudonyms, self._language, self._sections, self._describe
        )
        forget_runs(out)
        return {"deleted": len(leaving), **self._published(new)}

    def _key(self, kind: Any, name: str) -> str:
        return name if re.fullmatch(KEY_PATTERN, name) else self._pseudonyms.of(kind, name)

    def _plan(
        self, reports: Path, mapping: ColumnMapping, source: VectorSource, base: CandidateBank | None
    ) -> dict[str, Any]:
        """Everything that the chunks depend on."""
        return {
            "reports": sha256_of(reports),
            "mapping": mapping.model_dump(mode="json"),
            "bundle": sha256_of(self._folder / MANIFEST),
            "source": [source.name, source.fingerprint],
            "key": self._pseudonyms.key_check,
            "base": None if base is None else base.sha256,
        }

    def _notes(self, staged: Staged, looked: Survey, source: VectorSource) -> dict[str, Any]:
        """Writes coverage, rejects and quarantine of this run, and returns what they add up to."""
        folder = self._options.out / LAST_RUN
        folder.mkdir(exist_ok=True)
        left = {self._pseudonyms.of("study", s): reason for s, reason in source.left_over(looked.studies).items()}
        rejected = write_notes(folder / "rejects.csv", rejects_of(staged, looked, left))
        aside = (note for chunk in staged for note in chunk.quarantined)
        quarantined = write_notes(folder / "quarantine.csv", sorted(aside))
        reports = sum(len(chunk.reports) for chunk in staged)
        coverage = coverage_of(staged.counts(), self._sections, reports, looked.rows)
        text = json.dumps({**coverage, "rejected": rejected, "quarantined": quarantined}, indent=1)
        (folder / "coverage.json").write_text(text + "\n", encoding="utf-8")
        return {"coverage": coverage, "reports": reports, "rejected": dict(rejected), "quarantined": dict(quarantined)}

    def _published(self, manifest: BankManifest) -> dict[str, Any]:
        bank = CandidateBank.open(self._options.out, None)
        return {"candidates": manifest.candidates, "version": bank.folder.name, "bank_sha256": bank.sha256}

    def _describe(self, base: CandidateBank | None) -> BankDescription:
        """A new version is described as the one before it."""
        if base is not None:
            old = base.manifest
            return BankDescription(
                name=old.name,
                encoder_sha256=old.encoder_sha256,
                trained=old.trained,
                domain=old.domain,
                licence_notice=old.licence_notice,
                text_may_be_shown=old.text_may_be_shown,
                lineage=old.identity,
            )
        return BankDescription(
            name=self._options.name,
            encoder_sha256=self._encoder,
            trained=self._manifest.trained,
            domain=self._manifest.domain,
            licence_notice=self._options.notice,
            text_may_be_shown=self._options.show_text,
        )
