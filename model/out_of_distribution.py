"""How far a clip lies from the clips that a bundle was calibrated on, per view: a warning, never a reason to skip."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.embeddings import StudyEmbedding
from model.errors import BundleCorrupt, BundleMismatch, InvalidStudy

FILE = "out_of_distribution.safetensors"


@dataclass(frozen=True, eq=False)
class ClipDistances:
    """A Gaussian per view with one covariance for all, and a limit per view.

    means: float32 (V, D). components: float32 (K, D) orthonormal; variances: float32 (K,) along them, positive;
    residual_variance: of every direction beside them. limits: float32 (V,) distance that few known clips exceed.
    The distance is Mahalanobis's under probabilistic PCA (Tipping and Bishop 1999, J R Stat Soc B 61:611): per view,
    because views lie far apart; one covariance, because a view has too few clips for its own (Lee et al. 2018).
    Raises InvalidStudy when shapes do not fit or a variance or limit is not positive.
    """

    views: tuple[str, ...]
    means: torch.Tensor
    components: torch.Tensor
    variances: torch.Tensor
    residual_variance: float
    limits: torch.Tensor

    def __post_init__(self) -> None:
        views, dimension = len(self.views), self.means.shape[-1]
        shapes = {
            "means": (self.means, (views, dimension)),
            "components": (self.components, (len(self.components), dimension)),
            "variances": (self.variances, (len(self.components),)),
            "limits": (self.limits, (views,)),
        }
        for name, (tensor, shape) in shapes.items():
            if tensor.dtype != torch.float32 or tuple(tensor.shape) != shape:
                raise InvalidStudy(f"{name} must be float32 {shape}, not {tensor.dtype} {tuple(tensor.shape)}")
        if not (self.variances > 0).all() or not (self.limits > 0).all() or not self.residual_variance > 0:
            raise InvalidStudy("variances and limits must be positive")

    def distances(self, clips: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        """float32 (N,). clips: float32 (N, D); views: int64 (N,) row of each clip's view."""
        offset = clips.float().cpu() - self.means[views.cpu()]
        along = offset @ self.components.T  # (N, K)
        beside = (offset.square().sum(1) - along.square().sum(1)).clamp_min(0)
        return ((along.square() / self.variances).sum(1) + beside / self.residual_variance).sqrt()

    def shares(self, embedding: StudyEmbedding) -> torch.Tensor:
        """float32 (N,) each clip's distance as a share of its most probable view's limit: above 1 it lies beyond.

        Raises InvalidStudy when the views or the dimension are others than the statistics'.
        """
        if set(embedding.views) != set(self.views) or embedding.clip_embeddings.shape[1] != self.means.shape[1]:
            raise InvalidStudy("out-of-distribution statistics are of other views or of another dimension")
        if not embedding.positions:
            return torch.zeros(0)
        rows = torch.tensor([self.views.index(view) for view in embedding.views])
        views = rows[embedding.view_probabilities.argmax(dim=1).cpu()]
        return self.distances(embedding.clip_embeddings, views) / self.limits[views]

    def write(self, path: Path) -> None:
        """Writes the statistics as safetensors, the views' names in its metadata."""
        tensors = {
            "means": self.means,
            "components": self.components,
            "variances": self.variances,
            "residual_variance": torch.tensor([self.residual_variance], dtype=torch.float32),
            "limits": self.limits,
        }
        stored = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(stored, path, metadata={"views": json.dumps(self.views)})

    @classmethod
    def read(cls, path: Path, views: tuple[str, ...], dimension: int) -> Self:
        """The statistics in a file. Raises BundleCorrupt or BundleMismatch, naming the file and what differs."""
        try:
            with safe_open(path, framework="pt") as file:
                named = tuple(json.loads((file.metadata() or {}).get("views", "[]")))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            statistics = cls(named, residual_variance=float(tensors.pop("residual_variance")), **tensors)
        except (OSError, SafetensorError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise BundleCorrupt(f"{path}: cannot be read as out-of-distribution statistics ({error})") from error
        except InvalidStudy as error:
            raise BundleMismatch(f"{path}: {error}") from error
        if differing := sorted(set(named) ^ set(views)):
            raise BundleMismatch(f"{path}: is of views that differ from the bundle's in {differing}")
        if statistics.means.shape[1] != dimension:
            raise BundleMismatch(f"{path}: is of dimension {statistics.means.shape[1]}, the bundle's is {dimension}")
        return statistics
