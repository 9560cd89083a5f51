"""A service around the invented pipeline, started and ready."""

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.settings import Settings
from service.telemetry import JsonLines
from tests.service.invented import InventedPipeline, invented_workings

MakeSettings = Callable[..., Settings]
Serve = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**changes: object) -> Settings:
        values = {
            "store": tmp_path / "store" / "results.sqlite3",
            "upload_folder": tmp_path / "uploads",
            "keys": tmp_path / "store" / "keys.json",
            "audit": tmp_path / "store" / "audit.jsonl",
            "neighbours": 5,
            "depth": 5,
        }
        return Settings.model_validate(values | changes)

    return make


@pytest.fixture
def pipeline() -> InventedPipeline:
    return InventedPipeline()


@pytest.fixture
def serve(make_settings: MakeSettings, pipeline: InventedPipeline) -> Serve:
    """A client of a started app; `ready=False` does not wait until it is loaded."""

    @contextmanager
    def served(*, ready: bool = True, **changes: object) -> Iterator[TestClient]:
        app = create_app(make_settings(**changes), invented_workings(pipeline))
        with TestClient(app, base_url="http://localhost") as client:
            if ready:
                wait_until(lambda: client.get("/readyz").status_code == 200)
            yield client

    return served


@pytest.fixture
def client(serve: Serve) -> Iterator[TestClient]:
    with serve() as started:
        yield started


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the process logs, as an operator gets it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.01)


def uploads_left(app: FastAPI) -> list[Path]:
    """Files of uploads on disk."""
    root = app.state.service.settings.upload_folder
    return [path for path in root.rglob("*") if path.is_file() and path.name != "owner"]
