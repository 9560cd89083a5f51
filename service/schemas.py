"""The documents that answers are made of (design section 5). The pipeline returns them; HTTP and the CLI print them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from model.study import FrameRateSource
from service.documents.document import Document
from service.documents.edition import EditionOut
from service.documents.examination import HeaderOut, MeasurementOut
from service.documents.traced import ContourOut, MeasuredNumber, TracedMeasurement

Mode = Literal["rag", "retrieval", "generate"]
DRAFT_NOTICE = "Draft for a physician to edit and sign. Not a diagnosis."
DEMONSTRATION_NOTICE = (
    "Demonstration only: this bundle has seen nothing but rendered hearts. Its findings do not describe any patient."
)


class SentenceOut(Document):
    """A sentence of the report and where it came from."""

    text: str
    source: Literal["generated", "retrieved", "both", "written"] = Field(
        description="written: by a person, who edited the report."
    )
    candidate_ids: list[int]
    estimated: bool = Field(False, description="Its number is the neighbours' vote, not this study's own estimate.")
    measured: MeasuredNumber | None = Field(None, description="Its number was measured in this study's own clips.")
    lang: str = Field("en", description="Language it is written in; another than the report's where it has no wording.")


class ViewWeight(Document):
    """A clip that fed a section, its view, and its share of the section's weight."""

    clip: int
    panel: int | None = Field(None, description="Which picture of its frames; null where they hold one.")
    view: str | None = Field(description="Null in a modality without views.")
    weight: float


class NeighbourOut(Document):
    """A neighbouring candidate study of a section."""

    candidate_id: int
    similarity: float


class NotShown(Document):
    """A phenotype of an assessed section of which nothing is said, because no clip shows it."""

    phenotype: str
    shown_by: list[str] = Field(description="Views that would show it.")


class SectionOut(Document):
    """One report section; `reason` says why it is not assessed."""

    name: str
    title: str | None = Field(None, description="The heading in the report's language.")
    assessed: bool
    reason: str | None
    text: str
    sentences: list[SentenceOut]
    views: list[ViewWeight]
    neighbours: list[NeighbourOut]
    shown_by: list[str] = Field(
        default=[], description="Views that show the section; empty where the bundle has no table."
    )
    not_shown: list[NotShown] = Field(default=[], description="What is left unsaid for want of a clip.")
    edited: bool = Field(False, description="A person wrote its text.")

    @property
    def is_told(self) -> bool:
        """Whether it has a text: of an assessment, or of a person."""
        return self.assessed or self.edited


class RestsOn(Document):
    """Sentences of a section that a statement of the impression rests on."""

    section: str
    sentences: list[int] = Field(description="Positions in the section's `sentences`, from 0.")


class ImpressionStatement(Document):
    """One statement of the impression, made of what the sections say and of nothing else."""

    text: str = Field(description="A number in it carries the mark that it has in its section.")
    kind: Literal["finding", "normal", "change", "not_assessed", "unclear", "written"] = Field(
        description="normal: what was assessed is normal. change: against this patient's earlier study. "
        "not_assessed: what the study does not show. unclear: no abnormality was read, and normal cannot be said. "
        "written: by a person, who edited the report."
    )
    rests_on: list[RestsOn] = Field(description="Empty for what was not assessed.")
    lang: str = Field("en", description="Language it is written in.")


class PhenotypeOut(Document):
    """One phenotype estimate: the neighbours' mean label with spread, count and threshold.

    `reason` says why `value` is null, or why a binary one has no `positive`.
    """

    value: float | None
    unit: str | None
    kind: Literal["binary", "continuous"]
    p10: float | None
    p90: float | None
    labelled: int
    k: int
    threshold: float | None
    threshold_source: str | None = Field(
        None,
        description="`release`, `bank` (set on labelled candidates), `calibration` (on a site's studies) or `bundle` "
        "(its training); null without a threshold.",
    )
    positive: bool | None
    section: str
    reason: str | None
    probability: float | None = Field(None, description="Calibrated on labelled studies; null without a calibration.")
    interval_low: float | None = Field(None, description="Calibrated on labelled studies to hold 80 % of the truths.")
    interval_high: float | None = None
    views: list[str] = Field(default=[], description="Views of this study that show it; empty without a table.")
    views_wanted: int | None = Field(None, description="How many different views a guideline asks for.")


class ClipOut(Document):
    """A clip of the upload, or one of several pictures in its frames: used, or skipped with its reason."""

    clip: int
    panel: int | None = Field(
        None, description="Which picture of its frames, from 1 in reading order; null where they hold one."
    )
    sha256: str
    used: bool
    skipped: str | None = Field(description="Reason code; null when used.")
    detail: str | None = Field(None, description="The reason in words.")
    view: str | None
    view_probability: float | None
    start_frame: int | None
    frame_rate_hz: float | None = Field(
        None, description="Frames per second as the file states them; null where it does not, or for a skipped clip."
    )
    frame_rate_source: FrameRateSource | None = Field(
        None,
        description="Where the rate was found. `assumed`: nowhere, so frames were taken as if at the rate that the "
        "networks expect. Null for a skipped clip.",
    )
    unfamiliarity: float | None = Field(
        None, description="Distance from known clips of its view, 1 at the limit; null without statistics."
    )
    out_of_distribution: bool | None = Field(None, description="Beyond the limit; null without statistics.")


