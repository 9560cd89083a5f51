"""Which texts a step's clips are put near: whole reports, or sections where each has dimensions of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch

from model.bundle import BundleManifest
from model.embeddings import StudyEmbedding
from model.pooling import MilTable, pool_sections
from service.site.fine_tuning.pairs import Pair


@dataclass(frozen=True, eq=False)
class Contrast:
    """Clips and texts in the dimensions first..end. rows, texts: int64 (n,) of the batch, pair by pair."""

    first: int
    end: int
    rows: torch.Tensor
    texts: torch.Tensor


@dataclass(frozen=True, eq=False)
class PairBatch:
    """One step. clips: float32 (B, 3, F, S, S). tokens: int64 (N, T), valid: bool (N, T), of N different texts."""

    clips: torch.Tensor
    tokens: torch.Tensor
    valid: torch.Tensor
    contrasts: tuple[Contrast, ...]

    def to(self, device: torch.device) -> Self:
        """The batch on a device."""
        moved = tuple(replace(c, rows=c.rows.to(device), texts=c.texts.to(device)) for c in self.contrasts)
        clips, tokens, valid = (part.to(device) for part in (self.clips, self.tokens, self.valid))
        return replace(self, clips=clips, tokens=tokens, valid=valid, contrasts=moved)


@dataclass(frozen=True, eq=False)
class Contrasting:
    """Makes the contrasts of a bundle's own embedding space."""

    manifest: BundleManifest

    @cached_property
    def _mil(self) -> MilTable:
        return MilTable.from_mapping(self.manifest.mil_weights, self.manifest.sections, self.manifest.views)

    def of(self, pairs: Sequence[Pair], views: torch.Tensor) -> tuple[list[str], tuple[Contrast, ...]]:
        """The different texts, and the contrasts over them. views: float32 (B, V) probabilities of the clips' views.

        Where sections have dimensions of their own, a clip is compared in those that its view tells of.
        """
        texts: dict[str, int] = {}
        manifest = self.manifest
        if not manifest.section_subspaces:
            ids = [texts.setdefault(pair.text, len(texts)) for pair in pairs]
            rows = torch.arange(len(pairs))
            return list(texts), (Contrast(0, manifest.embedding_dim, rows, torch.tensor(ids)),)
        reported = [self._reported(view) for view in views]
        contrasts = []
        for section, (first, end) in manifest.section_subspaces.items():
            chosen = [row for row, pair in enumerate(pairs) if section in reported[row] and section in pair.sections]
            if len(chosen) > 1:
                ids = [texts.setdefault(pairs[row].sections[section], len(texts)) for row in chosen]
                contrasts.append(Contrast(first, end, torch.tensor(chosen), torch.tensor(ids)))
        return list(texts) or [""], tuple(contrasts)

    def _reported(self, view: torch.Tensor) -> set[str]:
        """Sections that a study of this one clip would be assessed in, by the pooling that serves."""
        manifest = self.manifest
        study = StudyEmbedding(torch.ones(1, manifest.embedding_dim), view[None], (1,), manifest.views)
        pooled = pool_sections(
            study, self._mil, manifest.view_weighting, manifest.min_section_weight, manifest.section_subspaces
        )
        return {name for name, seen in zip(pooled.sections, pooled.assessed.tolist(), strict=True) if seen}
