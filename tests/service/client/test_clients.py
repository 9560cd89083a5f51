"""The client against the app in process, and against scripted answers of a busy service."""

import asyncio
import json
from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import httpx
import pytest

from service.client import AsyncEchoScribeClient, EchoScribeClient, ReportOptions, ServiceBusy, ServiceRefused
from service.documents.edition import Amendment, ReportEdit, Signature
from service.http import examples
from service.http.app import create_app
from tests.service.conftest import MakeSettings
from tests.service.invented import InventedPipeline, invented_workings


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "DOE^JANE.dcm", tmp_path / "b.dcm"]
    for path in paths:
        path.write_text(path.stem)
    return paths


def test_the_async_client_posts_waits_and_lists(
    make_settings: MakeSettings, pipeline: InventedPipeline, files: list[Path]
) -> None:
    app = create_app(make_settings(), invented_workings(pipeline))

    async def talk() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            AsyncEchoScribeClient("http://localhost", transport=transport, patience_seconds=10) as client,
        ):
            report = await client.report(files, ReportOptions(k=7))  # the app still loads: 503 is waited out
            assert report.phenotypes["size"].k == 7
            study_id = await client.submit(files)
            assert (await client.wait(study_id)).study_id == study_id
            assert (await client.contours(study_id)).contours[0].structure == "edge"
            assert "Nobody was examined" in await client.report_text(files)
            assert (await client.report_as(files, "pdf")).startswith(b"%PDF-")
            assert b"Nobody was examined" in await client.wait_as(study_id, "html")
            with pytest.raises(ServiceRefused, match="not_acceptable"):
                await client.wait_as(study_id, "docx")
            page = await client.phenotypes(limit=1)
            assert page.next == page.studies[0].study_id
            assert (await client.study_phenotypes(study_id)).phenotypes == report.model_copy().phenotypes | {
                "size": report.phenotypes["size"].model_copy(update={"k": 5, "labelled": 5})
            }
            assert (await client.info()).modes == ["retrieval"]
            await edited_and_signed(client, study_id)
            with pytest.raises(ServiceRefused, match="mode_unavailable") as refused:
                await client.report(files, ReportOptions(mode="rag"))
            assert refused.value.problem is not None
            assert refused.value.problem.field == "mode"

    asyncio.run(talk())


async def edited_and_signed(client: AsyncEchoScribeClient, study_id: str) -> None:
    draft = await client.wait(study_id)
    edited = await client.edit(study_id, ReportEdit(version=0, sections={draft.sections[0].name: "Seen."}))
    assert edited.sections[0].text == "Seen."
    final = await client.sign(study_id, Signature(version=1, signed_by="Dr. A"))
    assert final.edition is not None and final.edition.state == "final"  # noqa: PT018 - the first is for the types
    await client.amend(study_id, Amendment(version=2, reason="More."))
    listed = await client.versions(study_id)
    assert [row.edition.state for row in listed.versions] == ["draft", "draft", "final", "draft"]
    assert await client.version(study_id, 0) == draft
    with pytest.raises(ServiceRefused, match="feedback_off"):
        await client.feedback()


def scripted(answers: Iterator[httpx.Response], seen: list[httpx.Request]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return next(answers)

    return httpx.MockTransport(answer)


PROBLEM = {"type": "urn:x:queue_full", "title": "full", "status": 429, "detail": "full", "code": "queue_full"}


def busy(retry_after: str) -> httpx.Response:
    headers = {"Retry-After": retry_after, "Content-Type": "application/problem+json"}
    return httpx.Response(429, json=PROBLEM, headers=headers)


def test_a_busy_service_is_asked_again_with_the_same_key_and_all_bytes(files: list[Path]) -> None:
    seen: list[httpx.Request] = []
    answers = iter([busy("0"), httpx.Response(200, text="the report")])
    with EchoScribeClient("http://service", transport=scripted(answers, seen)) as client:
        assert client.report_text([str(path) for path in files]) == "the report"
    assert seen[0].headers["idempotency-key"] == seen[1].headers["idempotency-key"]
    for request in seen:
        assert b"DOE^JANE" in request.content.replace(b"filename=", b"")  # the content of the file
        assert b'filename="clip-1"' in request.content
        assert b"DOE^JANE.dcm" not in request.content


def test_patience_ends(files: list[Path]) -> None:
    with (
        EchoScribeClient("http://service", transport=scripted(iter([busy("60")]), []), patience_seconds=5) as client,
        pytest.raises(ServiceBusy) as late,
    ):
        client.report(files)
    assert late.value.problem is not None
    assert late.value.problem.code == "queue_full"


def test_a_processed_study_is_waited_for() -> None:
    answers = iter([httpx.Response(202, json={}, headers={"Retry-After": "0"}), httpx.Response(404, text="no problem")])
    with (
        EchoScribeClient("http://service", transport=scripted(answers, [])) as client,
        pytest.raises(ServiceRefused, match="404"),
    ):
        client.wait("some-study")


PUBLIC_CALLS = {name for name in vars(EchoScribeClient) if not name.startswith("_")}


def test_both_clients_have_the_same_calls() -> None:
    assert {name for name in vars(AsyncEchoScribeClient) if not name.startswith("_")} == PUBLIC_CALLS
    for name in PUBLIC_CALLS:
        one, other = (signature(getattr(kind, name)) for kind in (EchoScribeClient, AsyncEchoScribeClient))
        assert one == other, name


def test_the_waiting_client_edits_and_signs_with_the_documents_it_is_given() -> None:
    seen: list[httpx.Request] = []
    answers = (httpx.Response(200, json=examples.REPORT) for _ in range(3))
    with EchoScribeClient("http://service", transport=scripted(answers, seen)) as client:
        client.edit("s", ReportEdit(version=0, impression=["Normal."]))
        client.sign("s", Signature(version=1, signed_by="Dr. A"))
        client.amend("s", Amendment(version=2, reason="More."))
    assert [(each.method, each.url.path) for each in seen] == [
        ("PATCH", "/report/s"), ("POST", "/report/s/signature"), ("POST", "/report/s/amendment"),
    ]  # fmt: skip
    assert json.loads(seen[0].content) == {"version": 0, "sections": {}, "impression": ["Normal."]}


def test_the_client_passes_bytes_of_a_format_through() -> None:
    seen: list[httpx.Request] = []
    answers = iter([httpx.Response(200, content=b"\x00%PDF"), httpx.Response(200, content=b"DICM\xff")])
    with EchoScribeClient("http://localhost", transport=scripted(answers, seen)) as client:
        assert client.report_as([], "pdf", ReportOptions(lang="de")) == b"\x00%PDF"
        assert client.wait_as("some-id", "sr") == b"DICM\xff"
    assert [str(request.url.query, "ascii") for request in seen] == ["format=pdf", "format=sr"]
