"""Little sent, much asked for: trickles, endless heads and parts, half-open requests. Others are served meanwhile."""

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from scripts.local_service import ServiceProcess
from tests.service.http.test_serve import FILES, PART, answer_of, connect, head, invented_process

MOST_MORE_BYTES = 100 << 20
HALF_OPEN = 1500
SERVED_SECONDS = 60.0  # a quiet machine needs 0.02; on one with 16 waiting for 2 cores, 1,500 uploads took over 20
LIMITS = {"ECHOSCRIBE_HEADER_SECONDS": "20", "ECHOSCRIBE_UPLOAD_IDLE_SECONDS": "20"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < HALF_OPEN + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with invented_process(tmp_path_factory.mktemp("service"), 0.0, **LIMITS) as running:
        for _ in range(5):
            post(running)  # what is made once is made before memory is looked at
        yield running


def post(service: ServiceProcess) -> float:
    """Seconds until a good study is answered."""
    started = time.monotonic()
    for _ in range(20):
        answer = httpx.post(f"{service.url}/report", files=FILES, timeout=SERVED_SECONDS)
        if answer.status_code != 429:
            break
        time.sleep(int(answer.headers["retry-after"]))
    assert answer.status_code == 200, answer.text
    return time.monotonic() - started


def resident_bytes(service: ServiceProcess) -> int:
    text = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) << 10


@contextmanager
def others_are_served(service: ServiceProcess) -> Iterator[list[float]]:
    """Around an attack: memory stays within its bound, and good studies that are posted inside are timed."""
    before, peak = resident_bytes(service), [0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peak[0] = max(peak[0], resident_bytes(service))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    seconds: list[float] = []
    try:
        yield seconds
    finally:
        over.set()
        watcher.join(10)
    assert seconds
    assert max(seconds) < SERVED_SECONDS
    assert peak[0] - before <= MOST_MORE_BYTES, f"{(peak[0] - before) >> 20} MiB more"
    assert service.process.poll() is None


def trickle(sockets: list[socket.socket], over: threading.Event) -> None:
    while not over.wait(0.1):
        for each in sockets:
            with suppress(OSError):
                each.send(b"y")


@pytest.mark.parametrize("count", [8, 60])
def test_trickling_uploads_keep_nobody_out(service: ServiceProcess, count: int) -> None:
    over = threading.Event()
    with ExitStack() as stack, others_are_served(service) as seconds:
        sockets = [stack.enter_context(connect(service)) for _ in range(count)]
        for each in sockets:
            each.sendall(head(1_000_000) + PART)
        sender = threading.Thread(target=trickle, args=(sockets, over), daemon=True)
        sender.start()
        try:
            time.sleep(1.5)
            seconds += [post(service) for _ in range(3)]
        finally:
            over.set()
            sender.join(10)


def send_until_closed(service: ServiceProcess, begin: bytes, more: bytes, most_bytes: int) -> tuple[int, bytes]:
    """Bytes that were taken, and the answer, of a client that sends `more` again and again."""
    with connect(service) as client:
        client.sendall(begin)
        sent, answer = len(begin), b""
        with suppress(OSError):
            while sent < most_bytes:
                sent += client.send(more)
        with suppress(OSError):
            while piece := client.recv(65536):
                answer += piece
        return sent, answer


LINE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /report HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: "
CHUNKED += b"multipart/form-data; boundary=x\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (LINE, b"X-A: b\r\n" * 1000),
        (LINE + b"X-A: ", b"y" * 8000),
        (LINE, b"y" * 8000),
        (b"GET /", b"y" * 8000),
        (b"", b"\r\n" * 4000),
        (CHUNKED + b"1\r\ny\r\n0\r\n", b"X-Trailer: y\r\n" * 500),
        (CHUNKED + b"1;a=", b"y" * 8000),
    ],
    ids=["headers", "value", "name", "path", "empty lines", "trailers", "chunk extension"],
)
def test_endless_heads_end(service: ServiceProcess, begin: bytes, more: bytes) -> None:
    with others_are_served(service) as seconds:
        sent, answer = send_until_closed(service, begin, more, 64 << 20)
        seconds.append(post(service))
    assert sent < 32 << 20  # what the sockets of both sides hold, and a little more
    assert answer[:12] in {b"", b"HTTP/1.1 431", b"HTTP/1.1 400"}


EMPTY_INPUT = b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n'
NAMELESS = b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (EMPTY_INPUT, (413, "upload_too_large")),
        (NAMELESS, (400, "malformed_upload")),
        (b"--x\r\nX-A: b\r\n" + b"X-A: b\r\n" * 20, (400, "malformed_upload")),
        (b"--x\r\nX-A: " + b"y" * 10_000, (400, "malformed_upload")),
    ],
    ids=["empty inputs", "nameless", "headers of a part", "a long header of a part"],
)
def test_endless_parts_end(service: ServiceProcess, part: bytes, code: tuple[int, str]) -> None:
    with others_are_served(service) as seconds, connect(service) as client:
        client.sendall(head(1 << 30))
        with suppress(OSError):
            for _ in range(3000):
                client.send(part)
        assert answer_of(client) == code
        seconds.append(post(service))


def half_open_head(client: socket.socket) -> None:
    client.sendall(b"POST /report HTTP/1.1\r\nHost: local")


def half_open_body(client: socket.socket) -> None:
    client.sendall(head(100_000) + PART)


@pytest.mark.parametrize("begin", [lambda _: None, half_open_head, half_open_body], ids=["nothing", "head", "body"])
def test_half_open_requests_keep_nobody_out(service: ServiceProcess, begin: Callable[[socket.socket], None]) -> None:
    with ExitStack() as stack, others_are_served(service) as seconds:
        for number in range(HALF_OPEN):
            client = stack.enter_context(connect(service))
            with suppress(OSError):
                begin(client)
            if number % 500 == 499:
                seconds.append(post(service))


def test_a_head_that_does_not_come_is_a_408(tmp_path: Path) -> None:
    with invented_process(tmp_path, 0.0, ECHOSCRIBE_HEADER_SECONDS="0.5") as service:
        with connect(service) as client:
            assert answer_of(client) == (408, "request_timeout")
        with connect(service) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b"alive\n"):
                answer += client.recv(65536)
            client.sendall(b"GET /livez HTTP/1.1\r\n")  # another one on the same connection
            assert answer_of(client) == (408, "request_timeout")


def test_requests_on_one_connection_wait_in_a_short_line(service: ServiceProcess) -> None:
    with others_are_served(service) as seconds, connect(service) as client:
        client.sendall(head(100_000) + PART)
        time.sleep(0.2)
        with suppress(OSError):
            client.sendall(b"y" * (100_000 - len(PART)) + (LINE + b"\r\n") * 5000)
        seconds.append(post(service))
