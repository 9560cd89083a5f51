"""Parts of an answer: what was measured in the study's own clips, and the outlines that it rests on."""

from typing import Literal

from pydantic import Field

from service.documents.document import Document


class MeasuredNumber(Document):
    """Where a number of a sentence was measured."""

    source: Literal["measured"] = "measured"
    value: float
    clips: list[int]
    frames: list[int]


class TracedMeasurement(Document):
    """A number that was measured in the study's own clips, and how far it is to be believed."""

    name: str
    value: float
    unit: str | None = Field(description="Null: in pixels of the network, because the file does not state their size.")
    method: str = Field(description="How, and from which kind of clip.")
    stated: bool = Field(description="Believed enough to be stated; where false, `reason` says why not.")
    reason: str | None
    quality: float = Field(description="0 to 1: how probable it is that the number is near the truth.")
    interval_low: float | None = Field(description="Set on studies of known truth to hold 80 % of the truths.")
    interval_high: float | None
    clips: list[int]
    panels: list[int | None]
    frames: list[int] = Field(description="Frames of the file, 0-based, clip after clip; outlines are kept of them.")
    beats: int
    phenotype: str | None = Field(None, description="The phenotype that the number is of.")


class ContourOut(Document):
    """The outline of a structure in one frame of a clip."""

    clip: int
    panel: int | None
    frame: int
    structure: str
    points: list[tuple[float, float]] = Field(description="x and y in the file's own pixels.")


class ContourDocument(Document):
    """The outlines that a study's measurements rest on."""

    study_id: str
    contours: list[ContourOut]
