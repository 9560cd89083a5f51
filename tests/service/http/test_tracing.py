"""W3C's traceparent is taken and given; a span tells route, method and status and nothing that a client wrote."""

import re
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from service.http.exported_spans import ExportedSpans
from service.http.tracing import TracedRequests, span_sink
from service.study.spans import SpanContext, StudySpans
from tests.service.conftest import Serve, wait_until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


def test_an_answer_names_the_trace_of_its_client(serve: Serve) -> None:
    with serve() as client:
        given = client.get("/livez", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}).headers["traceparent"]
        begun = client.get("/livez").headers["traceparent"]
    assert re.fullmatch(rf"00-{TRACE}-(?!{PARENT})[0-9a-f]{{16}}-01", given)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", begun)
    assert TRACE not in begun


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
    ],
)
def test_what_is_no_header_begins_a_trace(header: str) -> None:
    context = SpanContext.following(header)
    assert context.parent_id is None
    assert context.trace_id != TRACE


@pytest.mark.parametrize(("flags", "spans"), [("01", 1), ("00", 0)])
def test_a_sampled_request_is_a_span_below_its_client_s(flags: str, spans: int) -> None:
    kept = Kept()
    app = Starlette(routes=[Route("/study/{name}", lambda _: PlainTextResponse("x"))])
    app.add_middleware(TracedRequests, sink=ExportedSpans(SimpleSpanProcessor(kept)))
    with TestClient(app) as client:
        client.get("/study/JANE-DOE?name=JANE-DOE", headers={"traceparent": f"00-{TRACE}-{PARENT}-{flags}"})
    assert len(kept.spans) == spans
    for span in kept.spans:
        assert f"{span.context.trace_id:032x}" == TRACE
        assert span.parent is not None
        assert f"{span.parent.span_id:016x}" == PARENT
        assert dict(span.attributes or {})["http.response.status_code"] == 200
        assert "JANE" not in span.to_json()


def test_without_a_collector_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert span_sink() is None


CINE = {"files": ("JANE-DOE.toy", b"toy")}


def study_spans(kept: Kept) -> list[ReadableSpan]:
    return [span for span in kept.spans if span.name == "study"]


def test_a_study_is_a_span_below_its_request_with_the_seconds_of_its_stages(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept()
    monkeypatch.setattr("service.http.app.span_sink", lambda: ExportedSpans(SimpleSpanProcessor(kept)))
    with serve() as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = client.post("/report", files=CINE, headers=headers).json()
        wait_until(lambda: len(study_spans(kept)) == 1 and len(kept.spans) > len(study_spans(kept)))
    (study,) = study_spans(kept)
    (request,) = [span for span in kept.spans if span.name == "POST /report"]
    assert study.parent is not None
    assert study.parent.span_id == request.context.span_id
    assert f"{study.context.trace_id:032x}" == TRACE
    attributes = dict(study.attributes or {})
    assert attributes["echoscribe.outcome"] == "answered"
    assert {f"echoscribe.stage.{name}.seconds" for name in answer["stage_seconds"]} <= set(attributes)
    assert "echoscribe.queue.seconds" in attributes
    assert (study.start_time or 0) >= (request.start_time or 0) > 0
    assert "JANE" not in study.to_json()


def test_a_study_whose_request_nobody_samples_or_knows_is_no_span() -> None:
    kept = Kept()
    spans = StudySpans(ExportedSpans(SimpleSpanProcessor(kept)))
    spans.ended(None, 1.0, "answered", {})
    spans.ended(SpanContext.following(f"00-{TRACE}-{PARENT}-00"), 1.0, "answered", {})
    assert kept.spans == []
    spans.ended(SpanContext.following(f"00-{TRACE}-{PARENT}-01"), 1.0, "not_ready", {})
    assert [dict(span.attributes or {}) for span in kept.spans] == [{"echoscribe.outcome": "not_ready"}]
