"""The container's health check against ready, unready and absent services."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service.http.healthcheck import ready


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_health_is_readiness(status: int, expected: bool) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/readyz"
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert ready("0.0.0.0", server.server_port) is expected
        thread.join(5)


def test_nobody_there_is_not_ready() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not ready("127.0.0.1", probe.getsockname()[1])
