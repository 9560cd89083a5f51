"""An accepted study on its way: its files, its options, its permit, its steps, its outcome."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from service.errors import Abandoned
from service.run_options import Progress, RunOptions
from service.schemas import ReportDocument
from service.study.upload import Upload
from service.study_vectors import VectorsDocument
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


class StudyJob:
    """An accepted study: its files, its options, the steps it has made, and its outcome."""

    def __init__(self, upload: Upload, options: RunOptions, permit: Permit) -> None:
        if options.study_id is None:
            raise ValueError("a job needs the id of its study")
        self.study_id = options.study_id
        self.upload, self.options, self.permit = upload, options, permit
        self.request_id = current_request_id()
        self.accepted_seconds = time.monotonic()
        self.started_seconds: float | None = None
        self.steps: list[Progress] = [Progress("queued", 0, 0)]
        self.outcome: Future[StudyAnswer] = Future()
        self.outcome.set_running_or_notify_cancel()  # a handler that is cancelled must not cancel the study
        self.prepared: Future[Any] | None = None  # what the runner began to read ahead
        self._dropped = threading.Event()
        self._settling = threading.Lock()

    def step(self, progress: Progress) -> None:
        """Takes note of a finished step. Raises Abandoned when nobody waits any more."""
        if self._dropped.is_set():
            raise Abandoned("nobody waits for this study any more")
        self.steps.append(progress)

    def drop(self) -> None:
        """Lets the study end at its next step; what was not begun to be read never is."""
        self._dropped.set()
        if self.prepared is not None:
            self.prepared.cancel()

    def claim_settling(self) -> bool:
        """True for the one caller who may settle the outcome."""
        return self._settling.acquire(blocking=False)
