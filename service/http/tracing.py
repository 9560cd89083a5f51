"""Traces: each request continues the trace that its client names, and says under which its answer was made.

The header is W3C's (Trace Context, level 1). With the extra [tracing] and OTEL_EXPORTER_OTLP_ENDPOINT each request is a
span of OpenTelemetry; without them the header is taken and given all the same, so that logs can be joined. Attributes
are route, method and status: never an address, a file name or anything that a client wrote.
"""

import os
import re
import secrets
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Trace id and parent id, not all zeros, and flags (Trace Context 2.2.2); unknown versions begin alike (2.2.4).
_HEADER: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_UNMATCHED: Final = "unmatched"


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

    def span(self, context: SpanContext, name: str, times_ns: tuple[int, int], attributes: dict[str, Any]) -> None:
        """Takes one."""


class TracedRequests:
    """Continues or begins a trace for each request. sink: None where nobody collects spans."""

    def __init__(self, app: ASGIApp, sink: SpanSink | None = None) -> None:
        self._app, self._sink = app, sink

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = SpanContext.following(Headers(scope=scope).get("traceparent"))
        started_ns, status = time.time_ns(), 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["traceparent"] = context.header
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            if self._sink is not None and context.sampled:
                route = getattr(scope.get("route"), "path", _UNMATCHED)
                attributes = {"http.route": route, "http.request.method": scope["method"]}
                attributes["http.response.status_code"] = status
                self._sink.span(context, f"{scope['method']} {route}", (started_ns, time.time_ns()), attributes)


def span_sink() -> SpanSink | None:
    """What OpenTelemetry's exporter takes, where it is installed and told whom to send to; else None."""
    if not os.environ.get(_ENDPOINT) or find_spec("opentelemetry.sdk") is None:
        return None
    from service.http.exported_spans import ExportedSpans  # noqa: PLC0415 - the extra may be absent

    return ExportedSpans.over_http()
