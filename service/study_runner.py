"""Runs one accepted study: its files through the reader and the pipeline. The modality comes in through both."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from index.retriever import Retriever
from model.device import choose_placement
from model.study import Clip, FramePlan, SkippedClip
from service.artifacts import ArtifactPaths, load_pipeline, set_threads, with_current_bank
from service.ingest.limits import IngestLimits
from service.pipeline import ProgressSink, ReportPipeline, RunOptions
from service.report_language import ReportLanguages
from service.schemas import Mode, ReportDocument
from service.settings import Settings
from service.study_job import StudyJob


class StudyFiles(Protocol):
    """An opened study."""

    def read(self, plan: FramePlan | None = None) -> Iterable[Clip | SkippedClip]:
        """Every file as a clip, or skipped with a reason; only the frames of the plan need be in it."""


class StudyPipeline(Protocol):
    """What the service needs of a pipeline; `ReportPipeline` is the one there is."""

    @property
    def frame_plan(self) -> FramePlan:
        """Which frames of a clip it looks at."""

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Report modes, the default first."""

    @property
    def languages(self) -> ReportLanguages:
        """Languages of its reports."""

    @property
    def provenance(self) -> Mapping[str, str | int | float | bool | None]:
        """Names, versions, hashes, device."""

    @property
    def retriever(self) -> Retriever:
        """The search, and the bank that it searches."""

    def check(self, options: RunOptions) -> None:
        """Raises RequestError when it cannot serve the options."""

    def run(self, items: Iterable[Clip | SkippedClip], options: RunOptions, progress: ProgressSink) -> ReportDocument:
        """The answer to a study."""


def keep_bank(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline:  # noqa: ARG001 - as swap_bank
    """The pipeline as it is, for workings without a bank that changes."""
    return pipeline


OpenStudy = Callable[[Sequence[Path], IngestLimits, Path], AbstractContextManager[StudyFiles]]


@dataclass(frozen=True)
class Workings:
    """The parts that know the modality; tests and later modalities put in their own.

    load: the pipeline of these settings, slow. open_study: reads uploaded files, and may write into the folder it is
    given. warm_up: clips of the study that is run before the service calls itself ready, so that the first patient
    does not pay for lazy initialisation. swap_bank: the pipeline with the bank's new version.
    """

    load: Callable[[Settings], StudyPipeline]
    open_study: OpenStudy
    warm_up: Callable[[], Sequence[Clip]]
    swap_bank: Callable[[StudyPipeline, Settings], StudyPipeline] = keep_bank


@dataclass(frozen=True)
class PipelineRunner:
    """The pipeline that is current when a study begins, and the reader that feeds it."""

    current: Callable[[], StudyPipeline]
    open_study: OpenStudy
    limits: IngestLimits

    def run(self, job: StudyJob) -> ReportDocument:
        """The answer to one study; its steps go to the job."""
        pipeline = self.current()
        # the bank may have become smaller since the study was accepted
        neighbours = min(job.options.neighbours, pipeline.retriever.bank.manifest.candidates)
        options = replace(job.options, neighbours=neighbours)
        with self.open_study(job.upload.files, self.limits, job.upload.folder) as study:
            return pipeline.run(study.read(pipeline.frame_plan), options, job.step)


def load_shipped_kind(settings: Settings) -> StudyPipeline:
    """The pipeline of the bundle and bank that the settings name."""
    set_threads(settings.threads)
    placement = choose_placement(settings.device, settings.dtype)
    return load_pipeline(
        ArtifactPaths(settings.bundle, settings.bank), placement, exact_search=settings.search == "exact"
    )


def swap_shipped_kind(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline:
    """The pipeline with the bank as it is now. Raises BankError or ArtifactError."""
    assert isinstance(pipeline, ReportPipeline)
    device = choose_placement(settings.device, settings.dtype).device
    return with_current_bank(pipeline, settings.bank, device, exact_search=settings.search == "exact")


def default_neighbours(settings: Settings, pipeline: StudyPipeline) -> int:
    """How many candidates vote when a request names no k: as the settings say, in a small bank all there are."""
    return min(settings.neighbours, pipeline.retriever.bank.manifest.candidates)


def ingest_limits(settings: Settings) -> IngestLimits:
    """The reader's limits, equal to the upload's where both have one, so that a zip passes no more than a form."""
    return IngestLimits(
        max_files=settings.max_files,
        max_file_bytes=settings.max_file_bytes,
        max_study_bytes=settings.max_body_bytes,
    )
