"""A service that is killed: what it accepted is taken up by the next process, at whatever stage it was."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from scripts.forked_service import ForkedService
from service.errors import StoreInUse
from service.http.app import create_app
from service.settings import Settings
from service.store.results import ResultStore
from service.study.durable.upload_folders import UploadFolders
from tests.service.conftest import MakeSettings, wait_until
from tests.service.http.routes.test_reports import FILES
from tests.service.invented import InventedPipeline, invented_workings
from tests.service.study.durable.orderly import STAGES, orderly_workings

ASYNC = {"Prefer": "respond-async"}
HOST = "http://localhost"
Start = Callable[..., AbstractContextManager[ForkedService]]
SECONDS = 60.0


@pytest.fixture
def start(make_settings: MakeSettings, tmp_path: Path) -> Start:
    """Starts the service on the same store and upload folder each time."""

    @contextmanager
    def started(**changes: Any) -> Iterator[ForkedService]:
        settings = make_settings(port=0, **{"drain_seconds": 1.0, **changes})
        with ForkedService.ready(settings, orderly_workings(), tmp_path / "log") as service:
            yield service

    return started


def post(service: ForkedService, *texts: str, **headers: str) -> str:
    files = [("files", (str(number), text.encode())) for number, text in enumerate(texts)]
    accepted = httpx.post(f"{service.url}/report", files=files, headers=ASYNC | headers, timeout=SECONDS)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["study_id"])


def answer(service: ForkedService, study_id: str) -> httpx.Response:
    answered: list[httpx.Response] = []

    def is_answered() -> bool:
        response = httpx.get(f"{service.url}/report/{study_id}", timeout=SECONDS)
        answered.append(response)
        return response.status_code != 202

    wait_until(is_answered, SECONDS)
    return answered[-1]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "uploads").iterdir() if path.name != "owner")


@pytest.mark.parametrize("stage", STAGES)
def test_a_study_survives_a_kill_at_each_stage(start: Start, tmp_path: Path, stage: str) -> None:
    gate = tmp_path / "gate"
    with start() as service:
        study_id = post(service, f"{stage} wait {gate}", "clip")
        waiting = post(service, "clip two")
        wait_until(Path(f"{gate}.reached").exists, SECONDS)
        service.kill()
    gate.touch()
    with start() as service:
        document = answer(service, study_id)
        assert (document.status_code, len(document.json()["clips"])) == (200, 2)
        assert answer(service, waiting).status_code == 200
        assert httpx.get(f"{service.url}/phenotypes").json()["left_out"] == []
        wait_until(lambda: leftovers(tmp_path) == [], SECONDS)


def test_a_study_that_ends_the_process_is_tried_three_times_and_then_fails_by_name(
    start: Start, make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.study.durable.resuming.REST_SECONDS", (0.0, 0.5, 1.0))
    with start() as service:
        with suppress(httpx.HTTPError):  # the answer may come, or not any more
            post(service, "prepare kill")
        assert service.wait(SECONDS) == -signal.SIGKILL
        poison = service.wait_for("study_accepted")["study_id"]
    for _ in range(3):
        tried = ForkedService(make_settings(port=0), orderly_workings(), tmp_path / "log")
        assert tried.wait(SECONDS) == -signal.SIGKILL
    with start() as service:
        failed = answer(service, poison)
        assert (failed.status_code, failed.json()["code"], failed.json()["limit"]) == (500, "tries_exhausted", 3)
        assert failed.json()["title"] == "The service ended each time that it worked on this study"
        assert leftovers(tmp_path) == []
        assert answer(service, post(service, "clip")).status_code == 200


def test_kills_in_a_row_cost_a_study_no_tries_while_it_rests(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with start() as service:
        study_id = post(service, f"prepare wait {gate}")
        wait_until(Path(f"{gate}.reached").exists, SECONDS)
        service.kill()
    with start() as service:
        wait_until(lambda: len(begun(tmp_path)) == 2, SECONDS)
        service.kill()
    for _ in range(4):
        with start() as service:
            assert answer(service, post(service, "clip")).status_code == 200, "others pass a study that rests"
            service.kill()
    assert len(begun(tmp_path)) == 2
    with start() as service:
        assert httpx.get(f"{service.url}/report/{study_id}").status_code == 202


def begun(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "uploads").glob("study-*/begun"))


def test_a_key_finds_its_study_again_after_a_kill(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with start() as service:
        study_id = post(service, f"answer wait {gate}", **{"Idempotency-Key": "once"})
        wait_until(Path(f"{gate}.reached").exists, SECONDS)
        service.kill()
    with start() as service:
        assert post(service, f"answer wait {gate}", **{"Idempotency-Key": "once"}) == study_id
        gate.touch()
        assert answer(service, study_id).status_code == 200


def test_what_was_never_accepted_is_removed_and_lost_files_are_named(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with start() as service:
        study_id = post(service, f"answer wait {gate}")
        wait_until(Path(f"{gate}.reached").exists, SECONDS)
        service.kill()
    unaccepted = tmp_path / "uploads" / "study-unaccepted"
    unaccepted.mkdir()
    (unaccepted / "00001").write_bytes(b"half a clip")
    (record,) = (tmp_path / "uploads").glob("study-*/job.json")
    record.write_text("{")
    with start() as service:
        lost = answer(service, study_id)
        assert (lost.status_code, lost.json()["code"]) == (410, "interrupted")
        assert leftovers(tmp_path) == []


def test_sigterm_ends_within_its_drain_though_a_study_hangs(start: Start, tmp_path: Path) -> None:
    with start(drain_seconds=0.5) as service:
        study_id = post(service, f"answer wait {tmp_path / 'never'}")
        wait_until(Path(f"{tmp_path / 'never'}.reached").exists, SECONDS)
        begun = time.monotonic()
        service.send(signal.SIGTERM)
        assert service.wait(SECONDS) == 0
        assert time.monotonic() - begun < 20  # the drain, what closes the port, and a loaded machine
    (tmp_path / "never").touch()
    with start() as service:
        assert answer(service, study_id).status_code == 200


def test_a_second_service_on_the_folder_is_refused_by_whatever_name(
    start: Start, make_settings: MakeSettings, tmp_path: Path
) -> None:
    (tmp_path / "linked").symlink_to(tmp_path / "uploads")
    with start():
        for name in ("uploads", "linked"):
            with pytest.raises(StoreInUse, match="ECHOSCRIBE_UPLOAD_FOLDER"):
                UploadFolders(tmp_path / name)
        settings = make_settings(port=0, store=tmp_path / "other.sqlite3", upload_folder=tmp_path / "linked")
        second = ForkedService(settings, orderly_workings(), tmp_path / "log-2")
        try:
            assert second.wait(SECONDS) != 0
        finally:
            second.kill()
        assert "ECHOSCRIBE_UPLOAD_FOLDER" in (tmp_path / "log-2").read_text()


def test_vectors_are_for_their_reader_alone(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings: Settings = make_settings(port=0, embeddings=True)
    gate = tmp_path / "gate"
    with ForkedService.ready(settings, orderly_workings(), tmp_path / "log") as service:
        files = [("files", ("1", f"prepare wait {gate}".encode()))]
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{service.url}/embeddings", files=files, timeout=2.0)
        wait_until(Path(f"{gate}.reached").exists, SECONDS)
        service.kill()
    with ForkedService.ready(settings, orderly_workings(), tmp_path / "log") as service:
        assert service.events("study_resumed") == []
        assert leftovers(tmp_path) == []


def test_files_are_on_disk_before_the_study_is_accepted(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen from inside: every file, the record and both folders were synchronised before the row was written."""
    synced: list[str] = []
    sync, accept = os.fsync, ResultStore.accept

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def accepted(store: ResultStore, *given: Any) -> str:
        synced.append("row")
        return accept(store, *given)

    monkeypatch.setattr("os.fsync", watched)
    monkeypatch.setattr(ResultStore, "accept", accepted)
    with TestClient(create_app(make_settings(), invented_workings(InventedPipeline())), base_url=HOST) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        synced.clear()
        assert client.post("/report", files=FILES).status_code == 200
    before = synced[: synced.index("row")]
    assert {"00001", "00002", "job.json.part", "uploads"} <= set(before)
    assert any(name.startswith("study-") for name in before)
