"""Checks that the product computes the published pipeline's numbers where it is right.

    python -m scripts.reference.check_parity GOLDEN [--clips DIR]...

Every array of every file in GOLDEN is compared with what the product's own code computes; an array whose key is the
stem of a clip is looked up in the folders given, then among the files that pydicom and pydicom-data bundle. The last
line is JSON; the exit status is 1 when anything was not checked or is beyond its tolerance.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.reference.parity.comparison import Comparison, Missing, ParityCheck
from scripts.reference.parity.encoders import check_encoders
from scripts.reference.parity.golden_arrays import GoldenUnreadable, arrays_of
from scripts.reference.parity.preprocess import check_preprocess
from scripts.reference.parity.retrieval import check_retrieval

CHECKS: Mapping[str, ParityCheck] = {
    "echoprime_preprocess_mp4.npz": check_preprocess,
    "echoprime_preprocess_dicom.npz": check_preprocess,
    "echoprime_encoders.npz": check_encoders,
    "echoprime_retrieval.npz": check_retrieval,
    "echoprime_retrieval.json": check_retrieval,
}
PROSE = frozenset({".md", ".txt"})  # a README beside the arrays holds nothing to check


def check_folder(golden: Path, clip_folders: tuple[Path, ...]) -> list[Comparison | Missing]:
    """One entry per array of every file under the folder, unknown ones included as Missing."""
    files = sorted(path for path in golden.rglob("*") if path.is_file() and path.suffix.lower() not in PROSE)
    return [entry for file in files for entry in _check_file(file, golden, clip_folders)]


def _check_file(file: Path, golden: Path, clip_folders: tuple[Path, ...]) -> list[Comparison | Missing]:
    check = CHECKS.get(file.name)
    try:
        if check is not None:
            return check(file, clip_folders)
        name = str(file.relative_to(golden))
        if file.suffix != ".npz":
            return [Missing(name, "no check knows this file")]
        return [Missing(f"{name}:{key}", "no check knows this file") for key in arrays_of(file)] or [
            Missing(name, "holds no array")
        ]
    except GoldenUnreadable as error:
        return [Missing(file.name, str(error))]


def summary(entries: Sequence[Comparison | Missing]) -> dict[str, object]:
    """The JSON of the last line: ok, the arrays checked, failed and missing, and the worst value of each measure."""
    compared = [entry for entry in entries if isinstance(entry, Comparison)]
    missing = [entry.array for entry in entries if isinstance(entry, Missing)]
    failed = [entry.array for entry in compared if not entry.ok]
    worst: dict[str, tuple[float, str]] = {}
    for entry in compared:
        for measure, value in entry.measured.items():
            badness = value if math.isfinite(value) else math.inf
            worst[measure] = max(worst.get(measure, (-math.inf, "")), (badness, entry.array))
    return {
        "ok": bool(compared) and not missing and not failed,
        "checked": [entry.array for entry in compared],
        "failed": failed,
        "missing": missing,
        "worst": {
            measure: {"array": array, "value": value if math.isfinite(value) else None}
            for measure, (value, array) in worst.items()
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when everything was checked and is within tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden", type=Path, help="folder of reference numbers")
    parser.add_argument("--clips", type=Path, action="append", default=[], help="folder of clips; may be repeated")
    options = parser.parse_args(arguments)
    for folder in (options.golden, *options.clips):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    entries = check_folder(options.golden, tuple(options.clips))
    for entry in entries:
        if isinstance(entry, Missing):
            print(f"missing  {entry.array}: {entry.why}")
        else:
            print(f"{'ok' if entry.ok else 'FAILED':8} {entry.array}: {entry.text}")
    result = summary(entries)
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
