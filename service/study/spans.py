"""Spans: what a request asked for, and what its study then cost, in the trace that the client named.

A study may be answered long after its request; its span hangs below the request's. Attributes are names, numbers and
codes of ours: never an address, a file name or anything that a client wrote.
"""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

# Trace id and parent id, not all zeros, and flags (Trace Context 2.2.2); unknown versions begin alike (2.2.4).
_HEADER: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_span: ContextVar["SpanContext | None"] = ContextVar("span", default=None)


@dataclass(frozen=True)
class SpanContext:
    """Where a span belongs. parent_id: None where the trace begins here."""

    trace_id: str
    span_id: str
    parent_id: str | None
    sampled: bool

    @classmethod
    def following(cls, header: str | None) -> "SpanContext":
        """A new span of the trace that a header names; of a new one where it names none, or is no such header."""
        found = _HEADER.fullmatch(header or "")
        own = secrets.token_hex(8)
        if found is None:
            return cls(secrets.token_hex(16), own, None, sampled=True)
        return cls(found[1], own, found[2], sampled=bool(int(found[3], 16) & 1))

    @property
    def header(self) -> str:
        """`traceparent` that names this span."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


class SpanSink(Protocol):
    """Takes finished spans."""

    def span(
        self, context: SpanContext, name: str, times_ns: tuple[int, int], attributes: Mapping[str, str | int | float]
    ) -> None:
        """Takes one."""


class StudySpans:
    """Tells a sink what studies cost. sink: None where nobody collects spans."""

    def __init__(self, sink: SpanSink | None = None) -> None:
        self._sink = sink

    def ended(
        self, request: SpanContext | None, seconds: float, outcome: str, attributes: Mapping[str, str | int | float]
    ) -> None:
        """A study of so many seconds is over. request: None where its request is no longer known, after a restart."""
        if self._sink is None or request is None or not request.sampled:
            return
        ended_ns = time.time_ns()
        below = SpanContext(request.trace_id, secrets.token_hex(8), request.span_id, sampled=True)
        times_ns = (ended_ns - int(seconds * 1e9), ended_ns)
        self._sink.span(below, "study", times_ns, {"echoscribe.outcome": outcome, **attributes})


@contextmanager
def span_scope(span: SpanContext) -> Iterator[None]:
    """Jobs that are made inside belong to this span."""
    token = _span.set(span)
    try:
        yield
    finally:
        _span.reset(token)


def current_span() -> SpanContext | None:
    """The request's span that is being answered here."""
    return _span.get()
