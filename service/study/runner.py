"""Runs one accepted study: its files through the reader and the pipeline. The modality comes in through both."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from index.retriever import Retriever
from model.study import Acquisition, AcquisitionReader, SkippedClip
from service.answer.encoded_study import EncodedStudy
from service.answer.notices import from_unchecked_bank
from service.answer.text.report_language import ReportLanguages
from service.answer.vectors import vectors_of
from service.arithmetic import placement_of
from service.arithmetic_check import settle_arithmetic
from service.artifact_seal import ArtifactSeal
from service.artifacts import paths_of, pipeline_of, set_threads, with_current_bank
from service.errors import Abandoned
from service.ingest.decoding.decoder_pool import decoder_pool
from service.ingest.decoding.study_decoding import ReadingScope, reading_scope
from service.ingest.limits import DecoderLimits, IngestLimits
from service.modalities.registry import served_by
from service.pipeline import ReportPipeline
from service.run_options import ProgressSink, RunOptions
from service.schemas import Mode, ReportDocument
from service.settings import Settings
from service.study.artifact_watch import ArtifactWatch
from service.study.bank_check import BankCheck
from service.study.job import StudyAnswer, StudyJob
from service.study.reading_turns import ReadingTurns

_MOST_READERS: Final = 64  # studies that are read at once, all but one of them slow; permits bound them before


class OpenedStudy(Protocol):
    """The files of a study, open."""

    def readers(self, plan: Any = None) -> Iterable[AcquisitionReader]:
        """What reads each acquisition, or skips it with a reason. plan: what the networks need."""


# (files, limits, folder to write into, sha256 of files that were hashed as they came in) → the study
OpenStudy = Callable[[Sequence[Path], IngestLimits, Path, Mapping[Path, str]], AbstractContextManager[OpenedStudy]]


class StudyPipeline(Protocol):
    """What the service needs of a pipeline; `ReportPipeline` is the one there is."""

    @property
    def reading_plan(self) -> Any:
        """What a reader is given, so that it reads no more than is needed."""

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

    def run(
        self, items: Iterable[Acquisition | SkippedClip], options: RunOptions, progress: ProgressSink
    ) -> ReportDocument:
        """The answer to a study."""

    def prepare(self, items: Iterable[AcquisitionReader], progress: ProgressSink) -> Any:
        """The first part of `run`, which several threads may do at once."""

    def answer(self, study: Any, options: RunOptions, progress: ProgressSink) -> ReportDocument:
        """The rest of `run`, for what `prepare` gave."""

    def encode(self, study: Any, progress: ProgressSink) -> EncodedStudy:
        """What the networks make of what `prepare` gave."""


def keep_arithmetic(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline | None:  # noqa: ARG001 - as settle
    """Nothing to settle, for workings that have one arithmetic."""
    return None


def keep_bank(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline:  # noqa: ARG001 - as swap_bank
    """The pipeline as it is, for workings without a bank that changes."""
    return pipeline


def unsealed(settings: Settings) -> ArtifactSeal:  # noqa: ARG001 - as seal
    """No file, for workings that read none."""
    return ArtifactSeal()


@dataclass(frozen=True)
class Workings:
    """The parts that know the modality; tests put in their own.

    load: the pipeline of these settings, slow. open_study: reads uploaded files. warm_up: what the study holds that is
    run before the service calls itself ready, so that the first patient does not pay for lazy initialisation.
    swap_bank: the pipeline with the bank's new version. settle_arithmetic: the pipeline in the arithmetic that a check
    found best on this machine, None where nothing changes; slow, and done once for a machine and bundle. seal: of the
    files that load and swap_bank are about to read.
    """

    load: Callable[[Settings], StudyPipeline]
    open_study: OpenStudy
    warm_up: Callable[[], Sequence[Acquisition]]
    swap_bank: Callable[[StudyPipeline, Settings], StudyPipeline] = keep_bank
    settle_arithmetic: Callable[[StudyPipeline, Settings], StudyPipeline | None] = keep_arithmetic
    seal: Callable[[Settings], ArtifactSeal] = unsealed


Begun = tuple[StudyPipeline, RunOptions, Any]  # with what the pipeline's `prepare` gave


@dataclass(frozen=True)
class PipelineRunner:
    """The pipeline that is current when a study begins, and the readers that feed it.

    readers: threads that have studies read and prepared while another is on the device. turns: whose turn it is. One
    study's clips keep the processors busy; two studies at once were no faster, and took each other's place in the
    caches (LOG 2026-11-22). Only a study whose files take long is read beside others.
    """

    current: Callable[[], StudyPipeline]
    open_study: OpenStudy
    limits: IngestLimits
    artifacts: ArtifactWatch = field(default_factory=lambda: ArtifactWatch(BankCheck()))
    readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_MOST_READERS, "study"))
    turns: ReadingTurns = field(default_factory=ReadingTurns)

    def begin(self, job: StudyJob) -> None:
        """Has a study read in another thread, as soon as it is free; a second call changes nothing."""
        if job.prepared is None:
            job.prepared = self.readers.submit(self._prepare, job)
            job.prepared.add_done_callback(lambda _: job.changed())

    def run(self, job: StudyJob) -> StudyAnswer:
        """The answer to one study; its steps go to the job."""
        self.begin(job)
        assert job.prepared is not None
        try:
            begun: Begun = job.prepared.result()
        except CancelledError:
            raise Abandoned("nobody waits for this study any more") from None
        pipeline, options, study = begun
        if options.answer == "vectors":
            return vectors_of(pipeline.encode(study, job.step), pipeline.provenance).document(job.study_id)
        document = pipeline.answer(study, options, job.step)
        self.artifacts.require_intact()
        if self.artifacts.bank_check.state == "running":
            return from_unchecked_bank(document, pipeline.languages.asked(options.lang))
        return document

    def _prepare(self, job: StudyJob) -> Begun:
        with self.turns.one(job.require_wanted) as pass_on:

            def slow() -> None:
                pass_on()
                job.let_others_pass()

            with reading_scope(ReadingScope(job.require_wanted, slow)):
                return self._read(job)

    def _read(self, job: StudyJob) -> Begun:
        self.artifacts.require_intact()
        pipeline = self.current()
        # the bank may have become smaller since the study was accepted
        neighbours = min(job.options.neighbours, pipeline.retriever.bank.manifest.candidates)
        options = replace(job.options, neighbours=neighbours)
        pipeline.check(options)
        upload = job.upload
        with self.open_study(upload.files, self.limits, upload.folder, upload.sha256) as files:
            return pipeline, options, pipeline.prepare(files.readers(pipeline.reading_plan), job.step)


def workings_of(settings: Settings) -> Workings:
    """The workings of the bundle that the settings name; its modality is looked up when it is first needed."""
    return Workings(
        load=load_shipped_kind,
        open_study=lambda *given: served_by(settings.bundle).open_study(*given),
        warm_up=lambda: served_by(settings.bundle).warm_up(),
        swap_bank=swap_shipped_kind,
        settle_arithmetic=settle_shipped_kind,
        seal=lambda settings: ArtifactSeal.of(settings.bundle, settings.bank),
    )


def load_shipped_kind(settings: Settings) -> StudyPipeline:
    """The pipeline of the bundle and bank that the settings name; decoders are started meanwhile."""
    set_threads(settings.threads, settings.bundle)
    if settings.decoding == "in_process":
        return pipeline_of(settings)
    decoder_pool().start()
    pipeline = pipeline_of(settings)
    decoder_pool().wait_until_ready()
    return pipeline


def swap_shipped_kind(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline:
    """The pipeline with the bank as it is now. Raises BankError or ArtifactError."""
    assert isinstance(pipeline, ReportPipeline)
    device = placement_of(settings).device
    return with_current_bank(pipeline, paths_of(settings), device, exact_search=settings.search == "exact")


def settle_shipped_kind(pipeline: StudyPipeline, settings: Settings) -> StudyPipeline | None:
    """The pipeline in the arithmetic that is best here, None where nothing changes."""
    assert isinstance(pipeline, ReportPipeline)
    return settle_arithmetic(pipeline, settings)


def default_neighbours(settings: Settings, pipeline: StudyPipeline) -> int:
    """How many candidates vote when a request names no k: as the settings say, in a small bank all there are."""
    return min(settings.neighbours, pipeline.retriever.bank.manifest.candidates)


def ingest_limits(settings: Settings) -> IngestLimits:
    """The reader's limits, equal to the upload's where both have one, so that a zip passes no more than a form."""
    return IngestLimits(
        max_files=settings.max_files,
        max_file_bytes=settings.max_file_bytes,
        max_study_bytes=settings.max_body_bytes,
        decoders=DecoderLimits(
            memory_bytes=settings.decoder_memory_bytes,
            file_cpu_seconds=settings.decoder_file_cpu_seconds,
            file_seconds=settings.decoder_file_seconds,
            study_cpu_seconds=settings.decoder_study_cpu_seconds,
            study_seconds=settings.decoder_study_seconds,
        )
        if settings.decoding == "processes"
        else None,
    )
