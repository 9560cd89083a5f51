"""How far a clip lies from the clips that a bundle was calibrated on, per view: a warning, never a reason to skip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import save_file

from model.checkpoint import stored_tensors
from model.embeddings import StudyEmbedding
from model.errors import BundleCorrupt, BundleMismatch, InvalidStudy
from model.familiarity.study_distance import StudyFamiliarity, familiarity_of, relative_distances
from model.familiarity.view_mixture import ViewMixture

FILE = "out_of_distribution.safetensors"
_SPECTRA = "spectra_"  # before the names of their tensors in the file
_STUDY_LIMITS = "study_limits"  # name of their tensor


@dataclass(frozen=True, eq=False)
class ViewGaussians:
    """A Gaussian per view with one covariance for all, and a limit per view.

    means: float32 (V, D). components: float32 (K, D) orthonormal; variances: float32 (K,) along them, positive;
    residual_variance: of every direction beside them. limits: float32 (V,) distance that few known clips exceed.
    The distance is Mahalanobis's under probabilistic PCA (Tipping and Bishop 1999, J R Stat Soc B 61:611): per view,
    because views lie far apart; one covariance, because a view has too few clips for its own (Lee et al. 2018).
    Raises InvalidStudy when shapes do not fit or a variance or limit is not positive.
    """

    means: torch.Tensor
    components: torch.Tensor
    variances: torch.Tensor
    residual_variance: float
    limits: torch.Tensor

    def __post_init__(self) -> None:
        views, dimension = self.means.shape
        shapes = {
            "components": (self.components, (len(self.components), dimension)),
            "variances": (self.variances, (len(self.components),)),
            "limits": (self.limits, (views,)),
        }
        for name, (tensor, shape) in {"means": (self.means, (views, dimension)), **shapes}.items():
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

    def shares(self, clips: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        """float32 (N,): distances as shares of the views' limits."""
        if clips.shape[1] != self.means.shape[1]:
            raise InvalidStudy(f"statistics are of dimension {self.means.shape[1]}, the clips of {clips.shape[1]}")
        return self.distances(clips, views) / self.limits[views.cpu()]

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything by name, as it is stored."""
        scalar = torch.tensor([self.residual_variance], dtype=torch.float32)
        return {name: t.clone().contiguous() for name, t in {**vars(self), "residual_variance": scalar}.items()}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> Self:
        """The inverse of `tensors`."""
        return cls(**{**tensors, "residual_variance": float(tensors["residual_variance"])})  # type: ignore[arg-type]  # one of them is a number


@dataclass(frozen=True, eq=False)
class ClipDistances:
    """Statistics of known clips: of their embeddings and, where they were taken, of their spectra. Rows are `views`.

    study_limits: float32 (K,) relative distance that few known studies of 1, 2, … K or more clips exceed; None where it
    was not set, and then no study as a whole is called unlike.
    """

    views: tuple[str, ...]
    embeddings: ViewGaussians
    spectra: ViewMixture | None = None
    study_limits: torch.Tensor | None = None

    def __post_init__(self) -> None:
        for means in (self.embeddings.means, *([] if self.spectra is None else [self.spectra.means])):
            if len(means) != len(self.views):
                raise InvalidStudy(f"statistics of {len(means)} views, {len(self.views)} are named")
        limits = self.study_limits
        if limits is not None and not (limits.dtype == torch.float32 and limits.dim() == 1 and len(limits)):
            raise InvalidStudy(f"{_STUDY_LIMITS} must be float32 (K,), not {limits.dtype} {tuple(limits.shape)}")

    def shares(self, embedding: StudyEmbedding) -> torch.Tensor:
        """float32 (N,) each clip's larger distance as a share of its view's limit: above 1 it lies beyond.

        Its view is the most probable one. Raises InvalidStudy when views or dimensions are others than the statistics'.
        """
        views = self._views(embedding)
        if not embedding.positions:
            return torch.zeros(0)
        shares = self.embeddings.shares(embedding.clip_embeddings, views)
        if self.spectra is None or embedding.clip_spectra is None:
            return shares
        return torch.maximum(shares, self.spectra.shares(embedding.clip_spectra, views))

    def study(self, embedding: StudyEmbedding) -> StudyFamiliarity | None:
        """How unlike the whole study is; None without limits or clips. Raises InvalidStudy as `shares` does."""
        views = self._views(embedding)
        if self.study_limits is None or not embedding.positions:
            return None
        distances = relative_distances(self.embeddings, embedding.clip_embeddings, views)
        return familiarity_of(distances, self.study_limits)

    def _views(self, embedding: StudyEmbedding) -> torch.Tensor:
        """int64 (N,) row of each clip's most probable view."""
        if set(embedding.views) != set(self.views):
            raise InvalidStudy("out-of-distribution statistics are of other views")
        rows = torch.tensor([self.views.index(view) for view in embedding.views])
        return rows[embedding.view_probabilities.argmax(dim=1).cpu()]

    def write(self, path: Path) -> None:
        """Writes the statistics as safetensors, the views' names in its metadata."""
        spectra = {} if self.spectra is None else self.spectra.tensors()
        stored = {**self.embeddings.tensors(), **{_SPECTRA + name: tensor for name, tensor in spectra.items()}}
        if self.study_limits is not None:
            stored[_STUDY_LIMITS] = self.study_limits
        save_file(stored, path, metadata={"views": json.dumps(self.views)})

    @classmethod
    def read(cls, path: Path, views: tuple[str, ...], dimension: int) -> Self:
        """The statistics in a file. Raises BundleCorrupt or BundleMismatch, naming the file and what differs."""
        tensors, metadata = stored_tensors(path)
        try:
            named = tuple(json.loads(metadata.get("views", "[]")))
            spectra = {n.removeprefix(_SPECTRA): t for n, t in tensors.items() if n.startswith(_SPECTRA)}
            if "components" in spectra:
                raise BundleMismatch(f"{path}: its spectra are of an earlier version: run `echoscribe calibrate` again")
            own = {n: t for n, t in tensors.items() if not n.startswith(_SPECTRA) and n != _STUDY_LIMITS}
            both = ViewGaussians.of_tensors(own), ViewMixture.of_tensors(spectra) if spectra else None
            statistics = cls(named, *both, tensors.get(_STUDY_LIMITS))
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            raise BundleCorrupt(f"{path}: cannot be read as out-of-distribution statistics ({error})") from error
        except InvalidStudy as error:
            raise BundleMismatch(f"{path}: {error}") from error
        if differing := sorted(set(named) ^ set(views)):
            raise BundleMismatch(f"{path}: is of views that differ from the bundle's in {differing}")
        if statistics.embeddings.means.shape[1] != dimension:
            found = statistics.embeddings.means.shape[1]
            raise BundleMismatch(f"{path}: is of dimension {found}, the bundle's is {dimension}")
        return statistics
