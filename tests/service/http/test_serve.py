"""A real process on a real socket: cut-off and refused uploads, and how it ends on a signal."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from scripts.local_service import ServiceProcess
from tests.service.conftest import wait_until

FILES = [("files", ("a", b"clip"))]


@contextmanager
def invented_process(folder: Path, seconds: float, **settings: str) -> Iterator[ServiceProcess]:
    environment = os.environ | {
        "ECHOSCRIBE_PORT": "0",
        "ECHOSCRIBE_STORE": str(folder / "results.sqlite3"),
        "ECHOSCRIBE_UPLOAD_FOLDER": str(folder / "uploads"),
        "ECHOSCRIBE_NEIGHBOURS": "5",
        **settings,
    }
    command = [sys.executable, "-m", "tests.service.serve_invented", str(seconds)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[3]
    )
    service = ServiceProcess(process)
    try:
        service.wait_for("ready", 240)  # imports alone take minutes on a busy machine
        yield service
    finally:
        process.kill()
        process.wait(10)
        service.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServiceProcess, Path]]:
    folder = tmp_path_factory.mktemp("service")
    limits = {"ECHOSCRIBE_MAX_BODY_BYTES": str(64 << 20), "ECHOSCRIBE_UPLOAD_IDLE_SECONDS": "1"}
    with invented_process(folder, 0.0, **limits) as service:
        yield service, folder


def connect(service: ServiceProcess) -> socket.socket:
    event = service.wait_for("listening")
    return socket.create_connection((event["host"], event["port"]), timeout=20)


def answer_of(client: socket.socket) -> tuple[int, str]:
    """Status and problem code of the answer on a socket."""
    response = http.client.HTTPResponse(client)
    response.begin()
    return response.status, json.loads(response.read())["code"]


def uploads(folder: Path) -> list[Path]:
    return [path for path in (folder / "uploads").rglob("*") if path.is_file() and path.name != "owner"]


PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="JANE^DOE"\r\n\r\n'


def head(content_length: int) -> bytes:
    return (
        b"POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: %d\r\n\r\n" % content_length
    )


HEAD = head(100_000) + PART


def test_a_body_that_is_cut_off_leaves_nothing_and_the_service_stays(running: tuple[ServiceProcess, Path]) -> None:
    service, folder = running
    with connect(service) as client:
        client.sendall(HEAD + b"y" * 1000)
        wait_until(lambda: len(uploads(folder)) == 1)
    wait_until(lambda: uploads(folder) == [])
    assert httpx.post(f"{service.url}/report", files=FILES).status_code == 200
    assert 'reason="upload_cut_off"' in httpx.get(f"{service.url}/metrics").text


def test_a_body_that_stalls_is_a_408(running: tuple[ServiceProcess, Path]) -> None:
    service, folder = running
    with connect(service) as client:
        client.sendall(HEAD)
        assert answer_of(client) == (408, "upload_timeout")
    wait_until(lambda: uploads(folder) == [])


def test_a_refusal_reaches_a_client_that_is_still_sending(running: tuple[ServiceProcess, Path]) -> None:
    service, _ = running
    refusals = (
        (60 << 20, b"application/zip", (415, "unsupported_upload")),
        (80 << 20, b"multipart/form-data; boundary=x", (413, "upload_too_large")),
    )
    for size, kind, refusal in refusals:
        with connect(service) as client:
            client.sendall(b"POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + kind + b"\r\n")
            client.sendall(f"Content-Length: {size}\r\n\r\n".encode())
            sent = 0
            while sent < 20 << 20:  # an upload that looks for an answer only later
                sent += client.send(b"y" * 65536)
            assert answer_of(client) == refusal


def test_head_on_a_socket_ends_with_its_headers(running: tuple[ServiceProcess, Path]) -> None:
    service, _ = running
    with httpx.Client(base_url=service.url, timeout=5) as client:
        study_id = client.post("/report", files=FILES).json()["study_id"]
        for path in ("/livez", "/readyz", f"/report/{study_id}/events", "/livez"):
            head = client.head(path)  # on one connection: a body that was sent would spoil the next answer
            assert (head.status_code, head.content) == (200, b""), path


def test_who_waits_to_continue_is_refused_at_once(running: tuple[ServiceProcess, Path]) -> None:
    service, _ = running
    with connect(service) as client:
        client.sendall(
            b"POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert answer_of(client)[0] == 415


def test_sigterm_fails_readiness_first_and_ends_after_the_answer(tmp_path: Path) -> None:
    with invented_process(tmp_path, 1.5) as service, ThreadPoolExecutor(1) as pool:
        posted = pool.submit(httpx.post, f"{service.url}/report", files=FILES, timeout=30)
        service.wait_for("study_accepted")
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        ready = httpx.get(f"{service.url}/readyz")
        assert (ready.status_code, ready.json()["phase"]) == (503, "draining")
        refused = httpx.post(f"{service.url}/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "draining")
        assert posted.result(30).status_code == 200
        assert service.process.wait(20) == 0
        assert uploads(tmp_path) == []
    assert list((tmp_path / "uploads").iterdir()) == []


def test_the_drain_has_a_deadline_and_the_next_process_goes_on(tmp_path: Path) -> None:
    with invented_process(tmp_path, 60.0, ECHOSCRIBE_DRAIN_SECONDS="0.5") as service, ThreadPoolExecutor(2) as pool:
        posted = pool.submit(httpx.post, f"{service.url}/report", files=FILES, timeout=30)
        service.wait_for("study_accepted")
        accepted = httpx.post(f"{service.url}/report", files=FILES, headers={"Prefer": "respond-async"})
        service.process.send_signal(signal.SIGTERM)
        answer = posted.result(30)
        assert (answer.status_code, answer.json()["code"]) == (503, "draining")
        assert service.process.wait(20) == 0
    with invented_process(tmp_path, 60.0) as service, connect(service) as client:
        waiting = httpx.get(service.url + accepted.json()["report"])
        assert (waiting.status_code, waiting.json()["status"]) == (202, "processing")
        assert len([event for event in service.events if event["event"] == "study_resumed"]) == 2
        assert httpx.get(f"{service.url}/phenotypes").json()["studies"] == []
        client.sendall(HEAD + b"y" * 1000)
        wait_until(lambda: any(path.stat().st_size == 0 for path in uploads(tmp_path)))
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        assert service.process.poll() is None
        service.process.send_signal(signal.SIGTERM)  # the second one gives up at once
        assert service.process.wait(15) == 0
        assert len([path for path in uploads(tmp_path) if path.name == "job.json"]) == 2, "what was accepted stays"
        assert len({path.parent for path in uploads(tmp_path)}) == 2, "what was not accepted is gone"


def test_a_bundle_that_cannot_be_loaded_ends_the_process(tmp_path: Path) -> None:
    environment = os.environ | {
        "ECHOSCRIBE_BUNDLE": str(tmp_path / "nothing"),
        "ECHOSCRIBE_STORE": str(tmp_path / "s.sqlite3"),
        "ECHOSCRIBE_UPLOAD_FOLDER": str(tmp_path),
        "ECHOSCRIBE_PORT": "0",
        "ECHOSCRIBE_QUEUE_SISE": "9",
    }
    command = [
        sys.executable,
        "-c",
        "from service.http.serve import serve; from service.settings import Settings; serve(Settings())",
    ]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert '"event": "loading_failed"' in ended.stderr
    assert "nothing" in ended.stderr
    assert "ECHOSCRIBE_QUEUE_SISE" in ended.stderr
