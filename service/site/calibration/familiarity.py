"""Clips of known studies → the statistics by which a later clip is found to lie beyond them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import torch

from model.embeddings import StudyEmbedding
from model.familiarity.clip_distances import ClipDistances, ViewGaussians
from model.familiarity.study_distance import relative_distances
from model.familiarity.view_mixture import ViewMixture
from service.site.calibration.mixture import fitted_mixture
from service.site.calibration.study_limits import study_limits

_COMPONENTS = 64  # directions kept; the rest share one variance. 64 of 512 dimensions keep the file near 150 KB
# Share of the false flags that embeddings may cause where there are spectra too: they tell hardly any strange clip that
# spectra do not (LOG 2026-11-22).
_BY_EMBEDDING = 0.05
# Gaussians of the spectra: two find more than one, three no more (LOG 2026-11-22). With fewer clips a number for each
# there is one.
_KINDS = 2
_CLIPS_PER_NUMBER = 10
_LEAST_VARIANCE = 1e-8  # a constant direction must not make every later clip infinitely far
Read = Callable[[StudyEmbedding], torch.Tensor]
Clips = tuple[torch.Tensor, torch.Tensor]  # what is read of them (C, D), and the row of each one's most probable view
Statistics = TypeVar("Statistics", ViewGaussians, ViewMixture)


def clip_distances(
    studies: Sequence[StudyEmbedding], false_flags: float, further: Sequence[StudyEmbedding] = ()
) -> ClipDistances:
    """The statistics of some studies, with limits.

    Limits come from other studies than the statistics, because a clip is nearer to a mean that it helped to make: each
    half is measured by the statistics of the other. The statistics that are kept are of both.
    false_flags: share of known clips that lie beyond a limit, by their embedding or, where all studies have them,
    nearly always by their spectra. further: known studies of other looks, for the limits of whole studies alone.
    Raises ValueError with fewer than two studies with clips.
    """
    views = studies[0].views if studies else ()
    if any(study.views != views for study in studies):
        raise ValueError("studies name different views")
    if not studies or any(study.clip_spectra is None for study in studies):
        known = ClipDistances(views, _gaussians(studies, false_flags))
    else:
        by_embedding = _BY_EMBEDDING * false_flags
        mixture = _mixture(studies, false_flags - by_embedding)
        known = ClipDistances(views, _gaussians(studies, by_embedding), mixture)
    return with_study_limits(known, studies, further)


def with_study_limits(
    known: ClipDistances, studies: Sequence[StudyEmbedding], further: Sequence[StudyEmbedding] = ()
) -> ClipDistances:
    """The statistics with limits of whole studies, without any where the studies are too few.

    Each half of the studies is measured by the Gaussians of the other; those of `further` by either in turn.
    """
    able, beside = ([study for study in given if study.positions] for given in (studies, further))
    halves = [_gaussian(_stack(able[half::2], _embeddings_of), len(known.views)) for half in (0, 1)]
    distances = [_relative(halves[1 - place % 2], study) for place, study in enumerate(able)]
    distances += [_relative(halves[place % 2], study) for place, study in enumerate(beside)]
    return replace(known, study_limits=study_limits(distances))


def _relative(known: ViewGaussians, study: StudyEmbedding) -> torch.Tensor:
    return relative_distances(known, *_stack([study], _embeddings_of))


def _gaussians(studies: Sequence[StudyEmbedding], false_flags: float) -> ViewGaussians:
    known, distances = _fit(studies, _embeddings_of, _gaussian)
    return replace(known, limits=torch.full((len(known.means),), _limit(distances, false_flags)))


def _mixture(studies: Sequence[StudyEmbedding], false_flags: float) -> ViewMixture:
    known, distances = _fit(studies, _spectra_of, _fit_mixture)
    return replace(known, limit=_limit(distances, false_flags))


def _embeddings_of(study: StudyEmbedding) -> torch.Tensor:
    return study.clip_embeddings


def _spectra_of(study: StudyEmbedding) -> torch.Tensor:
    assert study.clip_spectra is not None  # the caller looked
    return study.clip_spectra


def _fit(
    studies: Sequence[StudyEmbedding], read: Read, fit: Callable[[Clips, int], Statistics]
) -> tuple[Statistics, torch.Tensor]:
    """Statistics of all clips; and every clip's distance by those of the half that it is not in, float32 (C,)."""
    able = [study for study in studies if study.positions]
    if len(able) < 2:
        raise ValueError("out-of-distribution statistics need clips in two studies at least")
    views = len(able[0].views)
    halves = [_stack(able[half::2], read) for half in (0, 1)]
    held = [fit(halves[1 - half], views).distances(*halves[half]) for half in (0, 1)]
    return fit(_stack(able, read), views), torch.cat(held)


def _stack(studies: Sequence[StudyEmbedding], read: Read) -> Clips:
    clips = torch.cat([read(study).float().cpu() for study in studies])
    return clips, torch.cat([study.view_probabilities.argmax(dim=1).cpu() for study in studies])


def _means(clips: torch.Tensor, clip_views: torch.Tensor, views: int) -> torch.Tensor:
    """float32 (V, D). A view without clips has the mean of all."""
    means = clips.mean(dim=0).repeat(views, 1)
    for row in sorted(set(clip_views.tolist())):
        means[row] = clips[clip_views == row].mean(dim=0)
    return means


def _gaussian(known: Clips, views: int) -> ViewGaussians:
    """Means per view, and one covariance of what is left; limits of one."""
    means = _means(*known, views)
    left = (known[0] - means[known[1]]).double()
    variances, directions = torch.linalg.eigh(left.T @ left / max(len(left) - 1, 1))  # ascending
    kept = min(_COMPONENTS, len(variances) - 1)
    beside = variances[: len(variances) - kept].mean().clamp_min(_LEAST_VARIANCE)
    return ViewGaussians(
        means,
        directions[:, len(variances) - kept :].T.float().contiguous(),
        variances[len(variances) - kept :].clamp_min(float(beside)).float(),
        float(beside),
        torch.ones(views),
    )


def _fit_mixture(known: Clips, views: int) -> ViewMixture:
    """Means per view, and a mixture of what is left; a limit of one."""
    means = _means(*known, views)
    left = (known[0] - means[known[1]]).double()
    scale = left.square().mean(dim=0).clamp_min(_LEAST_VARIANCE).sqrt()
    kinds = _KINDS if len(left) >= _KINDS * _CLIPS_PER_NUMBER * left.shape[1] else 1
    mixture = fitted_mixture(left / scale, kinds)
    lower = torch.linalg.cholesky(mixture.covariances)
    unit = torch.linalg.inv(lower).mT  # (x − centre) @ unit has unit covariance
    peaks = mixture.weights.log() - torch.diagonal(lower, dim1=1, dim2=2).log().sum(-1)
    centres = torch.einsum("kd,kde->ke", mixture.centres, unit)
    return ViewMixture(
        means, (unit / scale[:, None]).float().contiguous(), centres.float(), (peaks - peaks.max()).float(), 1.0
    )


def _limit(distances: torch.Tensor, false_flags: float) -> float:
    return max(float(torch.quantile(distances, 1 - false_flags)), _LEAST_VARIANCE)
