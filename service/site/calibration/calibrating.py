"""Own labels → a bundle whose thresholds, probabilities, intervals and warnings were set on them.

The new bundle is a copy of the old one with thresholds (of largest F1, or the highest of a target sensitivity), a
probability curve per binary phenotype, an interval per continuous one, and out-of-distribution statistics of the clips.
A phenotype with too few labels, or whose vote tells nothing, gets no threshold and so no call. The studies must not be
candidates of the bank, for a study is its own nearest neighbour: with the key of the bank's pseudonyms, those that are,
and those of patients who are, are left out and counted. A split file keeps to the half that a validation does not test
on.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import BundleManifest, write_bundle
from model.device import choose_placement
from model.familiarity.clip_distances import FILE, ClipDistances
from model.taxonomy import Phenotype
from service.artifacts import ArtifactPaths, load_pipeline
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.curves import LEVEL, cut_of, interval_offset, probability_curve
from service.site.calibration.familiarity import clip_distances
from service.site.calibration.labelled_studies import LabelledStudy, read_labels, studies_in
from service.site.calibration.options import CalibrationOptions
from service.site.calibration.split_file import read_split
from service.site.observer import QUIET, Observer


def calibrate_manifest(
    manifest: BundleManifest,
    studies: Sequence[LabelledStudy],
    sensitivity: float | None = None,
    bank: str | None = None,
) -> BundleManifest:
    """The manifest with thresholds and calibration of these studies; those it had are gone, `evaluation` says why.

    bank: identity of the bank that voted.
    """
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
    changed = {
        "thresholds": thresholds,
        "threshold_sources": dict.fromkeys(thresholds, "calibration"),
        "calibration": calibration,
        "thresholds_bank": bank,
        "evaluation": evaluation,
    }
    return manifest.model_copy(update=changed)


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


def write_calibrated(source: Path, out: Path, manifest: BundleManifest, known: ClipDistances) -> BundleManifest:
    """Writes the calibrated bundle; nothing is there until it is whole. Raises FileExistsError when `out` exists."""
    if out.exists():
        raise FileExistsError(f"{out}: exists already; remove it or write elsewhere")
    building = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    try:
        shutil.copytree(source, building)
        known.write(building / FILE)
        final = write_bundle(building, manifest.model_copy(update={"out_of_distribution": FILE}))
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return final


def calibrate(options: CalibrationOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Writes the calibrated bundle. Returns what each phenotype rests on.

    Raises ValueError, OSError, ServiceError, ModelError, BankError or OwnReportsError, naming the file or option.
    """
    _check(options)
    pipeline = load_pipeline(ArtifactPaths(options.bundle, options.bank), choose_placement(options.device))
    refused: list[str] = []
    table = read_labels(options.labels, pipeline.bundle.taxonomy())
    overlap = BankOverlap.of(pipeline.retriever.bank, options.bank, options.key_file)
    table = table.without(overlap, None if options.split is None else read_split(options.split))
    refused += table.refused
    studies = list(studies_in(options.studies, table, pipeline, refused, observer))
    if not studies:
        raise ValueError(f"no study is both there and labelled: {'; '.join(refused)}")
    manifest = calibrate_manifest(
        pipeline.bundle, studies, options.sensitivity, pipeline.retriever.bank.manifest.identity
    )
    known = clip_distances([study.embedding for study in studies], options.false_flags)
    final = write_calibrated(options.bundle, options.out, manifest, known)
    told = {"kept_out": refused, "false_flags": options.false_flags, "study_limits": stated_limits(known)}
    return {**final.evaluation["calibration"], **told}


def stated_limits(known: ClipDistances) -> list[float] | None:
    """The limits of whole studies of 1, 2, … clips as a summary states them; None where the studies were too few."""
    return None if known.study_limits is None else [round(limit, 1) for limit in known.study_limits.tolist()]


def _check(options: CalibrationOptions) -> None:
    """Raises ValueError or OSError, naming the option, its value and the limit, before hours of reading."""
    for option, value in (("--sensitivity", options.sensitivity), ("--false-flags", options.false_flags)):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{option}: {value:g} is not between 0 and 1")
    if options.out.exists():
        raise FileExistsError(f"--out: {options.out} exists already; remove it or write elsewhere")
    if not options.studies.is_dir():
        raise NotADirectoryError(f"--studies: {options.studies} is no folder of studies")
