"""Clips of known studies → the statistics by which a later clip is found to lie beyond them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from model.embeddings import StudyEmbedding
from model.out_of_distribution import ClipDistances, ViewGaussians

_COMPONENTS = 64  # directions kept; the rest share one variance. 64 of 512 dimensions keep the file near 150 KB
# Fewest held-out clips of a view for a limit of its own: the 95 % quantile of fewer is about their largest.
_MIN_CLIPS = 40
# Share of the false flags that embeddings may cause where there are spectra too: they tell hardly any strange clip that
# spectra do not (LOG 2026-11-22).
_BY_EMBEDDING = 0.05
_LEAST_VARIANCE = 1e-8  # a constant direction must not make every later clip infinitely far
Read = Callable[[StudyEmbedding], torch.Tensor]


def clip_distances(studies: Sequence[StudyEmbedding], false_flags: float) -> ClipDistances:
    """The statistics of some studies: even ones give means and covariance, odd ones the limits.

    Limits come from other studies than the statistics, because a clip is nearer to a mean that it helped to make.
    false_flags: share of known clips that lie beyond a limit, by their embedding or, where all studies have them,
    nearly always by their spectra. An embedding's limit is that of its view, or of all where a view has few clips;
    spectra have one limit, because those of strange clips are far from every view's.
    Raises ValueError with fewer than two studies with clips, or where a half has no clip.
    """
    views = studies[0].views if studies else ()
    if any(study.views != views for study in studies):
        raise ValueError("studies name different views")
    if not studies or any(study.clip_spectra is None for study in studies):
        return ClipDistances(views, _limited(studies, lambda study: study.clip_embeddings, false_flags))
    by_embedding = _BY_EMBEDDING * false_flags
    embeddings = _limited(studies, lambda study: study.clip_embeddings, by_embedding)
    return ClipDistances(views, embeddings, _limited(studies, _spectra_of, false_flags - by_embedding, by_view=False))


def _spectra_of(study: StudyEmbedding) -> torch.Tensor:
    assert study.clip_spectra is not None  # the caller looked
    return study.clip_spectra


def _limited(
    studies: Sequence[StudyEmbedding], read: Read, false_flags: float, *, by_view: bool = True
) -> ViewGaussians:
    """Statistics of what is read from the studies' clips, with limits."""
    halves = [_stacked([study for study in studies[half::2] if study.positions], read) for half in (0, 1)]
    (fitted, fitted_views), (held, held_views) = halves
    if len(fitted) < 2 or not len(held):
        raise ValueError("out-of-distribution statistics need clips in two studies at least")
    unlimited = _gaussian(fitted, fitted_views, len(studies[0].views))
    distances = unlimited.distances(held, held_views)
    limits = torch.full((len(unlimited.means),), _limit(distances, false_flags))
    for row in range(len(limits)):
        own = distances[held_views == row]
        if by_view and len(own) >= _MIN_CLIPS:
            limits[row] = _limit(own, false_flags)
    return replace(unlimited, limits=limits)


def _stacked(studies: Sequence[StudyEmbedding], read: Read) -> tuple[torch.Tensor, torch.Tensor]:
    """What is read from all clips (C, D), and the row of each one's most probable view (C,)."""
    if not studies:
        return torch.zeros(0, 0), torch.zeros(0, dtype=torch.int64)
    clips = torch.cat([read(study).float().cpu() for study in studies])
    return clips, torch.cat([study.view_probabilities.argmax(dim=1).cpu() for study in studies])


def _gaussian(clips: torch.Tensor, clip_views: torch.Tensor, views: int) -> ViewGaussians:
    """Means per view, and one covariance of what is left. A view without clips has the mean of all."""
    means = clips.mean(dim=0).repeat(views, 1)
    for row in sorted(set(clip_views.tolist())):
        means[row] = clips[clip_views == row].mean(dim=0)
    left = (clips - means[clip_views]).double()
    variances, directions = torch.linalg.eigh(left.T @ left / max(len(clips) - 1, 1))  # ascending
    kept = min(_COMPONENTS, len(variances) - 1)
    beside = variances[: len(variances) - kept].mean().clamp_min(_LEAST_VARIANCE)
    return ViewGaussians(
        means,
        directions[:, len(variances) - kept :].T.float().contiguous(),
        variances[len(variances) - kept :].clamp_min(float(beside)).float(),
        float(beside),
        torch.ones(views),
    )


def _limit(distances: torch.Tensor, false_flags: float) -> float:
    return max(float(torch.quantile(distances, 1 - false_flags)), _LEAST_VARIANCE)
