"""uvicorn's HTTP protocol with bounds on what comes before a request can be judged.

uvicorn and httptools bound neither the bytes of a head nor its time, and who sends nothing keeps his connection.
"""

import asyncio
from typing import Final, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.http.connections import ConnectionLimits, Connections
from service.problem import MEDIA_TYPE, Problem
from service.telemetry import log_event

_MOST_HEADERS: Final = 100  # Apache's LimitRequestFields
_MOST_PIPELINED: Final = 16  # requests on one connection that wait for the one before them
_PIECE_BYTES: Final = 4096  # of a head, between looks at its size
_BUSY_RETRY_SECONDS: Final = 1  # a connection lives for milliseconds; only uploads and events are longer


class BoundedConfig(uvicorn.Config):
    """uvicorn's settings, and the connections of this server."""

    connections: Connections

    @classmethod
    def of(cls, limits: ConnectionLimits, app: object, **settings: object) -> "BoundedConfig":
        """Settings of a server within limits."""
        config = cls(app, http=BoundedProtocol, proxy_headers=False, **settings)  # type: ignore[arg-type]  # passed on as given
        config.connections = Connections(limits)
        return config


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Bytes that bring neither head nor body to an end or further are counted, and end it."""

    address = ""
    is_waiting = True
    _deadline: asyncio.TimerHandle | None = None
    _progress = _idle_bytes = 0
    _in_head = True

    @property
    def _open(self) -> Connections:
        return cast("BoundedConfig", self.config).connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Takes its place among the connections, or says that there is none."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self._open.admit(self):
            self._await_head()
        else:
            self._refuse(503, "more connections are open than may be", retry_after_seconds=_BUSY_RETRY_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        self._open.remove(self)
        self._stop_waiting_for_head()
        super().connection_lost(exc)

    def end(self) -> None:
        """Closes it for another one."""
        self._open.remove(self)
        log_event("connection_ended_for_another", level=10)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Takes bytes, of a head in pieces."""
        if self.is_waiting and self._deadline is None:
            self._await_head()
        while data and self.parser is not None and not self.transport.is_closing():
            size = _PIECE_BYTES if self._in_head else len(data)
            piece, data = data[:size], data[size:]
            before = self._progress
            super().data_received(piece)
            self._idle_bytes = 0 if self._progress != before else self._idle_bytes + len(piece)
            if self._idle_bytes > self._open.limits.head_bytes:
                limit = self._open.limits.head_bytes
                self._refuse(431, f"the head of the request is longer than {limit} bytes", limit=limit)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header, or a trailer."""
        super().on_header(name, value)
        if len(self.headers) > _MOST_HEADERS and not self.transport.is_closing():
            self._refuse(431, f"the request has more than {_MOST_HEADERS} headers", limit=_MOST_HEADERS)

    def on_headers_complete(self) -> None:
        """Hands the request on."""
        if self.transport.is_closing():
            return  # its head was refused
        self._progress += 1
        self._in_head = self.is_waiting = False
        self._stop_waiting_for_head()
        if len(self.pipeline) >= _MOST_PIPELINED:
            self._refuse(400, f"more than {_MOST_PIPELINED} requests wait on one connection", limit=_MOST_PIPELINED)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Takes bytes of a body, unless nobody asks for them any more."""
        if not self.transport.is_closing():
            self._progress += not self.cycle.response_complete
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Takes the end of a request."""
        if not self.transport.is_closing():
            self._progress += 1
            self._in_head = True
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begins to wait for another request."""
        super().on_response_complete()
        self.is_waiting = not self.pipeline and self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP."""
        self._refuse(400, "the request is no valid HTTP" if msg else "")

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self._open.limits.head_seconds, self._late)

    def _stop_waiting_for_head(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        limit = self._open.limits.head_seconds
        if not self.transport.is_closing():
            self._refuse(408, f"the head of the request did not come within {limit:g} s", limit=limit)

    def _refuse(self, status: int, text: str, **members: float) -> None:
        """Answers and closes; where an answer has begun, or a body is not over, it only closes."""
        self._stop_waiting_for_head()
        if not self._in_head or (self.cycle is not None and not self.cycle.response_complete):
            self.transport.close()
            return
        problem = Problem.of_status(status, text).model_copy(update=members)
        body = problem.body()
        retry = problem.retry_after_seconds
        lines = [
            STATUS_LINE[status],
            b"content-type: %b\r\ncontent-length: %d\r\n" % (MEDIA_TYPE.encode(), len(body)),
            b"cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n",
            b"" if retry is None else b"retry-after: %d\r\n" % retry,
            b"\r\n",
            body,
        ]
        self.transport.write(b"".join(lines))
        self.transport.close()
        log_event("connection_refused", status=status)
