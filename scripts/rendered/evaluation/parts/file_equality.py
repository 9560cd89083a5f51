"""Whether studies read from files give the same result as the same studies in memory."""

import numpy as np
import torch

from scripts.rendered.evaluation.parts.scores import scores_of
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results

# The same frames, but files have twice the rows and columns, and JPEG, JPEG 2000, H.264 and grey scale lose something
# of them. One vote of 50 is 0.02 of a score.
_COSINE = 0.95
_SCORE = 0.05  # of a probability, and of a number's plausible range


def measure_files(evaluation: Evaluation, results: Results) -> None:
    """Compares embeddings and phenotypes of the file studies with those of the same studies in memory."""
    files = evaluation.cached("files")
    memory = evaluation.studies[: len(files)]
    by_form: dict[str, list[float]] = {}
    for pair in zip(files, memory, strict=True):
        for form, cosine in _cosines(*pair):
            by_form.setdefault(form, []).append(cosine)
    cosines = [cosine for found in by_form.values() for cosine in found]
    one, other = (
        scores_of(evaluation.documents([replayed(evaluation.pipeline, study) for study in studies], "retrieval"))
        for studies in (files, memory)
    )
    ranges = {p.name: p.high - p.low for p in evaluation.pipeline.bundle.taxonomy().phenotypes}
    apart = np.concatenate([np.abs(one[name] - other[name]) / ranges[name] for name in one])
    differing = sum(set(f.used) != set(m.used) for f, m in zip(files, memory, strict=True))
    results.figures["files"] = {
        "studies": len(files),
        "clips": len(cosines),
        "median_cosine": float(np.median(cosines)) if cosines else float("nan"),
        "lowest_cosine": min(cosines, default=float("nan")),
        "studies_with_other_clips_used": differing,
        **{f"median_cosine_{form}": float(np.median(found)) for form, found in sorted(by_form.items())},
    }
    results.at_least("files: median cosine to the clips in memory", results.figures["files"]["median_cosine"], _COSINE)
    results.at_most("files: mean difference of phenotypes, share of their range", float(np.nanmean(apart)), _SCORE)


def _cosines(one: CachedStudy, other: CachedStudy) -> list[tuple[str, float]]:
    """Form of the file, and cosine of both embeddings, of each clip that both used."""
    first, second = one.embeddings[BASE], other.embeddings[BASE]
    common = [position for position in first.positions if position in second.positions]
    rows = [[e.positions.index(position) for position in common] for e in (first, second)]
    cosines: list[float] = torch.nn.functional.cosine_similarity(
        first.clip_embeddings[rows[0]], second.clip_embeddings[rows[1]], dim=1
    ).tolist()
    return [(str(one.truth[position]["form"]), cosine) for position, cosine in zip(common, cosines, strict=True)]
