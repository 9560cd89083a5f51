"""Whether a clip that is no echocardiogram is refused or warned of, and a rendered heart let through."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model.study import Clip, SkipReason
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding_cache import CachedStudy
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.strange_clips import STRANGE
from service.schemas import ReportDocument

CODE = "out_of_distribution"
_POOR = 0.2  # quality up to which a window is planned as poor (scripts/rendered/phantom/scan/study.py)
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


def measure_strange_clips(evaluation: Evaluation, documents: Sequence[ReportDocument], results: Results) -> None:
    """Adds how many strange clips are flagged, each a study of its own, and how many clips of the test's answers."""
    per_kind = max(4, min(60, evaluation.protocol.studies // 8))
    pipeline, options = evaluation.pipeline, evaluation.options("retrieval")
    found = {}
    for kind, draw in STRANGE.items():
        rng = np.random.default_rng([evaluation.protocol.seed, len(kind)])
        clips = [Clip(1, f"{kind} {number}", "video", draw(rng), 30.0, 32) for number in range(per_kind)]
        found[kind] = float(np.mean([is_flagged(pipeline.run([clip], options)) for clip in clips]))
    flags = false_flags(evaluation.studies, documents)
    false = float(np.mean(flags)) if flags else float("nan")
    results.figures[CODE] = {**found, "clips per kind": per_kind, "false flags": false, "hearts": len(flags)}
    for kind, share in found.items():
        results.at_least(f"out of distribution: {kind} flagged", share, 0.95)
    results.at_most(_FALSE, false, 0.05)


def false_flags(studies: Sequence[CachedStudy], documents: Sequence[ReportDocument]) -> list[bool]:
    """Whether each clip of these answers is refused or warned of. Poor windows and repeated clips are left out."""
    return [
        not clip.used or _mentions(clip.model_dump())
        for study, document in zip(studies, documents, strict=True)
        for clip in document.clips
        if study.truth[clip.clip]["quality"] > _POOR and clip.skipped != SkipReason.DUPLICATE
    ]
