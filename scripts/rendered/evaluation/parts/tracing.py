"""Tracing: outlines against exact masks and measurements against the patient, on looks that nothing was trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.echo.tracing.chambers import CHAMBERS
from model.echo.tracing.judging import Judge, Judgement
from model.echo.tracing.tracer import Tracer
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.tracing.measured_rows import MeasuredRow, rows_of
from scripts.rendered.tracing.traced_studies import StudyRenderer, TracedTruth, studies_of
from scripts.rendered.training.tracer_training import dice

TRACING_SEED = 91_895  # of the range `test`; no other part draws from it, and no figure of it was seen (LOG L-093)
STUDIES = 100
DICE_BARS = {"lv": 0.93, "la": 0.90, "rv": 0.88, "ra": 0.88}
EF_BARS = {"lv_ejection_fraction:disks_A4C": 4.0, "lv_ejection_fraction:biplane_disks": 3.0}


def measure_tracing(
    tracer: Tracer | None,
    results: Results,
    studies: int = STUDIES,
    seed: int = TRACING_SEED,
    folder: Path | None = None,
) -> None:
    """Adds figures and bars; every bar fails where the bundle has no tracer. folder: keeps the rendered clips."""
    if tracer is None:
        names = [f"Dice {name}" for name in DICE_BARS] + [f"EF error, {kind}" for kind in EF_BARS]
        results.not_measured(names, "the bundle has no tracer")
        return
    rows: list[MeasuredRow] = []
    clips: list[TracedTruth] = []
    renderer = StudyRenderer(seed, HELD_OUT_LOOKS, tracer.size, folder)
    for study in studies_of(tracer, renderer, range(studies)):
        clips += study
        rows += rows_of(study)
    overlap = dice_table(clips)
    for chamber, least in DICE_BARS.items():
        results.at_least(f"Dice {chamber}, unseen looks", overlap["all"][chamber], least)
    errors = error_table(rows, tracer.judge)
    for kind, most in EF_BARS.items():
        results.at_most(f"EF error, {kind}, unseen looks", errors.get(kind, {}).get("mae", float("nan")), most)
    results.figures["tracing"] = {"seed": seed, "studies": studies}
    results.figures["tracing_dice"] = overlap
    results.figures["tracing_measurements"] = errors


def dice_table(clips: Sequence[TracedTruth]) -> dict[str, dict[str, float]]:
    """View → chamber → mean Dice over the frames that show it; `all` over all views."""
    views = sorted({clip.trace.view for clip in clips})
    groups = {"all": list(clips), **{view: [clip for clip in clips if clip.trace.view == view] for view in views}}
    return {name: _mean_dice(group) for name, group in groups.items()}


def _mean_dice(clips: Sequence[TracedTruth]) -> dict[str, float]:
    found = np.concatenate([clip.found for clip in clips])
    truth = np.concatenate([clip.chambers for clip in clips])
    scores = dice(found, truth)
    return {name: float(scores[name].mean()) if len(scores[name]) else float("nan") for name in CHAMBERS}


def error_table(rows: Sequence[MeasuredRow], judge: Judge) -> dict[str, dict[str, Any]]:
    """Kind → error of all, share that is stated, error of those, how many of their truths the interval holds."""
    table = {}
    for kind in sorted({row.kind for row in rows}):
        of_kind = [row for row in rows if row.kind == kind]
        judgement = judge.judgements.get(kind)
        errors = np.array([row.truth - _shown(row.measured, judgement) for row in of_kind])
        truth = np.array([row.truth for row in of_kind])
        figures: dict[str, Any] = {
            "clips": len(of_kind),
            "mae": float(np.abs(errors).mean()),
            "bias": float(-errors.mean()),
            "correlation": float(np.corrcoef(truth, truth - errors)[0, 1]) if len(of_kind) > 2 else None,
        }
        if judgement is not None:
            stated = np.array([judgement.quality(row.signs) >= judgement.limit for row in of_kind])
            unit = truth - errors if judgement.is_relative else np.ones(len(of_kind))
            held = (errors >= judgement.low * unit) & (errors <= judgement.high * unit)
            figures["stated"] = float(stated.mean())
            if stated.any():
                figures["mae_stated"] = float(np.abs(errors[stated]).mean())
                figures["interval_holds"] = float(held[stated].mean())
        table[kind] = figures
    return table


def _shown(value: float, judgement: Judgement | None) -> float:
    """The value as the answer shows it."""
    return value if judgement is None else judgement.corrected(value)
