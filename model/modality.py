"""What a modality offers to the pipeline. Echo is one; cardiac MR and ECG come through the same names."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from model.embeddings import ClipName, PreparedAcquisition, StudyEmbedding
from model.study import SkippedClip
from model.taxonomy import Taxonomy


class Modality(Protocol):
    """A modality with its networks loaded. Nothing outside its own folders knows which one it is.

    Acquisitions and prepared acquisitions are of the modality's own types: what its reader gives, `prepare` takes, and
    what `prepare` gives, `encode` takes. The pipeline only carries them.
    """

    @property
    def taxonomy(self) -> Taxonomy:
        """Names of views (none where the modality has none), sections, phenotypes."""

    @property
    def embedding_dim(self) -> int:
        """Dimension D of an embedding."""

    @property
    def reading_plan(self) -> Any:
        """What the modality's reader is given, so that it reads no more than `prepare` needs; None: everything."""

    def prepare(self, acquisition: Any) -> Sequence[PreparedAcquisition | SkippedClip]:
        """The acquisition as model input on the modality's device: one, or one per picture in its frames.

        A picture that is not used has its reason in its place; `panel` numbers them. Raises ClipRejected with the
        reason where the acquisition as a whole is not used.
        """

    def find_repeats(self, acquisitions: Sequence[Any]) -> Mapping[ClipName, ClipName]:
        """Name of an acquisition that shows another one again → name of that one, which counts."""

    def encode(self, acquisitions: Sequence[Any]) -> StudyEmbedding:
        """Embeddings and view probabilities; one or more acquisitions."""
