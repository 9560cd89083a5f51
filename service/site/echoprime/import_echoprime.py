"""Imports an EchoPrime release: its weights become a bundle, its candidates a bank. No pickle is executed.

    python -m service.site.echoprime.import_echoprime RELEASE --out B [--tokenizer FOLDER]

writes B/bundle and B/bank, in memory that does not grow with the release. Stopped, it goes on where it was when it is
called again: labels, vectors and reports that are complete stay. RELEASE is a folder with `model_data/` and
`assets/` as the public release lays them out; files absent that are not needed are named, with what is done instead.
With a local folder of BiomedBERT's tokenizer (its `vocab.txt`) the text encoder is converted too, so that own reports
can be embedded among the candidates. The last line is JSON: counts, where each phenotype's labels came from, thresholds
left out, seconds and peak memory.
"""

import argparse
import json
import resource
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import BankError
from model.errors import ModelError
from service.site.echoprime.bank import LabelSummary, import_bank
from service.site.echoprime.bundle import ImportedBundle, import_bundle
from service.site.echoprime.errors import ReleaseError
from service.site.echoprime.layout import EchoPrimeRelease, find_release


@dataclass
class _Clock:
    """Prints what is being done with the seconds since the start."""

    started: float

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:7.1f} s  {text}", flush=True)


def import_release(folder: Path, out: Path, *, tokenizer: Path | None = None) -> dict[str, Any]:
    """Imports a release into `out`/bundle and `out`/bank. Returns the summary.

    Raises ReleaseError naming the file that is missing or does not fit, FileExistsError when either folder exists.
    """
    say = _Clock(time.monotonic())
    release = find_release(folder)
    for text in release.absent.values():
        say(f"absent: {text}")
    for target in (out / "bundle", out / "bank"):
        if target.exists():
            raise FileExistsError(f"{target}: exists already; remove it or write elsewhere")
    building = out / ".bundle.unfinished"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        say("weights")
        bundle = import_bundle(release, building, tokenizer=tokenizer)
        manifest, labels = import_bank(release, out / "bank", bundle, say)
        building.rename(out / "bundle")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return {
        "candidates": manifest.candidates,
        "sentences": manifest.sentences,
        "dimension": manifest.dimension,
        "search": manifest.search,
        **_summary(release, bundle, labels),
        "seconds": round(time.monotonic() - say.started, 1),
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


def main() -> int:
    """Reads the command line and imports. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, help="folder of the release")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets bundle/ and bank/")
    parser.add_argument(
        "--tokenizer", type=Path, help="folder with the text encoder's vocab.txt; also converts that encoder (440 MB)"
    )
    arguments = parser.parse_args()
    try:
        summary = import_release(arguments.release, arguments.out, tokenizer=arguments.tokenizer)
    except (ReleaseError, BankError, ModelError, OSError) as error:
        print(f"import_echoprime: {error}", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
