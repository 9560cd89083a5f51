"""Around every request: an id, a count, a time, a problem for what nobody caught, a calm end of refused uploads."""

import asyncio
import logging
import re
import time
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problem_handlers import problem_response
from service.http.safe_headers import protect
from service.problem import Problem
from service.telemetry import Metrics, log_event, request_scope

_LINGER_SECONDS: Final = 5.0  # as nginx's lingering_timeout
_LINGER_BYTES: Final = 64 << 20
_MOST_LINGERING: Final = 32  # connections; beyond that a refused client may miss why, and costs nothing
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNMATCHED: Final = "unmatched"
_PROBES: Final = {"/livez", "/readyz", "/metrics"}  # asked every few seconds; they would bury the rest of the log
_CLIENT_GONE: Final = 499  # nginx: the client closed the connection before an answer was sent


class ObservedRequests:
    """Gives each request an id, counts and times it by route, and answers 500 for what no handler caught.

    A client's X-Request-ID is kept only when it is a UUID: anything else may name a patient. Paths are logged by
    their template for the same reason.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "").lower()
        request_id = given if _UUID.fullmatch(given) else str(uuid.uuid4())
        with request_scope(request_id):
            await self._observe(scope, receive, send, request_id)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), _CLIENT_GONE

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                protect(headers)
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:  # the outermost frame: what is none of our errors is our fault, and may quote a file
            log_event("request_failed", level=40, fault=error)
            if status == _CLIENT_GONE:
                await problem_response(Problem.of_status(500))(scope, receive, send_noting)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        method = scope["method"] if route != _UNMATCHED else "any"  # else a client could make labels without end
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        level = logging.DEBUG if route in _PROBES else logging.INFO
        log_event("request", level=level, route=route, method=method, status=status, seconds=round(seconds, 4))


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110 section 9.3.2), wherever there is a GET.

    The answer ends with its headers, so that HEAD on a stream of events does not stay open.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        inner = {**scope, "method": "GET"}  # a copy: the server keeps looking at the method of its own
        try:
            await self._app(inner, receive, send_headers)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # for the metrics


class LingeringRefusals:
    """Reads on for a moment when an answer is sent before the body was read.

    Closing at once would reset the connection, and a client in the middle of its upload could lose the answer that
    tells it why. The answer is complete for the client at once; the connection is closed a little later.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lingering = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body_read = False

        async def receive_noting() -> Message:
            nonlocal body_read
            message = await receive()
            body_read = body_read or message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def send_lingering(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            # Who waits for `100 Continue` has sent nothing yet, and reading would ask for it after the answer.
            waits_to_continue = "expect" in Headers(scope=scope)
            if last and not body_read and not waits_to_continue and self._lingering < _MOST_LINGERING:
                await send({**message, "more_body": True})
                await self._discard(receive_noting)
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await self._app(scope, receive_noting, send_lingering)

    async def _discard(self, receive: Receive) -> None:
        self._lingering += 1
        try:
            await _discard(receive)
        finally:
            self._lingering -= 1


async def _discard(receive: Receive) -> None:
    """Reads until the body ends, or its limits on time and bytes do."""
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
