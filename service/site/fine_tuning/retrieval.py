"""How well held-out studies find their own reports: the figure before and after a fine-tuning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.bundle import BundleManifest
from model.embeddings import StudyEmbedding
from model.pooling import MilTable
from model.report.text_encoder.section_vectors import section_vectors
from model.report.text_encoder.text_encoder import TextTower
from service.site.bank.networks import study_vector
from service.site.fine_tuning.clips import ClipFolder
from service.site.fine_tuning.pairs import Pair

AT = 5
_CLIPS_AT_ONCE = 8


def recall(studies: NDArray[np.float32], texts: NDArray[np.float32]) -> dict[str, Any]:
    """Recall at 5 and median rank of each study's own report among all; both (N, D), row by row a pair.

    A report of equal similarity counts as nearer, so that equal vectors win nothing. With five pairs or fewer the
    recall would be 1 by itself: it is None.
    """
    count = len(studies)
    if count <= AT:
        return {"studies": count, "recall_at_5": None, "reason": f"needs more than {AT} held-out studies"}
    similarity = studies @ texts.T
    own = np.diagonal(similarity)
    ranks = (similarity >= own[:, None]).sum(axis=1)
    return {
        "studies": count,
        "recall_at_5": round(float((ranks <= AT).mean()), 4),
        "chance": round(AT / count, 4),
        "median_rank": float(np.median(ranks)),
    }


def text_vectors(tower: TextTower, pairs: Sequence[Pair], manifest: BundleManifest) -> NDArray[np.float32]:
    """float32 (N, D) unit norm: reports as a bank of the bundle has them, whole or section by section."""
    subspaces = manifest.section_subspaces
    if not subspaces:
        return tower.encode([pair.text for pair in pairs])
    vectors = section_vectors(tower.encode, [pair.sections for pair in pairs], subspaces, manifest.embedding_dim)
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


@dataclass(frozen=True, eq=False)
class StudyVectors:
    """Vectors of studies as a bank or a request has them: clips pooled by view into sections, and those averaged."""

    clips: ClipFolder
    manifest: BundleManifest
    device: torch.device

    @torch.inference_mode()
    def of(self, video: nn.Module, places: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Place → its vector; studies of which no section is assessed are left out."""
        manifest = self.manifest
        mil = MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views)
        found: dict[int, NDArray[np.float32]] = {}
        for place in places:
            embedded = self._embed(video, place)
            positions = tuple(range(1, len(embedded) + 1))
            study = StudyEmbedding(embedded, self.clips.views(place), positions, manifest.views)
            vector = study_vector(study, mil, manifest)
            if not isinstance(vector, str):
                found[place] = vector
        return found

    def _embed(self, video: nn.Module, place: int) -> torch.Tensor:
        inputs = self.clips.inputs(place)
        blocks = (inputs[start : start + _CLIPS_AT_ONCE] for start in range(0, len(inputs), _CLIPS_AT_ONCE))
        parts = [video(torch.from_numpy(block.astype(np.float32)).to(self.device)) for block in blocks]
        return torch.cat(parts).float().cpu()
