"""Spans to OpenTelemetry's exporter (extra [tracing])."""

from collections.abc import Mapping
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext as Context
from opentelemetry.trace import SpanKind, TraceFlags

from service.study.spans import SpanContext


class ExportedSpans:
    """Hands each span to a processor, which sends them in batches in a thread of its own."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._resource = Resource.create({"service.name": "echoscribe"})

    @classmethod
    def over_http(cls) -> Self:
        """To the collector that OTEL_EXPORTER_OTLP_ENDPOINT names."""
        return cls(BatchSpanProcessor(OTLPSpanExporter()))

    def span(
        self, context: SpanContext, name: str, times_ns: tuple[int, int], attributes: Mapping[str, str | int | float]
    ) -> None:
        """Takes a finished span."""
        parent = None if context.parent_id is None else _context(context.trace_id, context.parent_id, is_remote=True)
        span = ReadableSpan(
            name=name,
            context=_context(context.trace_id, context.span_id, is_remote=False),
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.SERVER if "http.route" in attributes else SpanKind.INTERNAL,  # a study has no route
            start_time=times_ns[0],
            end_time=times_ns[1],
        )
        self._processor.on_end(span)


def _context(trace_id: str, span_id: str, *, is_remote: bool) -> Context:
    return Context(int(trace_id, 16), int(span_id, 16), is_remote, TraceFlags(TraceFlags.SAMPLED))
