"""The store locked, full and away while studies are answered: no answer is dropped, and what is said is true."""

import errno
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.http.app import create_app
from tests.service.conftest import MakeSettings, Serve, uploads_left, wait_until
from tests.service.http.routes.test_erasing import store_file
from tests.service.http.routes.test_reports import FILES, app_of
from tests.service.invented import InventedPipeline, invented_workings
from tests.service.store.postgres_server import PostgresServer, postgres_server

ASYNC = {"Prefer": "respond-async"}
HOST = "http://localhost"
SECONDS = 60.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.store.sqlite._BUSY_SECONDS", 0.1)
    monkeypatch.setattr("service.study.durable.settling._RETRY_SECONDS", 0.05)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As a backup tool may hold it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def unkept(client: TestClient) -> int:
    return int(app_of(client).state.service.worker.unkept)


def test_an_answer_waits_in_memory_while_the_store_is_locked(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    study_id = client.post("/report", files=FILES, headers=ASYNC).json()["study_id"]
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(client.post, "/report", files=FILES)
        wait_until(lambda: app_of(client).state.service.worker.in_flight == 2)
        wait_until(lambda: len(app_of(client).state.service.live) == 2)
        with locked(store_file(client)):
            pipeline.gate.set()
            assert posted.result(SECONDS).status_code == 200, "who waits gets the answer"
            wait_until(lambda: unkept(client) == 2)
            assert client.get(f"/report/{study_id}").status_code == 200, "from memory"
            ready = client.get("/readyz")
            assert (ready.status_code, "2 answers wait" in ready.json()["reason"]) == (503, True)
            assert str(store_file(client)) in ready.json()["reason"]
            assert "echoscribe_outcomes_unkept 2.0" in client.get("/metrics").text
            refused = client.post("/report", files=FILES)
            assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
            assert uploads_left(app_of(client)) != [], "the files of both stay until the store has their answers"
    wait_until(lambda: unkept(client) == 0)
    wait_until(lambda: uploads_left(app_of(client)) == [])
    assert client.get("/readyz").status_code == 200
    assert client.get(f"/report/{study_id}").status_code == 200
    assert len(client.get("/phenotypes").json()["studies"]) == 2


def test_an_answer_that_was_not_kept_is_given_again_by_the_next_process(serve: Serve) -> None:
    with serve() as client:
        path = store_file(client)
        accept = app_of(client).state.intake.store.accept
        lock = threading.Event()

        def accept_and_lock(*given: object) -> str:
            known_as = str(accept(*given))
            lock.set()
            return known_as

        app_of(client).state.intake.store.accept = accept_and_lock
        holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        app_of(client).state.service.pipeline.gate.clear()
        study_id = client.post("/report", files=FILES, headers=ASYNC).json()["study_id"]
        assert lock.wait(SECONDS)
        holder.execute("BEGIN IMMEDIATE")
        app_of(client).state.service.pipeline.gate.set()
        wait_until(lambda: unkept(client) == 1)
    holder.close()
    with serve() as client:
        wait_until(lambda: client.get(f"/report/{study_id}").status_code == 200)
        wait_until(lambda: uploads_left(app_of(client)) == [])


def test_a_full_disk_while_the_record_is_written_is_a_507_and_leaves_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "job.json.part":
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as fake:
        fake.setattr("os.fsync", full)
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (507, "upload_folder_full")
    assert uploads_left(app_of(client)) == []
    assert client.post("/report", files=FILES).status_code == 200


def test_a_disk_that_fills_while_files_are_synchronised_is_a_507(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def full(handle: int) -> None:
        if "uploads" in str(Path(f"/proc/self/fd/{handle}").readlink()):  # the audit log lies elsewhere
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        sync(handle)

    with monkeypatch.context() as fake:
        fake.setattr("os.fsync", full)
        assert client.post("/report", files=FILES).status_code == 507
    assert uploads_left(app_of(client)) == []


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of that size; skipped where this process may not mount one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_uploads_and_keeps_every_answer(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = InventedPipeline()
    monkeypatch.setattr("service.study.conditions.LEAST_UPLOAD_BYTES", 0)  # the disk is smaller than what is asked for
    monkeypatch.setattr("service.study.conditions.LEAST_STORE_BYTES", 0)
    with small_disk(tmp_path / "disk", 4) as disk:
        settings = make_settings(store=disk / "s.sqlite3", upload_folder=disk / "uploads")
        with TestClient(create_app(settings, invented_workings(pipeline)), base_url=HOST) as client:
            wait_until(lambda: client.get("/readyz").status_code == 200)
            pipeline.gate.clear()
            study_id = client.post("/report", files=FILES, headers=ASYNC).json()["study_id"]
            filler = disk / "filler"
            with pytest.raises(OSError, match="No space left"):
                fill(filler)
            refused = client.post("/report", files=FILES)
            assert refused.status_code in {503, 507}, refused.text
            pipeline.gate.set()
            wait_until(lambda: unkept(client) == 1)
            assert client.get(f"/report/{study_id}").status_code == 200
            filler.unlink()
            wait_until(lambda: unkept(client) == 0, SECONDS)
            assert client.get(f"/report/{study_id}").status_code == 200
            assert client.post("/report", files=FILES).status_code == 200
            wait_until(lambda: uploads_left(app_of(client)) == [])  # they go once the store has it


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 4096)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        if isinstance(server, str):
            pytest.skip(server)
        yield server


def test_a_restart_of_postgresql_costs_no_answer(
    postgres: PostgresServer, make_settings: MakeSettings, pipeline: InventedPipeline
) -> None:
    with TestClient(
        create_app(make_settings(store=postgres.url()), invented_workings(pipeline)), base_url=HOST
    ) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        before = client.post("/report", files=FILES).json()
        pipeline.gate.clear()
        study_id = client.post("/report", files=FILES, headers=ASYNC).json()["study_id"]
        postgres.stop()
        pipeline.gate.set()
        wait_until(lambda: unkept(client) == 1, SECONDS)
        assert client.get(f"/report/{study_id}").status_code == 200, "from memory"
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert client.get(f"/report/{before['study_id']}").status_code == 503
        postgres.start()
        wait_until(lambda: unkept(client) == 0, SECONDS)
        assert client.get(f"/report/{before['study_id']}").json() == before
        assert client.post("/report", files=FILES).status_code == 200
        assert len(client.get("/phenotypes").json()["studies"]) == 3
        assert uploads_left(app_of(client)) == []


def test_two_services_on_one_postgresql_answer_for_each_other(
    postgres: PostgresServer, make_settings: MakeSettings, pipeline: InventedPipeline, tmp_path: Path
) -> None:
    url, other_pipeline = postgres.url(), InventedPipeline()
    first = create_app(make_settings(store=url), invented_workings(pipeline))
    second = create_app(make_settings(store=url, upload_folder=tmp_path / "2"), invented_workings(other_pipeline))
    with TestClient(first, base_url=HOST) as one, TestClient(second, base_url=HOST) as two:
        wait_until(lambda: one.get("/readyz").status_code == two.get("/readyz").status_code == 200)
        pipeline.gate.clear()
        key = ASYNC | {"Idempotency-Key": "once"}
        study_id = one.post("/report", files=FILES, headers=key).json()["study_id"]
        assert two.get(f"/report/{study_id}").status_code == 202, "open, and not interrupted"
        assert two.post("/report", files=FILES, headers=key).json()["study_id"] == study_id
        with ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(two.post, "/report", files=FILES, headers={"Idempotency-Key": "once"})
            events = pool.submit(two.get, f"/report/{study_id}/events")
            pipeline.gate.set()
            assert waiting.result(SECONDS).json()["study_id"] == study_id
            assert "event: complete" in events.result(SECONDS).text
        assert two.delete(f"/report/{study_id}").status_code == 204
        assert one.get(f"/report/{study_id}").status_code == 404
