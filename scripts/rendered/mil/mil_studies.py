"""Encoded studies with their own reports, padded to one shape, from which the table of views is learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from scripts.rendered.training.encoded_studies import EncodedStudies

NO_CLIP = -1


@dataclass(frozen=True, eq=False)
class MilStudies:
    """N studies of at most C clips.

    blocks: section → float32 (N, C, width) each clip's part of that section. shares: float32 (N, C, V) rows sum to 1,
    or to 0 where there is no clip. rendered: int64 (N, C) true view, NO_CLIP where there is none. texts: section →
    float32 (N, width) unit norm of the study's own report. features: section → float32 (N, F) what the report says.
    """

    sections: tuple[str, ...]
    views: tuple[str, ...]
    blocks: Mapping[str, torch.Tensor]
    shares: torch.Tensor
    rendered: NDArray[np.int64]
    texts: Mapping[str, torch.Tensor]
    features: Mapping[str, NDArray[np.float32]]

    @classmethod
    def of(
        cls,
        studies: EncodedStudies,
        rendered: NDArray[np.int64],
        subspaces: Mapping[str, Sequence[int]],
        texts: Mapping[str, torch.Tensor],
        features: Mapping[str, NDArray[np.float32]],
    ) -> Self:
        """Pads the studies to one shape. rendered: int64 (clips,) true view of each clip."""
        counts = np.diff(studies.offsets)
        place = np.arange(counts.max())[None] < counts[:, None]  # (N, C)
        vectors = _pad(studies.clip_embeddings, place)
        return cls(
            sections=tuple(subspaces),
            views=studies.views,
            blocks={name: vectors[:, :, first:end].contiguous() for name, (first, end) in subspaces.items()},
            shares=_pad(studies.view_probabilities, place),
            rendered=_pad(rendered[:, None] - NO_CLIP, place)[..., 0].long().numpy() + NO_CLIP,
            texts=texts,
            features=features,
        )

    def __len__(self) -> int:
        return len(self.shares)

    def by_view(self, section: str, rows: NDArray[np.int64], kept: torch.Tensor | None = None) -> torch.Tensor:
        """float32 (B, V, width): the clips of some studies summed by their shares of each view.

        kept: bool (B, C) clips that are counted, None for all.
        """
        shares = self.shares[rows] if kept is None else self.shares[rows] * kept[..., None]
        return shares.transpose(1, 2) @ self.blocks[section][rows]

    def pooled(
        self, section: str, weights: torch.Tensor, rows: NDArray[np.int64], kept: torch.Tensor | None = None
    ) -> torch.Tensor:
        """float32 (B, width) unit norm or zero, as `model.pooling.pool_sections` pools. weights: float32 (V,)."""
        return functional.normalize(torch.einsum("v,bvw->bw", weights, self.by_view(section, rows, kept)), dim=1)


def _pad(rows: NDArray[np.floating] | NDArray[np.integer], place: NDArray[np.bool_]) -> torch.Tensor:
    """float32 (N, C, columns): rows at the true places, zeros elsewhere."""
    filled = np.zeros((*place.shape, rows.shape[1]), np.float32)
    filled[place] = rows
    return torch.from_numpy(filled)
