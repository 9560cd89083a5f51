"""A cached study through the pipeline's own stages, without its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from model.echo.prepared_clip import PreparedClip
from model.embeddings import ClipName, StudyEmbedding
from model.study import Clip, SkippedClip
from model.taxonomy import Taxonomy
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy
from service.answer.encoded_study import EncodedStudy
from service.pipeline import ReportPipeline

_NO_PIXELS = np.zeros((1, 1, 1, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class ReplayedModality:
    """Gives the embedding that was computed before; satisfies `model.modality.Modality`."""

    taxonomy: Taxonomy
    embedding_dim: int
    study: CachedStudy
    embedding: StudyEmbedding

    @property
    def reading_plan(self) -> None:
        """There are no pixels to read."""

    def prepare(self, clip: Clip) -> Sequence[PreparedClip | SkippedClip]:
        """The clip's place and hash, without pixels."""
        sha256, start_frame = self.study.used[clip.position]
        nothing = torch.zeros(0)
        return [
            PreparedClip(
                position=clip.position, sha256=sha256, model_input=nothing, view_input=nothing, start_frame=start_frame
            )
        ]

    def find_repeats(self, acquisitions: Sequence[object]) -> Mapping[ClipName, ClipName]:
        """None: they were looked for when the study was prepared."""
        del acquisitions
        return {}

    def encode(self, clips: Sequence[PreparedClip]) -> StudyEmbedding:
        """The embedding of the clips asked for, as it was computed."""
        rows = [self.embedding.positions.index(clip.position) for clip in clips]
        return StudyEmbedding(
            self.embedding.clip_embeddings[rows],
            self.embedding.view_probabilities[rows],
            tuple(clip.position for clip in clips),
            self.embedding.views,
            None if self.embedding.clip_spectra is None else self.embedding.clip_spectra[rows],
        )


def replayed(
    pipeline: ReportPipeline,
    study: CachedStudy,
    variant: str = BASE,
    *,
    embedding: StudyEmbedding | None = None,
    positions: Sequence[int] | None = None,
) -> EncodedStudy:
    """What `pipeline.embed` gives for the study. embedding: another one in its place. positions: only these clips."""
    chosen = embedding or study.embeddings[variant]
    modality = ReplayedModality(pipeline.modality.taxonomy, pipeline.modality.embedding_dim, study, chosen)
    kept = [position for position in chosen.positions if positions is None or position in positions]
    clips = [Clip(position, study.used[position][0], "video", _NO_PIXELS, None, 1) for position in kept]
    return replace(pipeline, modality=modality).embed([*clips, *study.skipped])
