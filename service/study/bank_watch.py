"""Notices that the bank has a new version and lets the service swap, between studies and without a pause."""

import threading
from collections.abc import Callable
from pathlib import Path

from index.bank_versions import current_bank
from index.errors import BankError
from service.errors import ArtifactError
from service.telemetry import log_event

POLL_SECONDS = 2.0  # one small file is read; a deletion is to be served soon


class BankWatch:
    """Looks at the bank's `current` file; a folder without versions is not watched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def served(self) -> Path:
        """The folder of the version that is current now. Raises BankCorrupt."""
        return current_bank(self._folder)

    def start(self, served: Path, swap: Callable[[], None]) -> None:
        """Calls `swap` in a thread of its own whenever another version than the one served is current."""
        if served == self._folder:
            return
        self._thread = threading.Thread(target=self._run, args=(served, swap), name="bank watch", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends watching and waits that long for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, served: Path, swap: Callable[[], None]) -> None:
        while not self._ended.wait(POLL_SECONDS):
            try:
                current = self.served()
                if current == served:
                    continue
                served = current  # a version that cannot be opened is not tried again
                swap()
            except (BankError, ArtifactError, OSError) as error:
                # The version before stays in service; an operator must look.
                log_event("bank_swap_failed", level=40, message=str(error), fault=error)
