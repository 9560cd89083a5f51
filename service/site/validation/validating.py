"""Studies and their signed reports → how far this site's drafts agree with them, with intervals over patients.

Signed reports are a CSV with `study`, `patient`, and the signed text (`report`, or a column per section) or labels (a
column per phenotype). What is written: EVAL-site.md and eval-site.json, which hold figures only, no name and no text;
and split.csv, which says to which half every study belongs. Studies must not be in the bank: with the key of its
pseudonyms, those that are, and those of patients who are, are left out and counted.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.bundle import BundleManifest
from model.device import choose_placement
from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.language.translation import Translation
from service.answer.text.plain_sentences import plain_text
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ServiceError
from service.ingest.limits import IngestLimits
from service.modalities.registry import served
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.split_file import PARTS, SPLIT_FILE, write_split
from service.site.observer import QUIET, Observer
from service.site.validation.agreement import ReadStudy, agreement_of
from service.site.validation.options import ValidationOptions
from service.site.validation.page import site_page
from service.site.validation.signed_reports import SignedReport, content_of, part_of, read_signed_reports


def validate(options: ValidationOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Drafts every signed study and writes the three files. Returns what eval-site.json holds.

    Raises ValueError, OSError, ServiceError, ModelError, BankError or OwnReportsError, naming the file or option.
    """
    if not options.studies.is_dir():
        raise NotADirectoryError(f"--studies: {options.studies} is no folder of studies")
    pipeline = load_pipeline(ArtifactPaths(options.bundle, options.bank), choose_placement(options.device))
    own, written_in = languages_of(options.bundle, pipeline.bundle, options.lang)
    reader = PhraseReader(own)
    signed = read_signed_reports(options.reports, pipeline.bundle.taxonomy(), PhraseReader(written_in))
    signed = signed.without(BankOverlap.of(pipeline.retriever.bank, options.bank, options.key_file))
    kept_out = list(signed.refused)
    candidates = pipeline.retriever.bank.manifest.candidates
    run = RunOptions(options.mode, min(50, candidates))
    pipeline.check(run)
    drafting = Drafting(pipeline, reader, run)
    studies = list(read_studies(options.studies, signed.reports, drafting, kept_out, observer))
    if not studies:
        raise ValueError(f"no study is both there and signed: {'; '.join(kept_out)}")
    parts = {name: [study for study in studies if part_of(study.patient) == name] for name in PARTS}
    summary = {
        **{name: pipeline.provenance[name] for name in ("bundle", "bundle_sha256", "bank", "bank_sha256")},
        "mode": options.mode or pipeline.modes[0],
        "kept_out": kept_out,
        "parts": {name: agreement_of(found, pipeline.bundle.taxonomy()) for name, found in parts.items() if found},
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "eval-site.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    (options.out / "EVAL-site.md").write_text(site_page(summary), encoding="utf-8")
    split = ((name, part_of(report.patient)) for name, report in sorted(signed.reports.items()))
    write_split(options.out / SPLIT_FILE, split)
    return summary


def languages_of(folder: Path, manifest: BundleManifest, lang: str | None) -> tuple[Language, Language]:
    """The bundle's own language, which drafts are compared in, and the one that reports were signed in.

    Raises ValueError when the bundle has none, or not that one.
    """
    if manifest.phrases is None:
        raise ValueError(f"{folder}: brings no language, so no text can be read")
    own = Language.read(folder / manifest.phrases)
    if lang is None or lang == own.language:
        return own, own
    if lang not in manifest.languages:
        raise ValueError(f"--lang: the bundle reads {', '.join((own.language, *manifest.languages))}, not {lang!r}")
    return own, Translation.read(folder / manifest.languages[lang], own).language


@dataclass(frozen=True)
class Drafting:
    """How studies are drafted, and how drafts are read back."""

    pipeline: ReportPipeline
    reader: PhraseReader
    options: RunOptions


def read_studies(
    folder: Path, reports: Mapping[str, SignedReport], drafting: Drafting, kept_out: list[str], observer: Observer
) -> Iterator[ReadStudy]:
    """Each signed study of a folder, drafted. Adds a line to `kept_out` for what is left out; no line names a study."""
    entries = {path.name.removesuffix(".zip"): path for path in sorted(folder.iterdir())}
    kept_out += [f"reports without a study: {len(reports.keys() - entries.keys())}"]
    kept_out += [f"studies without a report: {len(entries.keys() - reports.keys())}"]
    names = sorted(entries.keys() & reports.keys())
    opened = served(drafting.pipeline.bundle.modality).open_study
    for number, name in enumerate(names, start=1):
        observer.advance("studies", number - 1, len(names))
        try:
            with opened([entries[name]], IngestLimits()) as files:
                document = drafting.pipeline.run(files.read(), drafting.options)
        except ServiceError as error:
            kept_out.append(f"study {number}: {error}")
            continue
        draft = content_of(plain_text(document), drafting.reader)
        yield ReadStudy(reports[name].patient, document.phenotypes, draft, reports[name].content)
