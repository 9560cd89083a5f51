"""Whether answers in bfloat16 are those in float32 on this machine, and how much sooner they are there.

The drawn study of the modality's warm-up is encoded in both, as it is and mirrored, and what follows is compared: votes
of all phenotypes and the nearest candidates of every section.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from index.retrieval import PhenotypeVote, Retrieval
from model.device import Placement
from model.embeddings import PreparedAcquisition
from service.arithmetic import Verdict, VerdictCache, placement_of, to_be_checked
from service.artifacts import with_placement
from service.modalities.registry import served_by
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.settings import Settings

_MIRRORS = ((), (-1,), (-2,), (-1, -2))  # of the picture: four studies whose vectors differ
_TIMED = 2  # passes of each; the faster one counts


def settle_arithmetic(
    pipeline: ReportPipeline, settings: Settings, cache: VerdictCache | None = None
) -> ReportPipeline | None:
    """The pipeline in the arithmetic that the check found best, None where nothing changes or is left to check.

    pipeline: in float32. What was found is kept, so that the next start needs no check.
    """
    cache = cache or VerdictCache()
    key = to_be_checked(settings, cache)
    if key is None:
        return None
    device = placement_of(settings, cache).device
    fast = with_placement(pipeline, settings.bundle, Placement(device, torch.bfloat16, "to be checked"))
    cache.keep(key, compare(pipeline, fast, warm_up_of(pipeline, settings.bundle)))
    chosen = placement_of(settings, cache)
    return None if chosen.dtype == torch.float32 else with_placement(pipeline, settings.bundle, chosen)


def warm_up_of(pipeline: ReportPipeline, bundle: Path) -> list[PreparedAcquisition]:
    """The modality's drawn study as model input."""
    prepared = (pipeline.modality.prepare(one) for one in served_by(bundle).warm_up())
    return [one for pictures in prepared for one in pictures if isinstance(one, PreparedAcquisition)]


def compare(slow: ReportPipeline, fast: ReportPipeline, study: Sequence[PreparedAcquisition]) -> Verdict:
    """What two pipelines of the same bundle and bank differ by."""
    differ, same, seconds = [0.0], [], ([0.0], [0.0])
    for mirror in _MIRRORS:
        shown = [replace(one, model_input=_mirrored(one.model_input, mirror)) for one in study]
        found = []
        for pipeline, spent in zip((slow, fast), seconds, strict=True):
            retrieval, votes, taken = _answered(pipeline, shown)
            found.append((retrieval, votes))
            spent[0] += taken
        differ.append(_vote_difference(slow, found[0][1], found[1][1]))
        same += _overlaps(found[0][0], found[1][0])
    return Verdict(
        votes_differ=round(max(differ), 4),
        overlap=round(float(np.mean(same)) if same else 0.0, 4),
        float32_seconds=round(seconds[0][0], 3),
        bfloat16_seconds=round(seconds[1][0], 3),
        checked=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def _mirrored(model_input: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    return model_input.flip(axes) if axes and model_input.ndim > 1 else model_input


def _answered(
    pipeline: ReportPipeline, study: Sequence[PreparedAcquisition]
) -> tuple[Retrieval, dict[str, PhenotypeVote], float]:
    taken = []
    for _ in range(_TIMED):
        started = time.perf_counter()
        embedding = pipeline.modality.encode(study)
        taken.append(time.perf_counter() - started)
    retrieval = pipeline.retrieve(pipeline.pool(embedding), RunOptions())
    return retrieval, pipeline.vote(retrieval, embedding), min(taken)


def _vote_difference(pipeline: ReportPipeline, one: dict[str, PhenotypeVote], other: dict[str, PhenotypeVote]) -> float:
    """The largest, of a phenotype's plausible range; all of it where only one of the two has a value."""
    largest = 0.0
    for phenotype in pipeline.bundle.taxonomy().phenotypes:
        values = one[phenotype.name].value, other[phenotype.name].value
        if None in values:
            largest = max(largest, float(values[0] is not values[1]))
        else:
            largest = max(largest, abs(values[0] - values[1]) / (phenotype.high - phenotype.low))  # type: ignore[operator]  # none is None
    return largest


def _overlaps(one: Retrieval, other: Retrieval) -> list[float]:
    """Share of the nearest that are the same, of each section that has some."""
    pairs = zip(one.neighbours.candidate_ids, other.neighbours.candidate_ids, strict=True)
    return [len(np.intersect1d(a[a >= 0], b[b >= 0])) / max(1, int((a >= 0).sum())) for a, b in pairs if (a >= 0).any()]
