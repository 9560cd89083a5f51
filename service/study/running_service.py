"""One running app: its store, its upload folder, its worker and its intake, opened and closed together."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from service.errors import NotReady
from service.ingest.decoding.decoder_pool import decoder_pool
from service.run_options import RunOptions, silent
from service.schemas import DRAFT_NOTICE
from service.settings import Settings
from service.store.results import ResultStore
from service.study.artifact_watch import ArtifactWatch
from service.study.bank_check import BankCheck
from service.study.bank_watch import BankWatch
from service.study.conditions import Conditions
from service.study.durable.caretaker import Caretaker
from service.study.durable.ledger import Ledger
from service.study.durable.resuming import resume
from service.study.durable.settling import shutting_down
from service.study.durable.upload_folders import UploadFolders
from service.study.intake import Intake
from service.study.job import StudyJob
from service.study.multipart import UploadLimits
from service.study.pressure.upload_places import UploadPlaces
from service.study.report_form import ReportForm
from service.study.runner import PipelineRunner, StudyPipeline, Workings, default_neighbours, ingest_limits
from service.study.running_documents import InfoDocument, ReadinessDocument
from service.study.spans import StudySpans
from service.study.upload import UploadDesk, UploadPace
from service.study.worker import DeviceWorker, Phase
from service.telemetry import Metrics, log_event

_IDLE_LOOK_SECONDS = 0.5
_JOIN_SECONDS = 2.0  # after that a hanging kernel is left to the end of the process


class RunningService:
    """The parts of one app. `pipeline` is None until it is loaded."""

    def __init__(
        self, settings: Settings, workings: Workings, metrics: Metrics, store: ResultStore, spans: StudySpans
    ) -> None:
        self.settings, self.metrics, self.store = settings, metrics, store
        self.pipeline: StudyPipeline | None = None
        self.live: dict[str, StudyJob] = {}
        self.conditions = Conditions(settings.results_place, settings.upload_folder)
        self.bank_check = BankCheck()
        self.artifacts = ArtifactWatch(self.bank_check, metrics.artifact_changes.inc)
        self.bank_watch = BankWatch(settings.bank)
        self._workings = workings
        self._swapping = threading.Lock()
        self._stopping = threading.Event()
        self._settling = threading.Thread(target=self._settle_arithmetic, name="arithmetic", daemon=True)
        ledger = Ledger(store, metrics, self.live, spans)
        self.worker = DeviceWorker(
            self._load, permits=settings.queue_size, observer=ledger, share=settings.share_per_client
        )
        machine = metrics.machine
        place = settings.results_place
        kept = place if isinstance(place, Path) else None  # a server of PostgreSQL looks after its own disk
        beside = {} if kept is None else {"store": kept.parent}
        machine.folders = lambda: {"uploads": self.conditions.uploads, **beside}
        machine.store = lambda: kept
        machine.bank_check = lambda: self.bank_check.state
        machine.versions = self._versions
        metrics.queue_length.set_function(lambda: self.worker.waiting)
        metrics.in_flight.set_function(lambda: self.worker.in_flight)
        metrics.unkept.set_function(lambda: self.worker.unkept)
        metrics.ready.set_function(lambda: self.readiness().ready)

    def intake(self, folders: UploadFolders) -> Intake:
        """The intake that takes uploads into these folders."""
        settings = self.settings
        self.conditions.uploads = folders.root
        desk = UploadDesk(
            folders=folders,
            limits=UploadLimits(settings.max_body_bytes, settings.max_files, settings.max_file_bytes),
            pace=UploadPace(settings.upload_idle_seconds, settings.upload_seconds),
            places=UploadPlaces(
                settings.uploads,
                max(1, int(settings.uploads * settings.share_per_client)),
                settings.upload_bytes_per_second,
            ),
            check=self._check,
        )
        return Intake(
            settings=settings,
            metrics=self.metrics,
            worker=self.worker,
            store=self.store,
            desk=desk,
            live=self.live,
            artifacts=self.artifacts,
            default_neighbours=self.default_neighbours,
            languages=lambda: self._loaded().languages.tags,
        )

    def readiness(self) -> ReadinessDocument:
        """Whether studies are taken now."""
        worker, trouble = self.worker, self.artifacts.trouble or self.conditions.trouble or self.store.trouble
        if self.settings.decoding == "processes":
            trouble = trouble or decoder_pool().trouble
        if self.worker.unkept:
            waiting = f"{self.worker.unkept} answers wait until the store can be written ({self.store.place})"
            trouble = f"{trouble}; {waiting}" if trouble else waiting
        if worker.phase is Phase.READY and trouble:
            return ReadinessDocument(ready=False, phase="failed", reason=trouble)
        return ReadinessDocument(ready=worker.phase is Phase.READY, phase=worker.phase.value, reason=worker.reason)

    def info(self) -> InfoDocument:
        """What is running."""
        provenance = dict(self.pipeline.provenance) if self.pipeline else {}
        notice = provenance.get("licence_notice")
        limits = ("queue_size", "max_body_bytes", "max_files", "max_file_bytes", "upload_seconds", "answer_seconds")
        return InfoDocument(
            echoscribe=version("echoscribe"),
            draft_notice=DRAFT_NOTICE,
            readiness=self.readiness(),
            bank_check=self.bank_check.state,
            licence_notice=None if notice is None else str(notice),
            modes=list(self.pipeline.modes) if self.pipeline else [],
            languages=list(self.pipeline.languages.tags) if self.pipeline else [],
            provenance=provenance,
            limits={name: getattr(self.settings, name) for name in limits},
        )

    def _versions(self) -> dict[str, str]:
        """Names and hashes of what answers; None of them names a patient."""
        provenance = self.pipeline.provenance if self.pipeline else {}
        wanted = ("bundle", "bundle_sha256", "bank", "bank_sha256", "device", "torch")
        return {name: str(provenance[name]) for name in wanted if provenance.get(name) is not None}

    def _check(self, form: ReportForm) -> None:
        """Judges a form as soon as a field of it is in. Raises RequestError."""
        pipeline = self._loaded()
        neighbours = self.default_neighbours() if form.k is None else form.k
        pipeline.check(RunOptions(form.mode, neighbours, self.settings.depth, lang=form.lang))

    def default_neighbours(self) -> int:
        """How many candidates vote when a request names no k. Raises NotReady."""
        return default_neighbours(self.settings, self._loaded())

    def _loaded(self) -> StudyPipeline:
        if self.pipeline is None:
            raise NotReady("bundle and bank are loading")
        return self.pipeline

    def _load(self) -> PipelineRunner:
        """Loads the pipeline and runs one study on it; called by the device's thread."""
        started = perf_counter()
        served = self.bank_watch.served()
        seal = self._workings.seal(self.settings)
        pipeline = self._workings.load(self.settings)
        seal.require_unchanged()
        loaded = perf_counter()
        options = RunOptions(None, default_neighbours(self.settings, pipeline), self.settings.depth)
        pipeline.check(options)
        document = pipeline.run(self._workings.warm_up(), options, silent)
        self.pipeline = pipeline
        log_event(
            "warmed_up",
            load_seconds=round(loaded - started, 3),
            warm_up_seconds=round(perf_counter() - loaded, 3),
            clips_used=sum(clip.used for clip in document.clips),
            device=str(pipeline.provenance.get("device")),
            device_reason=str(pipeline.provenance.get("device_reason")),
        )
        for lang, words in pipeline.languages.lacking.items():
            log_event("language_lacks_words", level=logging.WARNING, lang=lang, words=words)
        self.artifacts.take_up(seal)
        self.bank_check.start(pipeline.retriever.bank)
        self.bank_watch.start(served, self._swap_bank)
        self._settling.start()
        return PipelineRunner(self._loaded, self._workings.open_study, ingest_limits(self.settings), self.artifacts)

    def _swap_bank(self) -> None:
        """Takes up the bank's new version: studies that run keep the old one, the next begins with the new one."""
        with self._swapping:
            seal = self._workings.seal(self.settings)
            pipeline = self._workings.swap_bank(self._loaded(), self.settings)
            seal.require_unchanged()
            self.pipeline = pipeline
        self.artifacts.take_up(seal)
        self.bank_check.start(pipeline.retriever.bank)
        provenance = pipeline.provenance
        log_event("bank_swapped", bank_sha256=provenance.get("bank_sha256"), candidates=provenance.get("candidates"))

    def _settle_arithmetic(self) -> None:
        """Takes up the faster arithmetic where it answers the same, once no study is there."""
        while self.worker.in_flight or self.worker.phase is Phase.LOADING:
            if self._stopping.wait(_IDLE_LOOK_SECONDS):
                return
        try:
            with self._swapping:
                pipeline = self._workings.settle_arithmetic(self._loaded(), self.settings)
                self.artifacts.require_intact()  # its networks are read again
                if pipeline is not None and not self._stopping.is_set():
                    self.pipeline = pipeline
        except Exception as error:  # studies are answered as before, whatever the check met
            log_event("arithmetic_not_settled", level=40, fault=error)
            return
        if pipeline is not None:
            log_event("arithmetic_settled", device_reason=str(pipeline.provenance.get("device_reason")))

    def stop(self) -> None:
        """Lets what goes on in the background end soon."""
        self._stopping.set()
        if self._settling.ident is not None:
            self._settling.join(_JOIN_SECONDS)


@contextmanager
def open_service(
    settings: Settings, workings: Workings, metrics: Metrics, spans: StudySpans
) -> Iterator[tuple[RunningService, Intake]]:
    """The running service and its intake; loading goes on in the background. Raises StoreError.

    Studies that a process before left are taken up. At the end those without an outcome stay on disk for the next.
    """
    settings.audit_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with UploadFolders(settings.upload_folder) as folders, ResultStore(settings.results_place, folders.owner) as store:
        service = RunningService(settings, workings, metrics, store, spans)
        resume(store, folders, service.worker, service.live)
        caretaker = Caretaker(store, folders, service.live, settings)
        caretaker.start()
        service.worker.start()
        try:
            yield service, service.intake(folders)
        finally:
            service.worker.stop(shutting_down())
            service.worker.join(_JOIN_SECONDS)
            service.stop()
            caretaker.stop(_JOIN_SECONDS)
            service.bank_watch.stop(_JOIN_SECONDS)
            service.artifacts.stop(_JOIN_SECONDS)
            service.bank_check.stop(_JOIN_SECONDS)
