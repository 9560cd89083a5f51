"""Own labels → a bundle whose thresholds, probabilities, intervals and warnings were set on them.

    python -m service.site.calibration.calibrate --bundle B --bank K --studies DIR --labels labels.csv --out B2
        [--sensitivity 0.9]

writes B2, a copy of B with thresholds (of largest F1, or the highest of a target sensitivity), a probability curve per
binary phenotype, an interval per continuous one, and out-of-distribution statistics of the clips. A phenotype with too
few labels, or whose vote tells nothing, gets no threshold and so no call. The studies must not be candidates of the
bank, for a study is its own nearest neighbour: with `--key-file` those that are, and those of patients who are, are
left out and counted. `--split split.csv` keeps to the half that `validate_site` does not test on. The last line is
JSON: what each phenotype rests on.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import BankError
from model.bundle import BundleManifest, write_bundle
from model.device import choose_placement
from model.errors import ModelError
from model.familiarity.clip_distances import FILE
from model.taxonomy import Phenotype
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ServiceError
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.curves import LEVEL, cut_of, interval_offset, probability_curve
from service.site.calibration.familiarity import clip_distances
from service.site.calibration.labelled_studies import LabelledStudy, read_labels, studies_in
from service.site.calibration.split_file import read_split
from service.site.errors import OwnReportsError

FALSE_FLAGS = 0.05  # share of known clips that are warned of


def calibrated(
    manifest: BundleManifest, studies: Sequence[LabelledStudy], sensitivity: float | None = None
) -> BundleManifest:
    """The manifest with thresholds and calibration of these studies; those it had are gone, `evaluation` says why."""
    thresholds: dict[str, float] = {}
    calibration: dict[str, dict[str, float]] = {}
    summary: dict[str, Any] = {}
    for phenotype in manifest.taxonomy().phenotypes:
        known = [study for study in studies if _is_known(study, phenotype.name)]
        fit = _binary if phenotype.kind == "binary" else _continuous
        threshold, curve, summary[phenotype.name] = fit(phenotype, known, sensitivity)
        if threshold is not None:
            thresholds[phenotype.name] = threshold
        if curve is not None:
            calibration[phenotype.name] = curve
    goal = "F1" if sensitivity is None else f"sensitivity {sensitivity}"
    report = {"studies": len(studies), "thresholds": goal, "measured_on": "the calibration set", "phenotypes": summary}
    evaluation = {**manifest.evaluation, "calibration": report}
    return manifest.model_copy(update={"thresholds": thresholds, "calibration": calibration, "evaluation": evaluation})


Fit = tuple[float | None, dict[str, float] | None, dict[str, Any]]


def _is_known(study: LabelledStudy, phenotype: str) -> bool:
    return phenotype in study.labels and study.votes[phenotype].value is not None


def _binary(phenotype: Phenotype, studies: Sequence[LabelledStudy], sensitivity: float | None) -> Fit:
    votes = np.array([study.votes[phenotype.name].value for study in studies], np.float64)
    labels = np.array([study.labels[phenotype.name] for study in studies], np.float64)
    cut, curve = cut_of(votes, labels, sensitivity), probability_curve(votes, labels)
    counts: dict[str, Any] = {"studies": len(studies), "positives": int(labels.sum())}
    if cut is None:
        return None, curve, {**counts, "reason": "too few of either kind, or no threshold that helps"}
    rates = {"sensitivity": round(cut.sensitivity, 4), "specificity": round(cut.specificity, 4)}
    return cut.threshold, curve, {**counts, **rates}


def _continuous(phenotype: Phenotype, studies: Sequence[LabelledStudy], _: float | None) -> Fit:
    votes = [study.votes[phenotype.name] for study in studies]
    low, high = (np.array([getattr(vote, name) for vote in votes], np.float64) for name in ("p10", "p90"))
    offset = interval_offset(low, high, np.array([study.labels[phenotype.name] for study in studies], np.float64))
    if offset is None:
        return None, None, {"studies": len(studies), "reason": "too few studies"}
    return None, {"offset": offset, "level": LEVEL}, {"studies": len(studies), "offset": round(offset, 4)}


def write_calibrated(
    source: Path, out: Path, manifest: BundleManifest, studies: Sequence[LabelledStudy], false_flags: float
) -> BundleManifest:
    """Writes the calibrated bundle; nothing is there until it is whole. Raises FileExistsError when `out` exists."""
    if out.exists():
        raise FileExistsError(f"{out}: exists already; remove it or write elsewhere")
    building = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    try:
        shutil.copytree(source, building)
        clip_distances([study.embedding for study in studies], false_flags).write(building / FILE)
        final = write_bundle(building, manifest.model_copy(update={"out_of_distribution": FILE}))
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return final


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Calibrates as the command line says. Returns the summary."""
    _check(arguments)
    pipeline = load_pipeline(ArtifactPaths(arguments.bundle, arguments.bank), choose_placement(arguments.device))
    refused: list[str] = []
    table = read_labels(arguments.labels, pipeline.bundle.taxonomy())
    overlap = BankOverlap.of(pipeline.retriever.bank, arguments.bank, arguments.key_file)
    table = table.without(overlap, None if arguments.split is None else read_split(arguments.split))
    refused += table.refused
    studies = list(studies_in(arguments.studies, table, pipeline, refused))
    if not studies:
        raise ValueError(f"no study is both there and labelled: {'; '.join(refused)}")
    manifest = calibrated(pipeline.bundle, studies, arguments.sensitivity)
    final = write_calibrated(arguments.bundle, arguments.out, manifest, studies, arguments.false_flags)
    return {**final.evaluation["calibration"], "kept_out": refused, "false_flags": arguments.false_flags}


def _check(arguments: argparse.Namespace) -> None:
    """Raises ValueError or OSError, naming the option, its value and the limit, before hours of reading."""
    for option, value in (("--sensitivity", arguments.sensitivity), ("--false-flags", arguments.false_flags)):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{option}: {value:g} is not between 0 and 1")
    if arguments.out.exists():
        raise FileExistsError(f"--out: {arguments.out} exists already; remove it or write elsewhere")
    if not arguments.studies.is_dir():
        raise NotADirectoryError(f"--studies: {arguments.studies} is no folder of studies")


def main() -> int:
    """Command line. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--studies", type=Path, required=True, help="folder with one folder or zip per study")
    parser.add_argument("--labels", type=Path, required=True, help="CSV: study, and a column per phenotype")
    parser.add_argument("--split", type=Path, help="split.csv of validate_site: its test half is left untouched")
    parser.add_argument("--key-file", type=Path, help="key of the bank's pseudonyms: studies in the bank are left out")
    parser.add_argument("--out", type=Path, required=True, help="the calibrated bundle; must not exist")
    parser.add_argument("--sensitivity", type=float, help="target of every threshold; without it largest F1")
    parser.add_argument("--false-flags", type=float, default=FALSE_FLAGS, help="share of known clips beyond the limit")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    try:
        summary = run(arguments)
    except (ServiceError, ModelError, BankError, OwnReportsError, ValueError, OSError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
