"""The end of a study: its outcome is kept, then its files are deleted and its place is free.

An outcome that the store cannot take now is kept in memory and offered again until it does.
"""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from service.errors import InternalFault, Interrupted, ServiceError, StoreUnavailable
from service.study.job import StudyAnswer, StudyJob
from service.telemetry import log_event

Outcome = StudyAnswer | ServiceError

_RETRY_SECONDS: Final = 1.0  # a store that is locked or full is asked once a second


def shutting_down() -> Interrupted:
    """What is told to who waits for a study that this process does not finish."""
    return Interrupted("the service is shutting down")


class Observer(Protocol):
    """Who is told how a study ended, before the one who waits for it."""

    def settled(self, job: StudyJob, outcome: Outcome) -> None:
        """Takes the outcome. Raises StoreUnavailable where it cannot now; it is offered again then."""


class Settling:
    """Ends each study once, in one of two ways."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.unkept = UnkeptOutcomes(observer.settled, _let_go)

    def settle(self, job: StudyJob, outcome: Outcome) -> None:
        """Keeps the outcome, deletes the files, frees the place, and only then tells who waits."""
        if not job.claim_settling():
            return
        kept = outcome
        try:
            self._observer.settled(job, outcome)
        except StoreUnavailable as error:  # who waits gets the answer; files and place stay until the store has it too
            log_event("outcome_waits_for_store", level=40, fault=error, study_id=job.study_id)
            job.tell(outcome)
            self.unkept.put(job, outcome)
            return
        except Exception as error:  # a mistake of ours in keeping the books must not strand who waits
            log_event("result_not_kept", level=50, fault=error, study_id=job.study_id)
            kept = error if isinstance(error, ServiceError) else InternalFault()
            self._keep_fault(job, kept)
        _let_go(job)
        job.tell(kept)

    def _keep_fault(self, job: StudyJob, fault: ServiceError) -> None:
        """In place of an outcome that could not be kept: else the study would be worked on for ever, to who asks."""
        try:
            self._observer.settled(job, fault)
        except Exception as error:  # the same mistake again: who waits is told, who asks later is not
            log_event("fault_not_kept", level=50, fault=error, study_id=job.study_id)

    def leave(self, job: StudyJob, outcome: ServiceError) -> None:
        """Tells who waits that this process does not answer; the study stays on disk for the next one.

        Vectors are answered to their reader and to nobody later, so nothing of them stays.
        """
        if job.options.answer == "vectors":
            self.settle(job, outcome)
        elif job.claim_settling():
            log_event("study_left", study_id=job.study_id, request_id=job.request_id)
            job.permit.release()
            job.tell(outcome)


def _let_go(job: StudyJob) -> None:
    job.upload.remove()
    job.permit.release()


class UnkeptOutcomes:
    """Safe to use from several threads. Places of these studies stay taken, so that `permits` bound the memory.

    keep: offers an outcome to the store; let_go: what follows once it was taken.
    """

    def __init__(self, keep: Callable[[StudyJob, Outcome], None], let_go: Callable[[StudyJob], None]) -> None:
        self._keep, self._let_go = keep, let_go
        self._held: dict[str, tuple[StudyJob, Outcome]] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="unkept answers", daemon=True)

    def __len__(self) -> int:
        return len(self._held)

    def put(self, job: StudyJob, outcome: Outcome) -> None:
        """Takes an outcome that the store refused."""
        with self._changed:
            self._held[job.study_id] = (job, outcome)
            if self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Ends the offering; what is left lies on disk as a study and is answered again by the next process."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held or self._ended)
                if self._ended:
                    return
                self._changed.wait_for(lambda: self._ended, _RETRY_SECONDS)
                waiting = list(self._held.values())
            for job, outcome in waiting:
                self._offer(job, outcome)

    def _offer(self, job: StudyJob, outcome: Outcome) -> None:
        try:
            self._keep(job, outcome)
        except StoreUnavailable:
            return
        except Exception as error:  # a mistake of ours: the study stays on disk, the others are offered all the same
            log_event("result_not_kept", level=50, fault=error, study_id=job.study_id)
        with self._changed:
            self._held.pop(job.study_id, None)
        self._let_go(job)
        log_event("outcome_kept_late", study_id=job.study_id)
