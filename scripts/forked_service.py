"""A service in a forked copy of this process: a process of its own that is there at once, and that may be killed.

Importing torch takes seconds, and a service that is killed a hundred times would import it a hundred times. Fork before
torch or FAISS compute with more than one thread: their threads are not there in the copy.
"""

import json
import os
import signal
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from service.http.serve import serve
from service.settings import Settings
from service.study import multipart
from service.study.runner import Workings


class ForkedService:
    """A running service and the events that it logged. Whoever makes one ends it."""

    def __init__(self, settings: Settings, workings: Workings, log: Path) -> None:
        self.log = log
        log.unlink(missing_ok=True)
        self.number = os.fork()
        if self.number == 0:
            _run(settings, workings, log)
        self.status: int | None = None

    @classmethod
    @contextmanager
    def ready(cls, settings: Settings, workings: Workings, log: Path) -> Iterator[Self]:
        """A service that takes studies; it is killed at the end if it is still there."""
        service = cls(settings, workings, log)
        try:
            service.wait_for("ready")
            service.wait_for("listening")
            yield service
        finally:
            service.kill()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.wait_for('listening')['port']}"

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """What was logged so far, or the events of that name."""
        lines = self.log.read_text().splitlines(keepends=True) if self.log.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n") and line.startswith("{")]
        return [event for event in events if name in (None, event.get("event"))]

    def wait_for(self, name: str, seconds: float = 120.0) -> dict[str, Any]:
        """The first event of that name. Raises TimeoutError, with the log where the process ended."""
        end = time.monotonic() + seconds
        while not (found := self.events(name)):
            if self.has_ended() or time.monotonic() > end:
                raise TimeoutError(f"no event {name!r}; the log:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)
        return found[0]

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        if self.status is None:
            number, status = os.waitpid(self.number, os.WNOHANG)
            if number:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, where the process is still there."""
        if not self.has_ended():
            os.kill(self.number, number)

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit status, negative for a signal. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > end:
                raise TimeoutError(f"process {self.number} did not end within {seconds:g} s")
            time.sleep(0.005)
        assert self.status is not None
        return self.status


def _run(settings: Settings, workings: Workings, log: Path) -> None:
    """The life of the copy; never returns."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        _log_to_descriptor()
        # threads of the original are not in the copy, and a pool that believes in them would wait for ever
        multipart._HASHERS, multipart._SYNCERS = ThreadPoolExecutor(2, "hasher"), ThreadPoolExecutor(8, "syncer")  # type: ignore[misc]  # Final in a process that is no copy
        serve(settings, workings)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # the outermost frame of a process
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)  # nothing of the original's end belongs to the copy


def _log_to_descriptor() -> None:
    """Has standard error go to descriptor 2, whatever the original had put in its place."""
    import sys  # noqa: PLC0415 - of the copy alone

    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
