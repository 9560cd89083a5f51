"""Twenty studies, one of which holds a file that hangs or crashes: the others are answered as if they were alone."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.ingest.decoding.decoder_pool import decoder_pool
from service.study.runner import Workings
from tests.service.conftest import MakeSettings, uploads_left, wait_until
from tests.service.ingest.decoding.unruly import decoders, open_unruly
from tests.service.invented import InventedPipeline, invented_clip

SECONDS = 120.0  # on a loaded machine
ASYNC = {"Prefer": "respond-async"}


@contextmanager
def service(settings: Any) -> Iterator[TestClient]:
    pipeline = InventedPipeline()
    workings = Workings(load=lambda _: pipeline, open_study=open_unruly, warm_up=lambda: [invented_clip()])
    try:
        with TestClient(create_app(settings, workings), base_url="http://localhost") as client:
            wait_until(lambda: client.get("/readyz").status_code == 200)
            yield client
    finally:
        decoder_pool().close()


def files(*orders: str) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (str(number), f"UNRULY {order} ".encode())) for number, order in enumerate(orders)]


def post(client: TestClient, *orders: str) -> str:
    accepted = client.post("/report", files=files(*orders), headers=ASYNC)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["report"])


def answer(client: TestClient, where: str) -> dict[str, Any]:
    """The answer, without what differs from study to study."""
    wait_until(lambda: client.get(where).status_code == 200, SECONDS)
    document = dict(client.get(where).json())
    return {name: value for name, value in document.items() if name not in {"study_id", "created", "stage_seconds"}}


def app_of(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def skipped(document: dict[str, Any]) -> list[str | None]:
    return [clip["skipped"] for clip in document["clips"]]


@pytest.mark.parametrize("stage", ["recognise", "read"])
def test_a_study_that_hangs_keeps_no_other_waiting(make_settings: MakeSettings, stage: str) -> None:
    with service(make_settings(queue_size=32, decoder_file_seconds=3600, decoder_study_seconds=3600)) as client:
        alone = [answer(client, post(client, "read nothing", f"read sleep 0.0{number}")) for number in range(3)]
        hanging = post(client, f"{stage} hang", "read nothing", "read sleep 0.01")
        others = [post(client, "read nothing", f"read sleep 0.0{number % 3}") for number in range(19)]
        assert [answer(client, where) for where in others] == [alone[number % 3] for number in range(19)]
        assert client.get(hanging).status_code != 200
        assert client.get("/readyz").status_code == 200
        for each in decoders():
            os.kill(each, signal.SIGKILL)
        document = answer(client, hanging)
        assert sorted(filter(None, skipped(document))) == ["decoder_killed"]
        assert len(skipped(document)) == 3
        assert uploads_left(app_of(client)) == []


@pytest.mark.parametrize(("bomb", "reason"), [("abort", "decoder_killed"), ("take 2000", "too_much_memory")])
def test_a_bomb_costs_its_clip_alone(make_settings: MakeSettings, bomb: str, reason: str) -> None:
    with service(make_settings(queue_size=32)) as client:
        expected = answer(client, post(client, "read nothing"))
        posted = [post(client, "read nothing") for _ in range(10)]
        spoilt = post(client, f"read {bomb}", "read nothing")
        posted += [post(client, "read nothing") for _ in range(9)]
        assert all(answer(client, where) == expected for where in posted)
        assert sorted(filter(None, skipped(answer(client, spoilt)))) == [reason]
        assert f'echoscribe_clips_total{{outcome="skipped",reason="{reason}"}} 1.0' in client.get("/metrics").text


def test_the_end_of_the_service_ends_what_hangs(make_settings: MakeSettings) -> None:
    with service(make_settings(decoder_file_seconds=3600)) as client:
        app = app_of(client)
        post(client, "read hang")
        wait_until(lambda: len(decoders()) > 0, SECONDS)
        started = time.monotonic()
    assert time.monotonic() - started < SECONDS
    assert decoders() == []
    assert {path.name for path in uploads_left(app)} >= {"job.json", "begun"}, "the next process goes on with it"


def test_readiness_says_when_no_decoder_can_be_had(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.ingest.decoding.decoder_pool._RETRY_SECONDS", 1)
    with service(make_settings()) as client:
        decoder_pool().close()
        with monkeypatch.context() as broken:
            broken.setattr("service.ingest.decoding.decoder_pool.sys.executable", str(tmp_path / "no-python"))
            where = post(client, "read nothing")
            wait_until(lambda: client.get("/readyz").status_code == 503, SECONDS)
            assert "decoders cannot be started" in client.get("/readyz").json()["reason"]
            wait_until(lambda: client.get(where).status_code == 503, SECONDS)
        wait_until(lambda: client.get("/readyz").status_code == 200, SECONDS)
        answer(client, post(client, "read nothing"))
