"""POST /report repeated, at once, too many, too slow, left alone, and when something of ours breaks."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message

from tests.service.conftest import Serve, uploads_left, wait_until
from tests.service.http.routes.test_reports import FILES, app_of
from tests.service.invented import InventedPipeline


def test_an_idempotency_key_gives_the_same_study_once(client: TestClient, pipeline: InventedPipeline) -> None:
    runs = pipeline.runs
    key = {"Idempotency-Key": "8f14e45f"}
    first = client.post("/report", files=FILES, headers=key)
    again = client.post("/report", files=FILES, headers={"Idempotency-Key": '"8f14e45f"'})
    assert again.json() == first.json()
    assert pipeline.runs == runs + 1
    other = client.post("/report", files=FILES[:1], headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    options = client.post("/report", files=FILES, data={"k": "9"}, headers=key)
    assert options.status_code == 422
    assert client.post("/report", files=FILES, headers={"Idempotency-Key": "x" * 256}).status_code == 422


def test_two_posts_at_once_with_one_key_share_a_study(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        posts = [pool.submit(client.post, "/report", files=FILES, headers={"Idempotency-Key": "a"}) for _ in range(2)]
        threading.Timer(0.3, pipeline.gate.set).start()
        first, second = (post.result() for post in posts)
    assert first.json() == second.json()


def test_a_fault_of_ours_is_hidden_counted_and_frees_the_key(
    client: TestClient, pipeline: InventedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.fault = RuntimeError("PATIENT^NAME in a message")
    key = {"Idempotency-Key": "again"}
    problem = client.post("/report", files=FILES, headers=key)
    assert (problem.status_code, problem.json()["code"]) == (500, "internal_fault")
    assert "PATIENT" not in problem.text
    pipeline.fault = None
    assert client.post("/report", files=FILES, headers=key).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert uploads_left(app_of(client)) == []


def test_running_out_of_device_memory_is_no_end(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.fault = torch.OutOfMemoryError("CUDA out of memory")
    assert client.post("/report", files=FILES).json()["code"] == "device_out_of_memory"
    pipeline.fault = None
    assert client.post("/report", files=FILES).status_code == 200


def test_a_lost_device_fails_readiness_and_later_studies(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.fault = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    assert client.post("/report", files=FILES).json()["code"] == "device_lost"
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["phase"]) == (503, "lost")
    later = client.post("/report", files=FILES)
    assert (later.status_code, later.json()["code"]) == (503, "device_lost")
    assert client.get("/livez").status_code == 200


def test_a_burst_is_answered_or_refused_and_nothing_else(serve: Serve, pipeline: InventedPipeline) -> None:
    pipeline.seconds = 0.05
    with serve(queue_size=8) as client, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.post("/report", files=FILES), range(50)))
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert (refused.json()["code"], refused.json()["limit"]) == ("queue_full", 8)
        kept = client.get("/phenotypes?limit=100").json()["studies"]
        answered = {answer.json()["study_id"] for answer in answers if answer.status_code == 200}
        assert {study["study_id"] for study in kept} == answered
        assert app_of(client).state.service.worker.in_flight == 0


def test_an_answer_that_takes_too_long_can_be_fetched_later(serve: Serve, pipeline: InventedPipeline) -> None:
    with serve(answer_seconds=0.1) as client:
        pipeline.gate.clear()
        late = client.post("/report", files=FILES)
        assert (late.status_code, late.json()["code"]) == (504, "answer_timeout")
        where = late.json()["detail"].split()[-1]
        pipeline.gate.set()
        wait_until(lambda: client.get(where).status_code == 200)


async def post_and_leave(app: FastAPI, headers: list[tuple[bytes, bytes]], accepted: Callable[[], bool]) -> None:
    """Posts a study as a server would hand it on, and disconnects once it was accepted."""
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nclip\r\n--x--\r\n'
    headers = [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x"), *headers]
    scope = {"type": "http", "method": "POST", "path": "/report", "headers": headers, "query_string": b""}
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        for message in messages:
            return message
        while not accepted():
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return

    await app(scope, receive, send)


@pytest.mark.parametrize(("key", "answered"), [([], 0), ([(b"idempotency-key", b"again")], 1)])
def test_a_study_whose_reader_left_is_dropped_unless_a_key_can_ask_for_it(
    serve: Serve, pipeline: InventedPipeline, key: list[tuple[bytes, bytes]], answered: int
) -> None:
    with serve() as client:
        app, worker = app_of(client), app_of(client).state.service.worker
        pipeline.gate.clear()
        asyncio.run(post_and_leave(app, key, lambda: worker.in_flight == 1))
        if not answered:
            wait_until(lambda: worker.in_flight == 0)
        pipeline.gate.set()
        wait_until(lambda: worker.in_flight == 0)
        assert len(client.get("/phenotypes").json()["studies"]) == answered
        assert uploads_left(app) == []
        assert ('reason="abandoned"' in client.get("/metrics").text) == (not answered)
