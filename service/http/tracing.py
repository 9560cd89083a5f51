"""Traces: each request continues the trace that its client names, and says under which its answer was made.

The header is W3C's (Trace Context, level 1). With the extra [tracing] and OTEL_EXPORTER_OTLP_ENDPOINT each request is a
span of OpenTelemetry; without them the header is taken and given all the same, so that logs can be joined. Attributes
are route, method and status: never an address, a file name or anything that a client wrote. What its study costs is a
span below it (`service/study/spans.py`).
"""

import os
import time
from importlib.util import find_spec
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.study.spans import SpanContext, SpanSink, span_scope

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_UNMATCHED: Final = "unmatched"


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
            with span_scope(context):
                await self._app(scope, receive, send_noting)
        finally:
            if self._sink is not None and context.sampled:
                route = getattr(scope.get("route"), "path", _UNMATCHED)
                attributes: dict[str, str | int | float] = {"http.route": route, "http.request.method": scope["method"]}
                attributes["http.response.status_code"] = status
                self._sink.span(context, f"{scope['method']} {route}", (started_ns, time.time_ns()), attributes)


def span_sink() -> SpanSink | None:
    """What OpenTelemetry's exporter takes, where it is installed and told whom to send to; else None."""
    if not os.environ.get(_ENDPOINT) or find_spec("opentelemetry.sdk") is None:
        return None
    from service.http.exported_spans import ExportedSpans  # noqa: PLC0415 - the extra may be absent

    return ExportedSpans.over_http()
