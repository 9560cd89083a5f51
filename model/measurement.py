"""What was measured in a study's acquisitions: numbers with their place, how far they are to be believed, outlines."""

from dataclasses import dataclass
from math import isfinite
from typing import Protocol, runtime_checkable

from model.embeddings import ClipName, PreparedAcquisition, StudyEmbedding

NOT_BELIEVED = "quality_below_limit"  # reason of a measurement that is marked and not stated


@dataclass(frozen=True)
class Contour:
    """The outline of a structure in one frame.

    frame: number in the file, 0-based. points: x and y in the file's own pixels, a pixel's centre is at + 0.5.
    """

    clip: ClipName
    frame: int
    structure: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number, and what it rests on.

    clips, frames: where it was taken, frames in the order of the clips. beats: how many it is the mean of.
    quality: 0..1, how probable it is that the number is as near to the truth as its name promises.
    interval: holds eight in ten of the truths. reason: why it is not stated; None where it is.
    slot, phenotype: of the report's language and of the taxonomy, where they ask for this number.
    """

    name: str
    value: float
    unit: str | None
    method: str
    clips: tuple[ClipName, ...]
    frames: tuple[int, ...]
    beats: int
    quality: float
    interval: tuple[float, float] | None = None
    reason: str | None = None
    slot: str | None = None
    phenotype: str | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.value) or not 0 <= self.quality <= 1:
            raise ValueError(f"{self.name}: value {self.value} must be finite, quality {self.quality} in 0..1")

    @property
    def stated(self) -> bool:
        """Whether it is believed enough to be stated."""
        return self.reason is None


@dataclass(frozen=True)
class StudyMeasurements:
    """All measurements of a study and the outlines of their frames."""

    measurements: tuple[Measurement, ...] = ()
    contours: tuple[Contour, ...] = ()

    def for_slot(self, slot: str) -> Measurement | None:
        """The stated measurement of best quality for a slot."""
        found = [one for one in self.measurements if one.slot == slot and one.stated]
        return max(found, key=lambda one: one.quality, default=None)


@runtime_checkable
class Measures(Protocol):
    """A modality that can measure."""

    def measure(self, acquisitions: tuple[PreparedAcquisition, ...], embedding: StudyEmbedding) -> StudyMeasurements:
        """What can be measured in the acquisitions; nothing where the bundle has no network for it."""
