"""A service process of its own on a free loopback port, for demonstrations and checks; nothing of it stays behind."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START_SECONDS = 600.0  # a cold disk and a busy machine; a quiet one needs seconds
_STOP_SECONDS = 90.0  # longer than the drain


class ServiceProcess:
    """A running `echoscribe serve` and the events that it logged."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                event = {"event": "not_json", "line": line.rstrip()}
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, name: str, seconds: float = _START_SECONDS) -> dict[str, Any]:
        """The first event of that name. Raises RuntimeError with the last events when it does not come."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for event in self.events:
                    if event.get("event") == name:
                        return event
                if self.process.poll() is not None and not self._reader.is_alive():
                    raise RuntimeError(f"the service ended before {name!r}: {self.events[-5:]}")
                if time.monotonic() > end:
                    raise RuntimeError(f"no {name!r} within {seconds:g} s: {self.events[-5:]}")
                self._changed.wait(0.2)

    def close(self) -> None:
        """Closes the pipe of a process that has ended."""
        self._reader.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        event = self.wait_for("listening")
        return f"http://{event['host']}:{event['port']}"


@contextmanager
def local_service(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[ServiceProcess]:
    """A ready service whose store and uploads lie in `folder`; it is stopped at the end."""
    environment = os.environ | {
        "ECHOSCRIBE_HOST": "127.0.0.1",
        "ECHOSCRIBE_PORT": "0",
        "ECHOSCRIBE_STORE": str(folder / "results.sqlite3"),
        "ECHOSCRIBE_UPLOAD_FOLDER": str(folder / "uploads"),
        "ECHOSCRIBE_KEYS": str(folder / "keys.json"),
        "ECHOSCRIBE_AUDIT": str(folder / "audit.jsonl"),
        **(settings or {}),
    }
    command = [str(Path(sys.executable).with_name("echoscribe")), "serve"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    service = ServiceProcess(process)
    try:
        service.wait_for("ready")
        yield service
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        service.close()
