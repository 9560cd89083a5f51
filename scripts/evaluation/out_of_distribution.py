"""Whether a clip that is no echocardiogram is refused or warned of, and a rendered heart let through."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from model.echo.preprocessing_config import EchoPreprocessing
from model.study import Clip, SkippedClip
from scripts.evaluation.context import Evaluation
from scripts.evaluation.rendering import clips_of
from scripts.evaluation.results import Results
from scripts.evaluation.strange_clips import STRANGE
from scripts.evaluation.study_sets import StudySet
from service.pipeline import ReportPipeline
from service.schemas import ReportDocument

CODE = "out_of_distribution"
_FALSE = "out of distribution: false flags on rendered hearts"


def is_flagged(document: ReportDocument) -> bool:
    """Whether an answer about one clip refuses the clip or warns of it, in the warnings or at the clip itself."""
    if not any(clip.used for clip in document.clips):
        return True
    return CODE in {warning.code for warning in document.warnings} or any(
        _mentions(clip.model_dump()) for clip in document.clips
    )


def _mentions(fields: Mapping[str, Any]) -> bool:
    return any(value == CODE or (isinstance(value, list | tuple) and CODE in value) for value in fields.values()) or (
        fields.get(CODE) is True
    )


def measure_strange_clips(evaluation: Evaluation, results: Results) -> None:
    """Each clip is a study of its own. Poor windows are no false flag: they are left out by their planned quality."""
    per_kind = max(4, min(60, evaluation.protocol.studies // 8))
    pipeline, options = evaluation.pipeline, evaluation.options("retrieval")
    found = {}
    for kind, draw in STRANGE.items():
        rng = np.random.default_rng([evaluation.protocol.seed, len(kind)])
        clips = [Clip(1, f"{kind} {number}", "video", draw(rng), 30.0, 32) for number in range(per_kind)]
        found[kind] = float(np.mean([is_flagged(pipeline.run([clip], options)) for clip in clips]))
    false = _false_flags(pipeline, evaluation, per_kind)
    results.figures[CODE] = {**found, "false flags": false, "clips per kind": per_kind}
    for kind, share in found.items():
        results.at_least(f"out of distribution: {kind} flagged", share, 0.95)
    results.at_most(_FALSE, false, 0.05)


def _false_flags(pipeline: ReportPipeline, evaluation: Evaluation, studies: int) -> float:
    """Share of rendered clips of fair quality that are flagged."""
    config = EchoPreprocessing.model_validate(pipeline.bundle.preprocessing)
    chosen = StudySet("flags", evaluation.protocol.seed + 2, "clinical", studies, 4)
    flags = []
    for study in range(chosen.studies):
        plan = chosen.planned(study)
        for clip, planned in zip(clips_of(chosen, study, config), plan, strict=True):
            if not isinstance(clip, SkippedClip) and planned.flaw == "none":
                flags.append(is_flagged(pipeline.run([clip], evaluation.options("retrieval"))))
    return float(np.mean(flags)) if flags else float("nan")
