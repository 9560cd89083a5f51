"""What a modality offers to the pipeline. Echo is one; cardiac MR and ECG come through the same five names."""

from collections.abc import Sequence
from typing import Protocol

from model.embeddings import PreparedClip, StudyEmbedding
from model.study import Clip, Source
from model.taxonomy import Taxonomy


class Modality(Protocol):
    """A modality with its networks loaded. Nothing outside its own folder knows which one it is."""

    @property
    def taxonomy(self) -> Taxonomy:
        """Names of views, sections and phenotypes."""

    @property
    def embedding_dim(self) -> int:
        """Dimension D of a clip embedding."""

    def frames_needed(self, total: int, frame_rate_hz: float | None, source: Source) -> Sequence[int]:
        """Numbers of the frames that `prepare` looks at, ascending, of a clip of `total`; no others need decoding."""

    def prepare(self, clip: Clip) -> PreparedClip:
        """The clip as model input on the modality's device, identity removed. Raises ClipRejected with the reason."""

    def encode(self, clips: Sequence[PreparedClip]) -> StudyEmbedding:
        """Clip embeddings and view probabilities; one or more clips."""
