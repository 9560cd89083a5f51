"""Decoders that hang, are stopped or killed while the service drains and goes on; and readers that go away."""

import os
import signal
import time
from pathlib import Path

import httpx

from scripts.chaos import children_of
from scripts.forked_service import ForkedService
from service.study.runner import Workings
from tests.service.conftest import MakeSettings, wait_until
from tests.service.ingest.decoding.unruly import open_unruly
from tests.service.invented import InventedPipeline, invented_clip
from tests.service.study.durable.test_killed_service import SECONDS, answer, post


def unruly_workings() -> Workings:
    pipeline = InventedPipeline()
    return Workings(load=lambda _: pipeline, open_study=open_unruly, warm_up=lambda: [invented_clip()])


def begun(folder: Path) -> bool:
    return any((folder / "uploads").glob("study-*/*.begun"))


def decoders_of(service: ForkedService) -> list[int]:
    return [decoder for server in children_of(service.number) for decoder in children_of(server)]


def test_sigterm_ends_within_its_drain_though_a_decoder_hangs(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(port=0, drain_seconds=0.5, decoder_file_seconds=3600, decoder_study_seconds=3600)
    with ForkedService.ready(settings, unruly_workings(), tmp_path / "log") as service:
        post(service, "UNRULY read hang ")
        wait_until(lambda: begun(tmp_path), SECONDS)
        started = time.monotonic()
        service.send(signal.SIGTERM)
        assert service.wait(SECONDS) == 0
        assert time.monotonic() - started < 30, "the drain, what closes the port, and a loaded machine"
    assert len(list((tmp_path / "uploads").glob("study-*/job.json"))) == 1, "the next process goes on with it"


def test_a_stopped_decoder_costs_its_clip_alone(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(port=0, decoder_file_seconds=4)
    with ForkedService.ready(settings, unruly_workings(), tmp_path / "log") as service:
        stopped = post(service, "UNRULY read sleep 600 ")
        wait_until(lambda: begun(tmp_path) and bool(decoders_of(service)), SECONDS)
        for decoder in decoders_of(service):
            os.kill(decoder, signal.SIGSTOP)
        assert answer(service, post(service, "UNRULY read nothing ")).json()["clips"][0]["used"]
        assert answer(service, stopped).json()["clips"][0]["skipped"] in {"too_slow", "decoder_killed"}


def test_a_reader_who_leaves_a_stream_costs_no_answer(make_settings: MakeSettings, tmp_path: Path) -> None:
    with ForkedService.ready(make_settings(port=0), unruly_workings(), tmp_path / "log") as service:
        study_id = post(service, "UNRULY read sleep 1 ")
        with httpx.stream("GET", f"{service.url}/report/{study_id}/events", timeout=SECONDS) as stream:
            next(stream.iter_lines())
        assert answer(service, study_id).status_code == 200
