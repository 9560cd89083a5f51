"""Hashes the bank in the background while the service answers: what is too large to be hashed before it is ready."""

import threading
import time
from typing import Final, Literal

from index.candidate_bank import CandidateBank
from index.errors import BankError
from service.errors import NotReady
from service.telemetry import log_event

BankCheckState = Literal["waiting", "running", "ok", "failed"]

_REST: Final = 4.0  # times the seconds of a block: the check takes a fifth of one core, studies keep the others
_LEAST_REST_SECONDS: Final = 0.01


class BankCheck:
    """Whether the bank is as it was written. It waits until a bank is loaded, then looks at every block once."""

    def __init__(self) -> None:
        self.state: BankCheckState = "waiting"
        self.reason: str | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, bank: CandidateBank) -> None:
        """Begins to hash the bank in a thread of its own; a check of the version before is ended."""
        self._ended.set()
        self._ended = threading.Event()
        if bank.files.checked:  # before it was served, as small banks are
            self.state, self.reason = "ok", None
            return
        self.state, self.reason = "running", None
        self._thread = threading.Thread(target=self._run, args=(bank, self._ended), name="bank check", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends the check after its current block and waits that long for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def require_intact(self) -> None:
        """Raises NotReady when the bank was found altered: its answers cannot be trusted."""
        if self.reason is not None:
            raise NotReady(self.reason)

    def _run(self, bank: CandidateBank, ended: threading.Event) -> None:
        started = time.perf_counter()
        try:
            blocks = self._blocks_seen(bank, ended)
        except (BankError, OSError) as error:  # OSError: the file is gone, or its disk fails
            if ended.is_set() or not bank.folder.is_dir():  # a version that was replaced is no altered bank
                return
            log_event("bank_check_failed", level=40, message=str(error), fault=error)
            self.reason = f"the bank differs from what was written ({error})"
            self.state = "failed"
            return
        if not ended.is_set():
            self.state = "ok"
            log_event("bank_checked", blocks=blocks, seconds=round(time.perf_counter() - started, 3))

    def _blocks_seen(self, bank: CandidateBank, ended: threading.Event) -> int:
        """How many blocks were right; fewer than there are when the check was ended."""
        blocks, begun = 0, time.perf_counter()
        for _ in bank.verify_blocks():
            blocks += 1
            rest = max(_LEAST_REST_SECONDS, _REST * (time.perf_counter() - begun))
            if ended.wait(rest):
                break
            begun = time.perf_counter()
        return blocks
