"""A study before the networks, which several may be at once, and after them: the point that all modes share."""

from dataclasses import dataclass

from model.embeddings import PreparedAcquisition, SectionEmbeddings, StudyEmbedding
from model.study import SkippedClip
from service.stage_clock import StageClock


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """The clips as model input, those left out, and the positions of used ones that were not read to their end."""

    used: tuple[PreparedAcquisition, ...]
    skipped: tuple[SkippedClip, ...]
    truncated: tuple[int, ...]
    clock: StageClock


@dataclass(frozen=True, eq=False)
class EncodedStudy:
    """Which clips are used, their embeddings, and one embedding per section.

    truncated: positions of used clips that were not read to their end.
    """

    used: tuple[PreparedAcquisition, ...]
    skipped: tuple[SkippedClip, ...]
    truncated: tuple[int, ...]
    embedding: StudyEmbedding
    sections: SectionEmbeddings
    clock: StageClock
