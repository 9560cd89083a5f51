"""Whether bundle and bank are still what was taken up: looked at before each study, and mended in the background."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from service.artifact_seal import ArtifactSeal
from service.errors import NotReady
from service.study.bank_check import BankCheck
from service.telemetry import log_event

_POLL_SECONDS: Final = 1.0  # between two looks whether a file that was changed is whole again
_RETRY_SECONDS: Final = 5


class ArtifactWatch:
    """The seal of what is served, and the check of the bank's blocks. changed: told of each file that changed."""

    def __init__(self, bank_check: BankCheck, changed: Callable[[], None] = lambda: None) -> None:
        self.bank_check = bank_check
        self._changed = changed
        self._seal = ArtifactSeal()
        self._told: Path | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take_up(self, seal: ArtifactSeal) -> None:
        """Watches these files from now on, in a thread of its own."""
        self._seal = seal
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="artifact watch", daemon=True)
            self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends watching and waits that long for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(seconds)

    @property
    def trouble(self) -> str | None:
        """Why nothing may be answered from bundle and bank, None while it may. Costs a system call a file."""
        path = self._seal.changed()
        if path is None:
            return self.bank_check.reason
        if self._told != path:
            self._told = path
            log_event("artifact_changed", level=40, file=str(path))
            self._changed()
        return f"{path}: was changed while it was served; put it back as it was, or restart the service"

    def require_intact(self) -> None:
        """Raises NotReady when bundle or bank were changed: answers from them cannot be trusted."""
        if (trouble := self.trouble) is not None:
            raise NotReady(trouble, retry_after_seconds=_RETRY_SECONDS)

    def _run(self) -> None:
        tried: object = None
        while not self._ended.wait(_POLL_SECONDS):
            seal = self._seal
            found = None if seal.changed() is None else seal.present()
            if found is None or found == tried:  # nothing has happened since the last look at what they hold
                continue
            tried, trouble = found, self.trouble
            if seal.mend() is None:
                log_event("artifact_mended", message=trouble)
                self._told = None
