"""An accepted study on its way: its files, its options, its permit, its steps, its outcome."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from service.access.caller import DEFAULT_TENANT
from service.documents.study_vectors import VectorsDocument
from service.errors import Abandoned, ServiceError
from service.run_options import Progress, RunOptions
from service.schemas import ReportDocument
from service.study.spans import current_span
from service.study.upload import Upload
from service.telemetry import current_request_id

StudyAnswer = ReportDocument | VectorsDocument


class Permit:
    """A permit to be worked on; given back once, however often `release` is called."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back
        self._lock = threading.Lock()

    def release(self) -> None:
        """Gives the place back."""
        with self._lock:
            give_back, self._give_back = self._give_back, None
        if give_back:
            give_back()


def _nobody() -> None:
    """Nobody is told."""


class StudyJob:
    """An accepted study: its files, its options, the steps it has made, and its outcome.

    prepared: what the runner began to read ahead. is_slow: its files take so long that others are read meanwhile.
    changed: told when either of them changes. tenant: whose it is. client: who takes turns with others, None where
    nobody is told apart; turn: its own. is_suspect: a process ended while it worked on the study. rests_until_seconds:
    of the monotonic clock; before that it is not begun, and lets others pass.
    """

    def __init__(self, upload: Upload, options: RunOptions, permit: Permit, tenant: str = DEFAULT_TENANT) -> None:
        if options.study_id is None:
            raise ValueError("a job needs the id of its study")
        self.study_id = options.study_id
        self.upload, self.options, self.permit, self.tenant = upload, options, permit, tenant
        self.client: str | None = None
        self.turn = 0
        self.request_id, self.span = current_request_id(), current_span()
        self.accepted_seconds = time.monotonic()
        self.started_seconds: float | None = None
        self.steps: list[Progress] = [Progress("queued", 0, 0)]
        self.outcome: Future[StudyAnswer] = Future()
        self.outcome.set_running_or_notify_cancel()  # a handler that is cancelled must not cancel the study
        self.is_begun = self.is_slow = False
        self.is_suspect = False
        self.rests_until_seconds = 0.0
        self.prepared: Future[Any] | None = None
        self.changed: Callable[[], None] = _nobody
        self._dropped = threading.Event()
        self._settling = threading.Lock()

    def step(self, progress: Progress) -> None:
        """Takes note of a finished step. Raises Abandoned when nobody waits any more."""
        self.require_wanted()
        self.steps.append(progress)

    def require_wanted(self) -> None:
        """Raises Abandoned when nobody waits any more."""
        if self._dropped.is_set():
            raise Abandoned("nobody waits for this study any more")

    @property
    def is_resting(self) -> bool:
        """Whether it is not to be begun yet."""
        return not self.is_begun and time.monotonic() < self.rests_until_seconds

    def let_others_pass(self) -> None:
        """Takes note that the files take long."""
        self.is_slow = True
        self.changed()

    @property
    def may_run(self) -> bool:
        """Whether the device need not wait for its files."""
        return self.is_begun and (self.prepared is None or self.prepared.done())

    def drop(self) -> None:
        """Lets the study end at its next step; what was not begun to be read never is."""
        self._dropped.set()
        if self.prepared is not None:
            self.prepared.cancel()

    def tell(self, outcome: StudyAnswer | ServiceError) -> None:
        """Tells who waits."""
        if isinstance(outcome, ServiceError):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)

    def claim_settling(self) -> bool:
        """True for the one caller who may settle the outcome."""
        return self._settling.acquire(blocking=False)
