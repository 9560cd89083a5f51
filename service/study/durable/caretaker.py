"""What must be done from time to time: answers that are too old, leftovers, and studies that nobody will answer."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from service.errors import StoreError
from service.settings import Settings
from service.store.results import ResultStore
from service.study.durable.upload_folders import UploadFolders
from service.study.job import StudyJob
from service.telemetry import log_event

_ROUND_SECONDS: Final = 600.0
# A clock that runs apart from the time that passed was set. Until it agrees again nothing is erased for its age.
_JUMP_SECONDS: Final = 300.0


class Caretaker:
    """A thread of its own; a round that fails is tried again at the next."""

    def __init__(
        self, store: ResultStore, folders: UploadFolders, live: Mapping[str, StudyJob], settings: Settings
    ) -> None:
        self._store, self._folders, self._live, self._settings = store, folders, live, settings
        self._clock_ahead_seconds = _clock_ahead_seconds()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Makes the first round now."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends after the current step and waits that long for it."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.make_round()
            except StoreError as error:
                log_event("round_failed", level=30, fault=error)
            self._ended.wait(_ROUND_SECONDS)

    def make_round(self) -> None:
        """Looks after everything once. Raises StoreError."""
        if self._clock_was_set():
            return
        owned = {job.upload.folder for job in list(self._live.values())}
        if swept := self._folders.sweep(owned, self._settings.upload_seconds):
            log_event("leftovers_removed", folders=swept)
        self._store.settle_orphans()
        days = self._settings.retention_days
        if days and (erased := self._store.erase_before(datetime.now(UTC) - timedelta(days=days))):
            log_event("studies_expired", studies=erased)

    def _clock_was_set(self) -> bool:
        jumped = _clock_ahead_seconds() - self._clock_ahead_seconds
        if abs(jumped) <= _JUMP_SECONDS:
            return False
        log_event("clock_jumped", level=40, seconds=round(jumped))
        return True


def _clock_ahead_seconds() -> float:
    """The clock less the time since boot, which nobody can set and which counts while the machine sleeps."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
