"""What an operator sees: one JSON object per log line, and Prometheus metrics. Neither ever carries identity.

Our own events have named fields. Of what libraries log, only who and how loud is kept: their messages may quote file
names or header values (pydicom warns with the value it could not read).
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.observed_machine import ObservedMachine

Field = str | int | float | bool | None

_LOGGER = logging.getLogger("echoscribe")
_QUOTABLE: Final = {"uvicorn.error"}  # says addresses of ours and states, never what a client sent
_FRAMES: Final = 6  # innermost stack frames of a fault
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Bounds from 5 ms (a warm vote) to 10 minutes (a hundred clips on one core).
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0)


class Metrics:
    """The metrics of one app, in a registry of its own, so that two apps can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "HTTP requests.", "route", "method", "status")
        self.request_seconds = self._histogram("request_seconds", "Seconds per HTTP request.", "route")
        self.rejections = self._counter("rejections", "Studies that were refused or failed.", "reason")
        self.studies = self._counter("studies", "Studies that ran, by how they ended.", "outcome")
        self.clips = self._counter("clips", "Clips of answered studies.", "outcome", "reason")
        self.stage_seconds = self._histogram("stage_seconds", "Seconds per stage of a study.", "stage")
        self.study_seconds = self._histogram("study_seconds", "Seconds per study on the device.")
        self.queue_seconds = self._histogram("queue_seconds", "Seconds a study waited for the device.")
        self.queue_length = self._gauge("queue_length", "Studies waiting for the device.")
        self.in_flight = self._gauge("studies_in_flight", "Studies uploading, waiting or running.")
        self.unkept = self._gauge("outcomes_unkept", "Outcomes in memory that the store could not take yet.")
        self.ready = self._gauge("ready", "1 while POST /report is served.")
        self.used_clips = self._counter("used_clips", "Clips that answers rest on.")
        self.unfamiliar_clips = self._counter("unfamiliar_clips", "Of those, clips unlike the known ones.")
        self.artifact_changes = self._counter("artifact_changes", "Files of bundle or bank that changed while served.")
        self.machine = ObservedMachine()
        self.registry.register(self.machine)
        self.registry.register(DECODER_EVENTS)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"echoscribe_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"echoscribe_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"echoscribe_{name}", text, labels, buckets=_SECONDS, registry=self.registry)


# Of decoders, which all apps of a process share; an app's registry shows them too.
DECODER_EVENTS: Final = Counter(
    "echoscribe_decoder_events", "Files given up by a decoder, and lines of native libraries.", ("what",), registry=None
)


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, event, ids and named fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a fault is its class and the frames it passed, never its message."""
        line: dict[str, Field | list[str]] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name == _LOGGER.name:
            line |= {"event": record.getMessage(), **getattr(record, "fields", {})}
        else:
            line |= {"event": "library", "logger": record.name}
            if record.name in _QUOTABLE and not record.exc_info:
                line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            line |= fault_fields(record.exc_info[1])
        return json.dumps({name: value for name, value in line.items() if value is not None})


def fault_fields(error: BaseException) -> dict[str, str | list[str]]:
    """Class and innermost frames of an exception. Its message is left out: it may quote what a client sent."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "fault": type(error).__name__,
        "frames": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


def log_event(event: str, *, level: int = logging.INFO, fault: BaseException | None = None, **fields: Field) -> None:
    """Logs an event with its fields and the id of the request that it belongs to."""
    _LOGGER.log(level, event, exc_info=fault, extra={"fields": {"request_id": _request_id.get(), **fields}})


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Events inside the block carry this request id."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def current_request_id() -> str | None:
    """The id of the request being answered, None outside of one."""
    return _request_id.get()


class _WithoutTracebacks(logging.Filter):
    """Leaves out what uvicorn says of a start that failed: the event `start_failed` has said it in a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is kept."""
        return not record.getMessage().startswith("Traceback")


def configure_logging(level: str) -> None:
    """Sends every logger of the process, and Python's warnings, to stderr as JSON lines; libraries from warning up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _level(level)), force=True)
    for name in (_LOGGER.name, *_QUOTABLE):
        logging.getLogger(name).setLevel(_level(level))
    logging.getLogger("uvicorn.error").addFilter(_WithoutTracebacks())
    logging.captureWarnings(capture=True)


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]
