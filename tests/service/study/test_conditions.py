"""What the machine lacks is said by readiness and by the answer to a post, with cause, path and setting."""

import errno
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.study import conditions
from tests.service.conftest import Serve

FILES = [("files", ("a", b"clip"))]


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "_KEPT_SECONDS", 0.0)


def reason(client: TestClient) -> str:
    ready = client.get("/readyz")
    assert ready.status_code == 503
    return str(ready.json()["reason"])


def of_free(folder: Path, free_bytes: int) -> Any:
    """A disk that is full below one folder."""
    real = shutil.disk_usage

    def usage(place: Path) -> Any:
        found = real(place)
        return found._replace(free=free_bytes) if Path(place).is_relative_to(folder) else found

    return usage


@pytest.mark.parametrize(
    ("folder", "what", "setting"),
    [("uploads", "upload folder", "ECHOSCRIBE_UPLOAD_FOLDER"), ("store", "store", "ECHOSCRIBE_STORE")],
)
def test_a_full_disk(
    folder: str, what: str, setting: str, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as client:
        monkeypatch.setattr("service.study.conditions.shutil.disk_usage", of_free(tmp_path / folder, 3 << 20))
        said = reason(client)
        assert said.startswith(f"{what} {tmp_path / folder}")
        assert "no space is left on its disk (3 MiB free" in said
        assert setting in said
        monkeypatch.undo()
        monkeypatch.setattr(conditions, "_KEPT_SECONDS", 0.0)
        assert client.get("/readyz").status_code == 200


def test_an_upload_folder_that_vanished(serve: Serve, tmp_path: Path) -> None:
    with serve() as client:
        shutil.rmtree(tmp_path / "uploads")
        assert "it is not there (ECHOSCRIBE_UPLOAD_FOLDER)" in reason(client)
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "uploads_unusable")
        assert f"upload folder {tmp_path / 'uploads'}" in refused.json()["detail"]
        assert "it is not there (ECHOSCRIBE_UPLOAD_FOLDER)" in refused.json()["detail"]
        assert refused.headers["retry-after"] == "10"


@pytest.mark.parametrize(
    ("number", "status", "code", "said"),
    [
        (errno.ENOSPC, 507, "upload_folder_full", "no space is left on its disk"),
        (errno.EMFILE, 503, "uploads_unusable", "no file descriptors left"),
        (errno.EROFS, 503, "uploads_unusable", "read-only"),
    ],
)
def test_an_upload_that_cannot_be_kept(
    number: int, status: int, code: str, said: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, "x")

    with serve() as client:
        monkeypatch.setattr(tempfile, "mkdtemp", refuse)
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert said in refused.json()["detail"]


def test_few_descriptors(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as client:
        used = conditions.open_descriptors()
        monkeypatch.setattr("service.study.conditions.resource.getrlimit", lambda _: (used + 20, used + 20))
        assert "are in use; raise the limit of this process (ulimit -n)" in reason(client)


def test_a_store_that_is_damaged_while_it_is_used(serve: Serve, tmp_path: Path, log: io.StringIO) -> None:
    with serve() as client:
        path = tmp_path / "store" / "results.sqlite3"
        study = client.post("/report", files=FILES).json()["study_id"]
        for damaged in (path, path.with_name(path.name + "-wal")):
            damaged.write_bytes(b"\xff" * max(8192, damaged.stat().st_size))
        for file in path.parent.glob("*-shm"):
            file.write_bytes(bytes(file.stat().st_size))
        answer = client.get(f"/report/{study}")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert f"store {path}: " in answer.json()["detail"]
        assert "ECHOSCRIBE_STORE" in answer.json()["detail"]
        assert f"store {path}: " in reason(client)
    assert "Traceback" not in log.getvalue()
