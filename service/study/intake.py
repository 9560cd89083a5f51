"""From a request to an accepted study, and from that to its answer. Routes call this and shape the result."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from anyio import to_thread

from service.access.caller import ANYBODY, Caller
from service.documents.study_vectors import VectorsDocument
from service.errors import (
    Abandoned,
    AnswerTimeout,
    Draining,
    Interrupted,
    InvalidField,
    ServiceError,
    StoreUnavailable,
    UnknownStudy,
    UploadFolderFull,
)
from service.problem import KeptProblem, Problem, code_of
from service.renderings.negotiation import choose_language
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.settings import Settings
from service.store.results import KeyedRequest, ResultStore
from service.study.artifact_watch import ArtifactWatch
from service.study.job import StudyAnswer, StudyJob
from service.study.report_form import ReportForm
from service.study.upload import UploadDesk, boundary_of
from service.study.worker import DeviceWorker
from service.telemetry import Metrics, log_event

_MAX_KEY_CHARACTERS = 255


@dataclass(frozen=True)
class IncomingReport:
    """A post of a study whose body was not read yet. Header names are lower case; lang is asked for in the address.

    answer: what it asks for. caller: who posts it.
    """

    headers: Mapping[str, str]
    body: AsyncIterator[bytes]
    lang: str | None = None
    caller: Caller = ANYBODY
    answer: Literal["report", "vectors"] = "report"

    @property
    def key(self) -> str | None:
        """Its idempotency key (draft-ietf-httpapi-idempotency-key-header-07), bare or quoted. Raises InvalidField.

        Vectors are not kept, so that a key has nothing to find again.
        """
        key = self.headers.get("idempotency-key")
        if key is None or self.answer == "vectors":
            return None
        key = key.strip()
        bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
        if not (0 < len(bare) <= _MAX_KEY_CHARACTERS and bare.isascii() and bare.isprintable()):
            text = f"Idempotency-Key: must be 1 to {_MAX_KEY_CHARACTERS} printable ASCII characters"
            raise InvalidField(text, field="Idempotency-Key", limit=_MAX_KEY_CHARACTERS)
        return bare


class Ledger:
    """Keeps how each study ended, in the store, the metrics and the log."""

    def __init__(self, store: ResultStore, metrics: Metrics, live: dict[str, StudyJob]) -> None:
        self._store, self._metrics, self._live = store, metrics, live

    def settled(self, job: StudyJob, outcome: StudyAnswer | ServiceError) -> None:
        """Takes an outcome; from here on the store answers for the study. Raises StoreUnavailable."""
        try:
            if isinstance(outcome, ServiceError):
                self._failed(job, outcome)
            elif isinstance(outcome, VectorsDocument):
                self._store.forget(job.study_id)
                self._embedded(job, outcome)
            else:
                self._store.complete(outcome)
                self._answered(job, outcome)
        finally:
            self._live.pop(job.study_id, None)

    def _failed(self, job: StudyJob, error: ServiceError) -> None:
        code = code_of(type(error))
        self._metrics.studies.labels(code).inc()
        self._metrics.rejections.labels(code).inc()
        log_event("study_failed", study_id=job.study_id, request_id=job.request_id, code=code)
        if isinstance(error, Abandoned):
            self._store.forget(job.study_id)
        else:
            self._store.fail(job.study_id, Problem.of(error, job.study_id))

    def _embedded(self, job: StudyJob, document: VectorsDocument) -> None:
        self._metrics.studies.labels("embedded").inc()
        log_event(
            "study_embedded",
            study_id=job.study_id,
            request_id=job.request_id,
            clips_used=len(document.clips),
            clips_skipped=len(document.skipped),
        )

    def _answered(self, job: StudyJob, document: ReportDocument) -> None:
        metrics = self._metrics
        metrics.studies.labels("complete").inc()
        if job.started_seconds is not None:
            metrics.queue_seconds.observe(job.started_seconds - job.accepted_seconds)
            metrics.study_seconds.observe(time.monotonic() - job.started_seconds)
        for stage, seconds in document.stage_seconds.items():
            metrics.stage_seconds.labels(stage).observe(seconds)
        for clip in document.clips:
            metrics.clips.labels("used" if clip.used else "skipped", clip.skipped or "").inc()
        used = sum(clip.used for clip in document.clips)
        log_event(
            "study_answered",
            study_id=job.study_id,
            request_id=job.request_id,
            mode=document.mode,
            clips_used=used,
            clips_skipped=len(document.clips) - used,
            seconds=round(sum(document.stage_seconds.values()), 3),
        )


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Accepts studies and hands out answers. `live` holds the studies that are not settled yet.

    default_neighbours: the k of a request that names none, known once the bank is loaded; languages: of its reports,
    the default first, known then as well.
    """

    settings: Settings
    metrics: Metrics
    worker: DeviceWorker
    store: ResultStore
    desk: UploadDesk
    live: dict[str, StudyJob]
    artifacts: ArtifactWatch
    default_neighbours: Callable[[], int]
    languages: Callable[[], tuple[str, ...]]

    async def accept(self, request: IncomingReport) -> str:
        """The id of the accepted study, or of the equal one that came earlier with the same key.

        Raises UploadError, RequestError, StudyError, Unavailable or StoreUnavailable, and then nothing is left behind.
        """
        return (await self._accepted(request))[0]

    async def vectors(self, request: IncomingReport) -> tuple[str, Awaitable[VectorsDocument]]:
        """The id of a study that was accepted for its vectors, and what waits for them. Raises as `accept`."""
        study_id, job = await self._accepted(replace(request, answer="vectors"))

        async def wait() -> VectorsDocument:
            document = await self._awaited(job)
            assert isinstance(document, VectorsDocument)  # a job is answered with what its options ask for
            return document

        return study_id, wait()

    async def _accepted(self, request: IncomingReport) -> tuple[str, StudyJob]:
        try:
            return await self._accept_now(request)
        except ServiceError as error:
            code = code_of(type(error))
            self.metrics.rejections.labels(code).inc()
            log_event("study_refused", code=code)
            if isinstance(error, UploadFolderFull | StoreUnavailable) and error.retry_after_seconds is None:
                error.retry_after_seconds = self.worker.seconds_of_queue()  # each study that ends frees its upload
            raise

    async def _accept_now(self, request: IncomingReport) -> tuple[str, StudyJob]:
        key = request.key
        boundary = boundary_of(request.headers, self.desk.limits)
        self.artifacts.require_intact()
        client = request.caller.client
        with self.worker.uploading(client):
            choose_language(request.lang, None, self.languages())  # told before the body is read
            upload = await self.desk.receive(boundary, request.body, client)
            try:
                permit = self.worker.admit(client, begun=True)
            except BaseException:
                upload.remove()
                raise
            try:
                job = StudyJob(upload, self._options(upload.form, request), permit, request.caller.tenant)
                job.client = client
                known_as = await to_thread.run_sync(self._accept, job, key)
            except BaseException:  # cancellation too: nothing of the patient may stay behind, no place be lost
                upload.remove()
                permit.release()
                raise
        if known_as != job.study_id:
            upload.remove()
            permit.release()
        return known_as, job

    def _accept(self, job: StudyJob, key: str | None) -> str:
        keyed = KeyedRequest(key, self._payload(job), job.tenant) if key else None
        self.live[job.study_id] = job
        try:
            known_as = self.store.accept(job.study_id, keyed, job.tenant)
        except ServiceError:
            del self.live[job.study_id]
            raise
        if known_as != job.study_id:
            del self.live[job.study_id]
            return known_as
        log_event("study_accepted", study_id=job.study_id, files=len(job.upload.files))
        self.worker.submit(job)
        return known_as

    def _payload(self, job: StudyJob) -> str:
        """What a key stands for: files and fields, and the language, which may come from elsewhere than the form."""
        payload = job.upload.payload_sha256
        return payload if job.options.lang == self.languages()[0] else f"{payload} lang={job.options.lang}"

    def _options(self, form: ReportForm, request: IncomingReport) -> RunOptions:
        if None not in (form.lang, request.lang) and form.lang != request.lang:
            raise InvalidField("lang: the address and the form name different languages", field="lang")
        asked = request.lang if form.lang is None else form.lang
        return RunOptions(
            mode=form.mode,
            neighbours=self.default_neighbours() if form.k is None else form.k,
            depth=self.settings.depth,
            study_id=str(uuid.uuid4()),
            lang=choose_language(asked, request.headers.get("accept-language"), self.languages()),
            patient_key=form.patient_key,
            include_prior=form.include_prior,
            answer=request.answer,
            samples=form.drawn,
        )

    def job_of(self, study_id: str, tenant: str) -> StudyJob | None:
        """The study while it is not settled; None as well where it is another tenant's."""
        job = self.live.get(study_id)
        return job if job is not None and job.tenant == tenant else None

    async def answer(self, study_id: str, tenant: str) -> ReportDocument:
        """The tenant's report, waited for. Raises the study's own error, AnswerTimeout or UnknownStudy."""
        job = self.job_of(study_id, tenant)
        if job is None:
            return await self._kept(study_id, tenant)
        document = await self._awaited(job)
        if isinstance(document, VectorsDocument):
            raise UnknownStudy("study_id: no report of this id", field="study_id")
        return document

    async def _awaited(self, job: StudyJob) -> StudyAnswer:
        try:
            async with asyncio.timeout(self.settings.answer_seconds):
                return await asyncio.wrap_future(job.outcome)
        except TimeoutError as error:
            limit = self.settings.answer_seconds
            later = f"; it will be at /report/{job.study_id}" if job.options.answer == "report" else ""
            text = f"not answered within {limit:g} s{later}"
            raise AnswerTimeout(text, limit=limit) from error
        except Interrupted as error:
            raise Draining("the service is shutting down and could not finish the study; post it again") from error

    async def _kept(self, study_id: str, tenant: str) -> ReportDocument:
        found = await to_thread.run_sync(self.store.find, study_id, tenant)
        if isinstance(found, ReportDocument):
            return found
        # Neither answered nor being worked on: its answer could not be written when it was there.
        raise KeptProblem(found) if found else StoreUnavailable("the answer could not be kept; post the study again")

    async def give_up(self, study_id: str) -> None:
        """Drops a study whose only reader went away."""
        if job := self.live.get(study_id):
            await to_thread.run_sync(self.worker.drop, job)
