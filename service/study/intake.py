"""From a request to an accepted study, and from that to its answer. Routes call this and shape the result."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Literal

from anyio import to_thread

from service.access.caller import ANYBODY, Caller
from service.documents.study_vectors import VectorsDocument
from service.errors import (
    AnswerTimeout,
    Draining,
    Interrupted,
    InvalidField,
    ServiceError,
    StoreUnavailable,
    UnknownStudy,
    UploadFolderFull,
)
from service.problem import KeptProblem, code_of
from service.renderings.negotiation import choose_language
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.settings import Settings
from service.store.results import KeyedRequest, ResultStore
from service.study.artifact_watch import ArtifactWatch
from service.study.durable.job_record import JobRecord
from service.study.editing_desk import EditingDesk
from service.study.job import StudyAnswer, StudyJob
from service.study.report_form import ReportForm
from service.study.upload import UploadDesk, boundary_of
from service.study.worker import DeviceWorker
from service.telemetry import Metrics, log_event

_MAX_KEY_CHARACTERS = 255
_LOOK_SECONDS = 0.5  # between two looks into the store for a study that another process works on
_ERASING_SECONDS = 30.0  # a study that is dropped ends at its next step


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

    @property
    def editing(self) -> EditingDesk:
        """What is done to a kept report."""
        return EditingDesk(self.store)

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
            except BaseException:  # cancellation too: nothing of the patient may stay behind
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
        try:
            JobRecord.of(job).write(job.upload.folder)
        except OSError as error:
            raise self.desk.folders.refusal(error) from error
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
        """The tenant's report, waited for.

        Raises the study's own error, AnswerTimeout, UnknownStudy or AnswerUnreadable.
        """
        job = self.job_of(study_id, tenant)
        if job is not None:
            return _report_of(await self._awaited(job))
        with self._patience(study_id):
            async with asyncio.timeout(self.settings.answer_seconds):
                while (document := await self.found(study_id, tenant)) is None:
                    await asyncio.sleep(_LOOK_SECONDS)
        return document

    async def found(self, study_id: str, tenant: str) -> ReportDocument | None:
        """The report as people left it, as far as it is there: None while the study is open, here or elsewhere.

        Raises as `answer`.
        """
        document = await self.drafted(study_id, tenant)
        if document is None or self.job_of(study_id, tenant) is not None:
            return document
        return await to_thread.run_sync(self.editing.newest, document)

    async def drafted(self, study_id: str, tenant: str) -> ReportDocument | None:
        """The report as the machine wrote it, else as `found`."""
        job = self.job_of(study_id, tenant)
        if job is not None:
            return _report_of(await self._awaited(job)) if job.outcome.done() else None
        found = await to_thread.run_sync(self.store.find, study_id, tenant)
        if found is None or isinstance(found, ReportDocument):
            return found
        raise KeptProblem(found)

    async def _awaited(self, job: StudyJob) -> StudyAnswer:
        try:
            with self._patience(job.study_id if job.options.answer == "report" else None):
                async with asyncio.timeout(self.settings.answer_seconds):
                    return await asyncio.wrap_future(job.outcome)
        except Interrupted as error:
            kept = f"; it goes on at the next start and will be at /report/{job.study_id}"
            text = "the service is shutting down and could not finish the study"
            raise Draining(text + (kept if job.options.answer == "report" else "; post it again")) from error

    @contextmanager
    def _patience(self, study_id: str | None) -> Iterator[None]:
        """Names the limit when it is over; the id, where the answer can be asked for later."""
        try:
            yield
        except TimeoutError as error:
            limit = self.settings.answer_seconds
            later = f"; it will be at /report/{study_id}" if study_id else ""
            raise AnswerTimeout(f"not answered within {limit:g} s{later}", limit=limit) from error

    async def erase(self, study_id: str, tenant: str) -> None:
        """Removes a study: its row with what the store keeps of it, and its files. Raises UnknownStudy.

        One that is worked on is given up first.
        """
        job = self.job_of(study_id, tenant)
        if job is not None:
            await to_thread.run_sync(self.worker.drop, job)
            with suppress(ServiceError, TimeoutError):
                async with asyncio.timeout(_ERASING_SECONDS):
                    await asyncio.wrap_future(job.outcome)
        try:
            await to_thread.run_sync(self.store.erase, study_id, tenant)
        except UnknownStudy:
            if job is None:
                raise
        if job is not None:
            self.live.pop(study_id, None)
            job.upload.remove()
        log_event("study_erased", study_id=study_id)

    async def give_up(self, study_id: str) -> None:
        """Drops a study whose only reader went away."""
        if job := self.live.get(study_id):
            await to_thread.run_sync(self.worker.drop, job)


def _report_of(answer: StudyAnswer) -> ReportDocument:
    if isinstance(answer, VectorsDocument):
        raise UnknownStudy("study_id: no report of this id", field="study_id")
    return answer
