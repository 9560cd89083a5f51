"""How each study ended: in the store, the metrics and the log."""

import time
from typing import Final

from service.documents.study_vectors import VectorsDocument
from service.errors import Abandoned, ServiceError, StoreUnavailable
from service.problem import Problem, code_of
from service.schemas import ReportDocument
from service.store.results import ResultStore
from service.study.job import StudyAnswer, StudyJob
from service.study.spans import StudySpans
from service.telemetry import Metrics, log_event

_UNSEEN: Final = StudySpans()


class Ledger:
    """Keeps outcomes. `live` holds the studies that are not settled yet."""

    def __init__(
        self, store: ResultStore, metrics: Metrics, live: dict[str, StudyJob], spans: StudySpans = _UNSEEN
    ) -> None:
        self._store, self._metrics, self._live, self._spans = store, metrics, live, spans

    def settled(self, job: StudyJob, outcome: StudyAnswer | ServiceError) -> None:
        """Takes an outcome; from here on the store answers for the study. Raises StoreUnavailable: ask again."""
        is_over = True
        try:
            self._take(job, outcome)
        except StoreUnavailable:
            is_over = False
            raise
        finally:
            if is_over:
                self._live.pop(job.study_id, None)

    def _take(self, job: StudyJob, outcome: StudyAnswer | ServiceError) -> None:
        if isinstance(outcome, ServiceError):
            self._keep_problem(job, outcome)
            self._failed(job, outcome)
        elif isinstance(outcome, VectorsDocument):
            self._store.forget(job.study_id)
            self._embedded(job, outcome)
        elif self._store.complete(outcome):
            self._answered(job, outcome)
        else:
            log_event("answer_of_erased_study_dropped", study_id=job.study_id, request_id=job.request_id)

    def _keep_problem(self, job: StudyJob, error: ServiceError) -> None:
        if isinstance(error, Abandoned) or job.options.answer == "vectors":
            self._store.forget(job.study_id)
        else:
            self._store.fail(job.study_id, Problem.of(error, job.study_id))

    def _failed(self, job: StudyJob, error: ServiceError) -> None:
        code = code_of(type(error))
        self._metrics.studies.labels(code).inc()
        self._metrics.rejections.labels(code).inc()
        log_event("study_failed", study_id=job.study_id, request_id=job.request_id, code=code)
        self._spans.ended(job.span, time.monotonic() - job.accepted_seconds, code, {})

    def _embedded(self, job: StudyJob, document: VectorsDocument) -> None:
        self._metrics.studies.labels("embedded").inc()
        self._spans.ended(job.span, time.monotonic() - job.accepted_seconds, "embedded", {})
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
        metrics.used_clips.inc(used)
        metrics.unfamiliar_clips.inc(sum(clip.out_of_distribution is True for clip in document.clips))
        costs = {f"echoscribe.stage.{name}.seconds": spent for name, spent in document.stage_seconds.items()}
        if job.started_seconds is not None:
            costs["echoscribe.queue.seconds"] = job.started_seconds - job.accepted_seconds
        self._spans.ended(job.span, time.monotonic() - job.accepted_seconds, "answered", costs)
        log_event(
            "study_answered",
            study_id=job.study_id,
            request_id=job.request_id,
            mode=document.mode,
            clips_used=used,
            clips_skipped=len(document.clips) - used,
            seconds=round(sum(document.stage_seconds.values()), 3),
        )
