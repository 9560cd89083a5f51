"""Studies and their signed reports → how far this site's drafts agree with them, with intervals over patients.

    python -m service.site.validation.validate_site --bundle B --bank K --studies DIR --reports signed.csv --out FOLDER
        [--lang de]

DIR holds one folder or zip per study; signed.csv has `study`, `patient`, and the signed text (`report`, or a column per
section) or labels (a column per phenotype). Writes FOLDER/EVAL-site.md, FOLDER/eval-site.json and FOLDER/split.csv,
which says to which half every study belongs; the first two hold figures only, no name and no text. Studies must not be
in the bank: with `--key-file` those that are, and those of patients who are, are left out and counted. The last line is
JSON.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from index.errors import BankError
from model.bundle import BundleManifest
from model.device import choose_placement
from model.errors import ModelError
from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.language.translation import Translation
from service.answer.plain_sentences import plain_text
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ServiceError
from service.ingest.limits import IngestLimits
from service.ingest.study import open_study
from service.pipeline import ReportPipeline, RunOptions
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.split_file import PARTS, SPLIT_FILE, write_split
from service.site.errors import OwnReportsError
from service.site.validation.agreement import ReadStudy, agreement_of
from service.site.validation.page import site_page
from service.site.validation.signed_reports import SignedReport, content_of, part_of, read_signed_reports


def validate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Validates as the command line says and writes its three files. Returns the summary."""
    if not arguments.studies.is_dir():
        raise NotADirectoryError(f"--studies: {arguments.studies} is no folder of studies")
    pipeline = load_pipeline(ArtifactPaths(arguments.bundle, arguments.bank), choose_placement(arguments.device))
    own, written_in = languages_of(arguments.bundle, pipeline.bundle, arguments.lang)
    reader = PhraseReader(own)
    signed = read_signed_reports(arguments.reports, pipeline.bundle.taxonomy(), PhraseReader(written_in))
    signed = signed.without(BankOverlap.of(pipeline.retriever.bank, arguments.bank, arguments.key_file))
    kept_out = list(signed.refused)
    candidates = pipeline.retriever.bank.manifest.candidates
    options = RunOptions(arguments.mode, min(50, candidates))
    pipeline.check(options)
    studies = list(read_studies(arguments.studies, signed.reports, pipeline, reader, options, kept_out))
    if not studies:
        raise ValueError(f"no study is both there and signed: {'; '.join(kept_out)}")
    parts = {name: [study for study in studies if part_of(study.patient) == name] for name in PARTS}
    summary = {
        **{name: pipeline.provenance[name] for name in ("bundle", "bundle_sha256", "bank", "bank_sha256")},
        "mode": arguments.mode or pipeline.modes[0],
        "kept_out": kept_out,
        "parts": {name: agreement_of(found, pipeline.bundle.taxonomy()) for name, found in parts.items() if found},
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "eval-site.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    (arguments.out / "EVAL-site.md").write_text(site_page(summary), encoding="utf-8")
    split = ((name, part_of(report.patient)) for name, report in sorted(signed.reports.items()))
    write_split(arguments.out / SPLIT_FILE, split)
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


def read_studies(
    folder: Path,
    reports: Mapping[str, SignedReport],
    pipeline: ReportPipeline,
    reader: PhraseReader,
    options: RunOptions,
    kept_out: list[str],
) -> Iterator[ReadStudy]:
    """Each signed study of a folder, drafted. Adds a line to `kept_out` for what is left out; no line names a study."""
    entries = {path.name.removesuffix(".zip"): path for path in sorted(folder.iterdir())}
    kept_out += [f"reports without a study: {len(reports.keys() - entries.keys())}"]
    kept_out += [f"studies without a report: {len(entries.keys() - reports.keys())}"]
    for number, name in enumerate(sorted(entries.keys() & reports.keys()), start=1):
        try:
            with open_study([entries[name]], IngestLimits()) as files:
                document = pipeline.run(files.read(), options)
        except ServiceError as error:
            kept_out.append(f"study {number}: {error}")
            continue
        draft = content_of(plain_text(document), reader)
        yield ReadStudy(reports[name].patient, document.phenotypes, draft, reports[name].content)


def main() -> int:
    """Command line. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--studies", type=Path, required=True, help="folder with one folder or zip per study")
    parser.add_argument("--reports", type=Path, required=True, help="CSV of signed reports")
    parser.add_argument("--key-file", type=Path, help="key of the bank's pseudonyms: studies in the bank are left out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=("rag", "retrieval", "generate"))
    parser.add_argument("--lang", help="language of the signed reports, one of the bundle's; without it its own")
    parser.add_argument("--device", default="cpu")
    try:
        summary = validate(parser.parse_args())
    except (ServiceError, ModelError, BankError, OwnReportsError, ValueError, OSError) as error:
        print(f"validate_site: {error}", file=sys.stderr)
        return 1
    counts = {name: {key: part[key] for key in ("studies", "patients")} for name, part in summary["parts"].items()}
    print(json.dumps({"parts": counts, "kept_out": summary["kept_out"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
