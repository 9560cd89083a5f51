"""Clip embeddings of known studies → the statistics by which a later clip is found to lie beyond them."""

from collections.abc import Sequence

import torch

from model.embeddings import StudyEmbedding
from model.out_of_distribution import ClipDistances

_COMPONENTS = 64  # directions kept; the rest share one variance. 64 of 512 dimensions keep the file near 150 KB
# Fewest held-out clips of a view for a limit of its own: the 95 % quantile of fewer is about their largest.
_MIN_CLIPS = 40
_LEAST_VARIANCE = 1e-8  # a constant direction must not make every later clip infinitely far


def clip_distances(studies: Sequence[StudyEmbedding], false_flags: float) -> ClipDistances:
    """The statistics of some studies: even ones give means and covariance, odd ones the limits.

    Limits come from other studies than the statistics, because a clip is nearer to a mean that it helped to make.
    false_flags: share of known clips that lie beyond their view's limit. A view with few clips gets the limit of all.
    Raises ValueError with fewer than two studies with clips, or where a half has no clip.
    """
    views = studies[0].views if studies else ()
    halves = [_stacked([study for study in studies[half::2] if study.positions], views) for half in (0, 1)]
    (fitted, fitted_views), (held, held_views) = halves
    if len(fitted) < 2 or not len(held):
        raise ValueError("out-of-distribution statistics need clips in two studies at least")
    unlimited = _gaussian(fitted, fitted_views, views)
    distances = unlimited.distances(held, held_views)
    overall = _limit(distances, false_flags)
    limits = torch.full((len(views),), overall)
    for row in range(len(views)):
        own = distances[held_views == row]
        if len(own) >= _MIN_CLIPS:
            limits[row] = _limit(own, false_flags)
    return ClipDistances(
        views, unlimited.means, unlimited.components, unlimited.variances, unlimited.residual_variance, limits
    )


def _stacked(studies: Sequence[StudyEmbedding], views: tuple[str, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """All clips (C, D) and the row of each one's most probable view (C,)."""
    if not studies:
        return torch.zeros(0, 0), torch.zeros(0, dtype=torch.int64)
    if any(study.views != views for study in studies):
        raise ValueError("studies name different views")
    clips = torch.cat([study.clip_embeddings.float().cpu() for study in studies])
    return clips, torch.cat([study.view_probabilities.argmax(dim=1).cpu() for study in studies])


def _gaussian(clips: torch.Tensor, clip_views: torch.Tensor, views: tuple[str, ...]) -> ClipDistances:
    """Means per view, and one covariance of what is left. A view without clips has the mean of all."""
    means = clips.mean(dim=0).repeat(len(views), 1)
    for row in sorted(set(clip_views.tolist())):
        means[row] = clips[clip_views == row].mean(dim=0)
    left = (clips - means[clip_views]).double()
    variances, directions = torch.linalg.eigh(left.T @ left / max(len(clips) - 1, 1))  # ascending
    kept = min(_COMPONENTS, len(variances) - 1)
    beside = variances[: len(variances) - kept].mean().clamp_min(_LEAST_VARIANCE)
    return ClipDistances(
        views,
        means,
        directions[:, len(variances) - kept :].T.float().contiguous(),
        variances[len(variances) - kept :].clamp_min(float(beside)).float(),
        float(beside),
        torch.ones(len(views)),
    )


def _limit(distances: torch.Tensor, false_flags: float) -> float:
    return max(float(torch.quantile(distances, 1 - false_flags)), _LEAST_VARIANCE)
