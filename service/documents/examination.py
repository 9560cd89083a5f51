"""Parts of an answer: what was posted and what it is worth, and the numbers of the study."""

from typing import Literal

from pydantic import Field

from model.study import FrameRateSource
from service.documents.document import Document


class ViewClips(Document):
    """A view and the clips that show it, by position; a clip with several pictures is named once for each."""

    view: str | None = Field(description="Null in a modality without views.")
    clips: list[int]


class RateClips(Document):
    """A frame rate, where it was found, and the clips that have it."""

    frame_rate_hz: float | None = Field(description="Null where nothing states it.")
    source: FrameRateSource
    clips: list[int]


LimitCode = Literal[
    "study_unlike",
    "clip_skipped",
    "uncertain_view",
    "unfamiliar",
    "frames_missing",
    "not_read_to_its_end",
    "frame_rate_assumed",
]


class LimitOut(Document):
    """Something that limits what the study can tell, and its clips by position."""

    code: LimitCode
    clips: list[int]


class FamiliarityOut(Document):
    """How far the study as a whole lies from what the bundle has learned."""

    distance: float | None = Field(
        description="Median, over its clips, of the relative Mahalanobis distance; may be negative. Null: no number."
    )
    limit: float = Field(description="That about one in a hundred known studies of as many clips exceeds.")
    unlike: bool = Field(description="Beyond the limit: nothing is concluded from neighbours.")


class HeaderOut(Document):
    """What was posted and what it is worth. The quality of pictures is not graded."""

    files: int = Field(description="Files of the upload.")
    used: int = Field(description="Clips that count; a file may hold several pictures.")
    skipped: int
    views: list[ViewClips]
    frame_rates: list[RateClips]
    quality: Literal["unusable", "limited", "no_limit_found"] = Field(
        description="unusable: no clip counts. limited: see `limits`."
    )
    limits: list[LimitOut]
    familiarity: FamiliarityOut | None = Field(None, description="Null where the bundle sets no limit.")
    sections_assessed: int
    sections: int


class MeasurementOut(Document):
    """A number of the study as the report states it, and where it comes from."""

    name: str = Field(description="Name of the quantity; of its phenotype where no sentence can state it.")
    phenotype: str | None = Field(description="The phenotype whose estimate it is.")
    section: str
    value: float = Field(description="Rounded as it is stated.")
    unit: str
    decimals: int = Field(ge=0, le=9, description="Decimals of `value`, and of the spread.")
    source: Literal["estimated", "measured"] = Field(
        description="estimated: a vote of neighbouring candidates. measured: in this study's own clips; see `traced`."
    )
    p10: float | None = Field(
        None, description="10th percentile of the candidates that vote; of a measured number, where 80 % of truths lie."
    )
    p90: float | None = Field(None, description="90th percentile.")
    candidates: int = Field(description="Candidates that state the number; none of a measured one.")
    asked: int = Field(description="Candidates that were asked.")
    clips: list[int] = Field(default=[], description="Where it was measured.")
    frames: list[int] = Field(default=[], description="Frames of the file, 0-based, clip after clip.")
