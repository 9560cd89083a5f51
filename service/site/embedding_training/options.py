"""What can be asked of a training on embeddings, and of a sweep over its sizes."""

from dataclasses import dataclass, field
from pathlib import Path

from service.site.decoder_training.options import VOCABULARY
from service.site.reports.limits import PATIENTS_OF_A_PHRASE


@dataclass(frozen=True)
class Sizes:
    """What a sweep varies. length: tokens a section may have, 0 for the longest of the training reports."""

    vocabulary: int = VOCABULARY
    length: int = 0
    layers: int = 3
    width: int = 128
    heads: int = 4

    @property
    def name(self) -> str:
        """A folder's name."""
        return f"vocabulary-{self.vocabulary}_length-{self.length}_layers-{self.layers}"


@dataclass(frozen=True)
class Effort:
    """How long a training may take. seconds 0: no limit but the steps."""

    steps: int = 6000
    seconds: float = 0.0
    rows_per_step: int = 32
    learning_rate: float = 3e-3
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class EmbeddingTrainingOptions:
    """The files that are read, the folder that is written, and how to train.

    taxonomy: YAML or JSON of sections and phenotypes. manifest: CSV or JSON of `study`, `patient` and `split`.
    embeddings: float .npy (N, D) or (N, sections, D); embedding_ids: study ids of its rows, None for the manifest's.
    reports: CSV of `study` and a column per section. least_patients: patients that must share a sentence.
    """

    taxonomy: Path
    manifest: Path
    embeddings: Path
    reports: Path
    out: Path
    embedding_ids: Path | None = None
    least_patients: int = PATIENTS_OF_A_PHRASE
    sizes: Sizes = field(default_factory=Sizes)
    effort: Effort = field(default_factory=Effort)
    device: str = "auto"
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class SweptSizes:
    """Sizes that are tried, in every combination. lengths: 0 for the longest of the training reports."""

    vocabularies: tuple[int, ...] = (512, 2048)
    lengths: tuple[int, ...] = (0,)
    depths: tuple[int, ...] = (2, 4)
