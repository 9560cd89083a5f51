"""A study before the networks, which several may be at once, and after them: the point that all modes share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.embeddings import ClipName, PreparedAcquisition, SectionEmbeddings, StudyEmbedding
from model.measurement import StudyMeasurements
from model.study import ClipFacts, SkippedClip, SkipReason
from service.stage_clock import StageClock


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """The clips as model input, those left out, and the positions of used ones that were not read to their end.

    facts: what the answer says of used clips, by position.
    """

    used: tuple[PreparedAcquisition, ...]
    skipped: tuple[SkippedClip, ...]
    truncated: tuple[int, ...]
    clock: StageClock
    facts: Mapping[int, ClipFacts] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class EncodedStudy:
    """Which clips are used, their embeddings, and one embedding per section.

    truncated: positions of used clips that were not read to their end.
    facts: what the answer says of used clips, by position.
    measured: what was measured in the clips.
    """

    used: tuple[PreparedAcquisition, ...]
    skipped: tuple[SkippedClip, ...]
    truncated: tuple[int, ...]
    embedding: StudyEmbedding
    sections: SectionEmbeddings
    clock: StageClock
    facts: Mapping[int, ClipFacts] = field(default_factory=dict)
    measured: StudyMeasurements = field(default_factory=StudyMeasurements)


def leave_out(acquisition: PreparedAcquisition, first: ClipName) -> SkippedClip:
    """The acquisition, left out because another one shows the same."""
    position, panel = first
    where = f"position {position}" if panel is None else f"position {position}, picture {panel}"
    text = f"Shows the same loop as the clip at {where}, which counts."
    return SkippedClip(acquisition.position, acquisition.sha256, SkipReason.DUPLICATE, text, acquisition.panel)
