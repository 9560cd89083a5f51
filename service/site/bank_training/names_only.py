"""A modality without its networks, for work that begins behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.embeddings import ClipName, PreparedAcquisition, StudyEmbedding
from model.study import Clip, SkippedClip
from model.taxonomy import Taxonomy


@dataclass(frozen=True)
class NamesOnly:
    """A modality without its networks: enough for every stage after the encoder."""

    taxonomy: Taxonomy
    embedding_dim: int

    @property
    def reading_plan(self) -> None:
        """Nothing is read for networks that are not there."""

    def prepare(self, clip: Clip) -> Sequence[PreparedAcquisition | SkippedClip]:
        """Raises RuntimeError: there is no network to prepare for."""
        raise RuntimeError(f"clip {clip.position}: this pipeline was opened without networks")

    def find_repeats(self, acquisitions: Sequence[object]) -> Mapping[ClipName, ClipName]:
        """None: there are no clips."""
        del acquisitions
        return {}

    def encode(self, clips: Sequence[PreparedAcquisition]) -> StudyEmbedding:
        """Raises RuntimeError: there is no network."""
        raise RuntimeError(f"{len(clips)} clips: this pipeline was opened without networks")
