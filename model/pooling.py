"""Embeddings of acquisitions → section embeddings.

Where a modality has views, a table says how much each shows of each section (MIL weights); else all count alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch

from model.embeddings import SectionEmbeddings, StudyEmbedding
from model.errors import InvalidStudy
from model.section_subspaces import subspace_mask


@dataclass(frozen=True, eq=False)
class MilTable:
    """Weight of each view in each section.

    weights: float32 (S, V) not negative; rows are `sections`, columns are `views`.
    Raises InvalidStudy when shape and names do not fit.
    """

    sections: tuple[str, ...]
    views: tuple[str, ...]
    weights: torch.Tensor

    def __post_init__(self) -> None:
        shape = (len(self.sections), len(self.views))
        if self.weights.dtype != torch.float32 or tuple(self.weights.shape) != shape:
            raise InvalidStudy(f"MIL weights must be float32 {shape}, not {self.weights.dtype} {self.weights.shape}")

    @classmethod
    def from_mapping(
        cls, weights: Mapping[str, Mapping[str, float]], sections: Sequence[str], views: Sequence[str]
    ) -> Self:
        """The table of section → view → weight, in the order of the names given. Raises InvalidStudy when one lacks."""
        try:
            rows = [[float(weights[section][view]) for view in views] for section in sections] if views else []
        except KeyError as error:
            raise InvalidStudy(f"MIL weights have no entry for {error.args[0]!r}") from error
        table = torch.tensor(rows, dtype=torch.float32).reshape(len(sections), len(views))
        return cls(tuple(sections), tuple(views), table)


def pool_sections(
    embedding: StudyEmbedding,
    table: MilTable,
    weighting: Literal["argmax", "probability"] | None,
    min_section_weight: float,
    subspaces: Mapping[str, Sequence[int]] | None = None,
    shown: torch.Tensor | None = None,
) -> SectionEmbeddings:
    """One unit vector per section: the sum of the clip embeddings, each by the weight of its view, then normalised.

    `argmax` counts a clip fully as its most probable view, `probability` as all views by their probabilities; without
    views every acquisition has the weight 1 in every section. A section
    is assessed when its clips' weights sum to more than 0 and to `min_section_weight` at least. Where a bundle gives
    each section a part of the dimensions, the others are zero before the vector is normalised.
    shown: bool (S, N), whether a clip shows a section: then a section is assessed when one clip at least does, whatever
    its weights, which only mix; without any weight the clips that show it count alike.
    Raises InvalidStudy when the names of the views differ. Source: EchoPrime's MIL pooling (design section 6).
    """
    clip_weights = _weights(embedding, table, weighting)  # (S, N)
    if shown is not None:
        shown = shown.to(clip_weights.device)
        clip_weights = torch.where(clip_weights.sum(dim=1, keepdim=True) > 0, clip_weights, shown.float())
    summed = clip_weights @ embedding.clip_embeddings  # (S, D)
    if subspaces:
        summed = summed * subspace_mask(subspaces, table.sections, summed.shape[1]).to(summed.device)
    total = clip_weights.sum(dim=1)
    enough = (total > 0) & (total >= min_section_weight) if shown is None else shown.any(dim=1)
    assessed = enough & (summed.abs().sum(dim=1) > 0)
    vectors = torch.nn.functional.normalize(summed, dim=1) * assessed[:, None]
    return SectionEmbeddings(vectors, assessed, clip_weights, table.sections)


def _weights(
    embedding: StudyEmbedding, table: MilTable, weighting: Literal["argmax", "probability"] | None
) -> torch.Tensor:
    """float32 (S, N): the weight of each acquisition in each section."""
    if weighting is None:
        return torch.ones(len(table.sections), len(embedding.positions), device=embedding.clip_embeddings.device)
    shares = _shares(embedding, weighting)  # (N, V)
    return _align(table, embedding.views).to(shares.device) @ shares.T


def _shares(embedding: StudyEmbedding, weighting: Literal["argmax", "probability"]) -> torch.Tensor:
    """float32 (N, V): how much each clip counts as each view; rows sum to 1."""
    if weighting == "probability":
        return embedding.view_probabilities
    best = embedding.view_probabilities.argmax(dim=1)
    return torch.nn.functional.one_hot(best, len(embedding.views)).float()


def _align(table: MilTable, views: tuple[str, ...]) -> torch.Tensor:
    """The weights with their columns in the order of `views`."""
    if set(views) != set(table.views):
        raise InvalidStudy(f"the clips' views and the MIL table differ in {sorted(set(views) ^ set(table.views))}")
    return torch.stack([table.weights[:, table.views.index(view)] for view in views], dim=1)