class WarningOut(Document):
    """Something the reader must know about this answer."""

    code: str
    text: str


class PriorStudyOut(Document):
    """An earlier study of the same patient in the bank; listed only where it was asked for."""

    candidate_id: int
    study_key: str = Field(description="Pseudonym of the study.")
    sections: dict[str, str] = Field(description="Its report; empty where the bank's text may not be shown.")


class SampleSection(Document):
    """A section of a further draft."""

    name: str
    text: str
    sentences: list[SentenceOut]


class SampleOut(Document):
    """A further draft of the same study, drawn with a seed; the report itself is the likeliest one."""

    seed: int
    temperature: float
    top_k: int | None
    sections: list[SampleSection]


class ReportDocument(Document):
    """The answer to `POST /report`."""

    study_id: str
    status: Literal["complete", "demonstration", "unusable"] = Field(
        description="demonstration: of a bundle that has seen no patient. unusable: no file could be used; see `clips`."
    )
    draft_notice: str
    mode: Mode
    modality: str = Field("", description="Name of the modality; empty in documents of before it was stated.")
    lang: str = Field("en", description="Language of the report (BCP 47).")
    created: datetime
    edition: EditionOut | None = Field(None, description="Which version a person made; null for the machine's draft.")
    header: HeaderOut | None = Field(None, description="Null in documents of before it was written.")
    impression: list[ImpressionStatement] = Field(
        default=[],
        description="At most seven statements, worst first; empty in documents of before it was written, and where "
        "the modality has no table of what is worse.",
    )
    sections: list[SectionOut]
    measurements: list[MeasurementOut] = Field(
        default=[], description="Numbers with enough candidates behind them, in the order of sections."
    )
    phenotypes: dict[str, PhenotypeOut]
    clips: list[ClipOut]
    warnings: list[WarningOut]
    traced: list[TracedMeasurement] = Field(
        default=[], description="All that was measured in this study's clips; empty where the bundle has no tracer."
    )
    contours: list[ContourOut] = Field(
        default=[], description="Kept with the answer and left out of it: `GET /report/{study_id}/contours`."
    )
    prior_studies: list[PriorStudyOut] = Field(
        default=[], description="With `include_prior`: this patient's own studies in the bank; they vote as well."
    )
    samples: list[SampleOut] = Field(default=[], description="Further drafts, where they were asked for.")
    provenance: dict[str, str | int | float | bool | None]
    stage_seconds: dict[str, float]


def answer_json(document: ReportDocument, indent: int | None = None) -> str:
    """The answer as JSON, without the outlines, which are asked for on their own."""
    return document.model_dump_json(exclude={"contours"}, indent=indent)


class StudyPhenotypes(Document):
    """The phenotypes of one study, and what answered it."""

    study_id: str
    created: datetime
    bundle: str | None = Field(None, description="Name of the bundle; null in answers that state none.")
    bundle_sha256: str | None = Field(None, description="Of its manifest: which version of the bundle answered.")
    bank: str | None = Field(None, description="Name of the candidate bank.")
    bank_sha256: str | None = Field(None, description="Of its manifest: which version of the bank answered.")
    phenotypes: dict[str, PhenotypeOut]


def phenotypes_of(document: ReportDocument) -> StudyPhenotypes:
    """The phenotypes of an answer, and the versions that it states."""
    names = ("bundle", "bundle_sha256", "bank", "bank_sha256")
    stated = {name: document.provenance.get(name) for name in names}
    return StudyPhenotypes(
        study_id=document.study_id,
        created=document.created,
        phenotypes=document.phenotypes,
        **{name: None if value is None else str(value) for name, value in stated.items()},
    )


class UnreadableStudy(Document):
    """A study whose kept answer cannot be shown."""

    study_id: str
    reason: Literal["damaged", "written_by_a_newer_version"]


class PhenotypeList(Document):
    """A page of studies with their phenotypes, newest first; `next` is the `after` of the following page."""

    studies: list[StudyPhenotypes]
    next: str | None
    left_out: list[UnreadableStudy] = Field(default=[], description="Studies of this page that cannot be shown.")


class ProcessingDocument(Document):
    """A study that was accepted and is not answered yet; ask again, or follow its events."""

    study_id: str
    status: Literal["processing"] = "processing"
    stage: str | None = Field(description="The stage that was last heard of; null while the study waits.")
    report: str = Field(description="Where the report will be.")
    events: str = Field(description="Where its progress is streamed.")


class ShadowDocument(Document):
    """A study that was accepted in shadow mode: its draft will be stored, and nobody sees it over HTTP."""

    study_id: str
    status: Literal["shadow"] = "shadow"
