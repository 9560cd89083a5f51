"""How unlike a whole study is: the median, over its clips, of a distance that also sees clips that tell nothing.

An encoder puts a clip that it cannot read near the middle of all it has learned, where no view's Gaussian calls it far.
The relative Mahalanobis distance (Ren et al. 2021, arXiv 2106.09022) asks how much worse the clip's own view explains
it than all clips together do.
"""

from dataclasses import dataclass
from typing import Protocol

import torch


class Gaussians(Protocol):
    """What the distance needs of a Gaussian per view with one covariance."""

    @property
    def means(self) -> torch.Tensor:
        """(V, D), a row per view."""

    @property
    def components(self) -> torch.Tensor:
        """(K, D), orthonormal."""

    @property
    def variances(self) -> torch.Tensor:
        """(K,), along the components."""

    @property
    def residual_variance(self) -> float:
        """Of every direction beside them."""


@dataclass(frozen=True)
class StudyFamiliarity:
    """distance: median over the study's clips, may be negative. limit: that few known studies of as many exceed."""

    distance: float
    limit: float

    @property
    def unlike(self) -> bool:
        """Whether the study lies beyond the limit; a distance that is no number does."""
        return not self.distance <= self.limit


def relative_distances(known: Gaussians, clips: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
    """float64 (N,) squared distance to the clip's view less that to all clips. views: int64 (N,) rows of `means`.

    All clips together: each view counts alike, because statistics do not say how many clips a view had.
    """
    means, clips = known.means.double(), clips.double().cpu()
    own, middle = clips - means[views.cpu()], means.mean(dim=0)
    # The covariance of all clips is the views' own and that of their means; inverted by Woodbury's identity.
    apart = (means - middle) / len(means) ** 0.5  # (V, D)
    offset, weighed = clips - middle, _times_precision(known, apart)
    inner = torch.eye(len(means), dtype=torch.float64) + apart @ weighed.T
    across = offset @ weighed.T  # (N, V)
    explained = (across * torch.linalg.solve(inner, across.T).T).sum(1)
    relative: torch.Tensor = _squared(known, own) - (_squared(known, offset) - explained)
    return relative


def _squared(known: Gaussians, offset: torch.Tensor) -> torch.Tensor:
    return (offset * _times_precision(known, offset)).sum(1)


def _times_precision(known: Gaussians, rows: torch.Tensor) -> torch.Tensor:
    """Rows times the inverse of the views' covariance."""
    directions = known.components.double()
    along = rows @ directions.T
    beside = rows - along @ directions
    return (along / known.variances.double()) @ directions + beside / known.residual_variance


def familiarity_of(distances: torch.Tensor, limits: torch.Tensor) -> StudyFamiliarity:
    """The study whose clips have these relative distances, one at least. limits: float32 (K,) for 1, 2, … K or more."""
    limit = float(limits[min(len(distances), len(limits)) - 1])
    return StudyFamiliarity(float(distances.double().quantile(0.5)), limit)
