"""Imports an EchoPrime release: its weights become a bundle, its candidates a bank. No pickle is executed.

The memory that it takes does not grow with the release. An import that was stopped goes on where it was: labels,
vectors and reports that are complete stay. A release is a folder with `model_data/` and `assets/` as the public one
lays them out; files that are absent and not needed are named, with what is done instead. With a local folder of
BiomedBERT's tokenizer (its `vocab.txt`) the text encoder is converted too, so that own reports can be embedded among
the candidates.
"""

import resource
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model.bundle import read_bundle, write_bundle
from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.echoprime.bank import LabelSummary, import_bank
from service.site.echoprime.bundle import ImportedBundle, import_bundle
from service.site.echoprime.layout import EchoPrimeRelease, find_release
from service.site.echoprime.phrases import read_phrases
from service.site.echoprime.spoken_release import SpokenRelease
from service.site.observer import QUIET, Observer


def import_release(
    folder: Path, out: Path, *, tokenizer: Path | None = None, observer: Observer = QUIET
) -> dict[str, Any]:
    """Imports a release into `out`/bundle and `out`/bank.

    Returns the summary: counts, where each phenotype's labels came from, thresholds left out, seconds, peak memory.
    Raises ReleaseError naming the file that is missing or does not fit, FileExistsError when either folder exists.
    """
    started = time.monotonic()
    release = find_release(folder)
    for text in release.absent.values():
        observer.say(f"absent: {text}")
    for target in (out / "bundle", out / "bank"):
        if target.exists():
            raise FileExistsError(f"{target}: exists already; remove it or write elsewhere")
    building = out / ".bundle.unfinished"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        observer.say("weights")
        bundle = import_bundle(release, building, tokenizer=tokenizer)
        spoken = SpokenRelease.of(read_phrases(release.phrases, ECHO_TAXONOMY))
        manifest, labels = import_bank(release, out / "bank", bundle, spoken.bank_phrases, observer)
        stated = {"thresholds_bank": manifest.identity, **spoken.write(building)}
        write_bundle(building, read_bundle(building).model_copy(update=stated))
        building.rename(out / "bundle")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    for coverage in spoken.coverage():
        observer.say(f"language: {coverage.text()}")
    return {
        "candidates": manifest.candidates,
        "sentences": manifest.sentences,
        "dimension": manifest.dimension,
        "search": manifest.search,
        **_summary(release, bundle, labels),
        "language": {part.section: asdict(part) for part in spoken.coverage()},
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _summary(release: EchoPrimeRelease, bundle: ImportedBundle, labels: LabelSummary) -> dict[str, Any]:
    return {
        "synthetic": release.synthetic,
        "labels": {
            "given": labels.given,
            "derived": labels.derived,
            "absent": labels.absent,
            "unknown_columns": labels.unknown,
        },
        "thresholds": bundle.thresholds.kept,
        "thresholds_dropped": bundle.thresholds.dropped,
    }
