"""A mixture of Gaussians around the mean of each view: the distance of a clip's numbers from those of known clips."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from model.errors import InvalidStudy


@dataclass(frozen=True, eq=False)
class ViewMixture:
    """Components shared by all views, and one limit.

    means: float32 (V, D) of each view. whitening: float32 (K, D, D), centres: float32 (K, D): what is left of a clip
    after its view's mean has, times a component's whitening, unit covariance around its centre. log_peaks: float32 (K,)
    log density of each component at its centre, times its weight, less the largest. limit: distance that few known
    clips exceed, positive. With one component the distance is Mahalanobis's.
    Raises InvalidStudy when shapes do not fit or the limit is not positive.
    """

    means: torch.Tensor
    whitening: torch.Tensor
    centres: torch.Tensor
    log_peaks: torch.Tensor
    limit: float

    def __post_init__(self) -> None:
        dimension, components = self.means.shape[-1], len(self.log_peaks)
        shapes = {
            "means": (self.means, (len(self.means), dimension)),
            "whitening": (self.whitening, (components, dimension, dimension)),
            "centres": (self.centres, (components, dimension)),
            "log_peaks": (self.log_peaks, (components,)),
        }
        for name, (tensor, shape) in shapes.items():
            if tensor.dtype != torch.float32 or tuple(tensor.shape) != shape:
                raise InvalidStudy(f"{name} must be float32 {shape}, not {tensor.dtype} {tuple(tensor.shape)}")
        if not components or not self.limit > 0:
            raise InvalidStudy(f"a mixture needs a component and a positive limit, not {components} and {self.limit}")

    def distances(self, clips: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        """float32 (N,). clips: float32 (N, D); views: int64 (N,) row of each clip's view."""
        offset = clips.float().cpu() - self.means[views.cpu()]
        whitened = torch.einsum("nd,kde->nke", offset, self.whitening) - self.centres
        density = (self.log_peaks - whitened.square().sum(-1) / 2).logsumexp(1)
        return (-2 * density).clamp_min(0).sqrt()  # where components overlap, the density may exceed the largest peak

    def shares(self, clips: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        """float32 (N,): distances as shares of the limit."""
        if clips.shape[1] != self.means.shape[1]:
            raise InvalidStudy(f"statistics are of {self.means.shape[1]} numbers, the clips of {clips.shape[1]}")
        return self.distances(clips, views) / self.limit

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything by name, as it is stored."""
        limit = torch.tensor([self.limit], dtype=torch.float32)
        return {name: t.clone().contiguous() for name, t in {**vars(self), "limit": limit}.items()}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> Self:
        """The inverse of `tensors`."""
        return cls(**{**tensors, "limit": float(tensors["limit"])})  # type: ignore[arg-type]  # one of them is a number
