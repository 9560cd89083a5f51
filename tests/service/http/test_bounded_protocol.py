"""Bytes of any kind into one connection: no exception, bounded memory, and an answer that is HTTP or none."""

import asyncio
from collections.abc import Awaitable, Callable
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.http.bounded_protocol import BoundedConfig, BoundedProtocol
from service.http.connections import ConnectionLimits, Connections

LIMITS = ConnectionLimits(total=10, per_address=5, head_bytes=8192, head_seconds=60)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        super().__init__({"peername": (address, 1), "sockname": ("127.0.0.1", 80), "socket": None, "sslcontext": None})
        self.written, self.closed = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    while (message := await receive()).get("more_body"):
        assert message["type"] == "http.request"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def config() -> BoundedConfig:
    made = BoundedConfig.of(LIMITS, answer, log_config=None, lifespan="off")
    made.load()
    return made


def connected(made: BoundedConfig, address: str = "10.0.0.1") -> tuple[BoundedProtocol, Wire]:
    protocol, wire = BoundedProtocol(made, ServerState(), {}, asyncio.get_running_loop()), Wire(address)
    protocol.connection_made(wire)
    return protocol, wire


def run(talk: Callable[[BoundedConfig], Awaitable[None]]) -> None:
    async def main() -> None:
        await talk(config())

    asyncio.run(main())


async def feed(protocol: BoundedProtocol, wire: Wire, pieces: list[bytes]) -> None:
    for piece in pieces:
        if wire.closed:
            break
        protocol.data_received(piece)
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    await asyncio.sleep(0)


LINES = st.sampled_from(
    [b"GET / HTTP/1.1\r\n", b"POST /report HTTP/1.1\r\n", b"HEAD / HTTP/1.0\r\n", b"Host: a\r\n", b"Host: b\r\n",
     b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
     b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n",
     b"Connection: upgrade\r\nUpgrade: websocket\r\n",
     b"Expect: 100-continue\r\n", b"X: " + b"y" * 3000 + b"\r\n", b"\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello",
     b"A: b\r\n" * 60, b"\x16\x03\x01\x02", b"GET http://[ HTTP/1.1\r\n", b"GET //%zz? HTTP/1.1\r\n", b"\n", b"\0"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(parts=st.lists(st.one_of(LINES, st.binary(max_size=40)), max_size=30), size=st.integers(1, 9000))
def test_no_bytes_raise_or_are_answered_with_anything_but_http(parts: list[bytes], size: int) -> None:
    whole = b"".join(parts)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

    async def talk(made: BoundedConfig) -> None:
        protocol, wire = connected(made)
        await feed(protocol, wire, pieces)
        assert wire.written[:9] in {b"", b"HTTP/1.1 "}
        assert b" 500 " not in wire.written.split(b"\r\n")[0]
        assert len(made.connections) == 0

    run(talk)


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"\r\n", 204),
        (HEAD + b"X: " + b"y" * 6000 + b"\r\n\r\n", 204),
        (HEAD + b"X: " + b"y" * 14000, 431),
        (HEAD + b"X: y\r\n" * 99 + b"\r\n", 204),
        (HEAD + b"X: y\r\n" * 101 + b"\r\n", 431),
        (b"\r\n" * 8000, 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
@pytest.mark.parametrize("size", [1000, 100_000])
def test_a_head_is_bounded_however_it_comes(sent: bytes, status: int, size: int) -> None:
    async def talk(made: BoundedConfig) -> None:
        protocol, wire = connected(made)
        await feed(protocol, wire, [sent[at : at + size] for at in range(0, len(sent), size)])
        assert wire.written.startswith(b"HTTP/1.1 %d " % status), wire.written[:80]
        if status != 204:
            assert wire.closed
            assert b"application/problem+json" in wire.written

    run(talk)


def test_who_is_refused_for_his_headers_gets_one_answer() -> None:
    async def talk(made: BoundedConfig) -> None:
        protocol, wire = connected(made)
        await feed(protocol, wire, [HEAD + b"A: b\r\n" * 200 + b"\r\n" + HEAD + b"\r\n"])
        assert wire.written.count(b"HTTP/1.1 ") == 1

    run(talk)


def test_a_body_that_goes_on_after_its_answer_ends_the_connection_and_is_not_answered_again() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def talk(made: BoundedConfig) -> None:
        made.loaded_app = refuse
        protocol, wire = connected(made)
        await feed(
            protocol, wire, [b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n", *[b"y" * 5000] * 9]
        )
        assert wire.written.count(b"HTTP/1.1 ") == 1
        assert wire.closed

    run(talk)


def test_a_large_body_is_no_head() -> None:
    async def talk(made: BoundedConfig) -> None:
        protocol, wire = connected(made)
        begin = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        await feed(protocol, wire, [begin + b"y" * 50_000, *[b"y" * 50_000] * 19])
        assert wire.written.startswith(b"HTTP/1.1 204")

    run(talk)


def test_the_oldest_that_waits_goes_for_a_new_one_and_who_is_served_stays() -> None:
    async def talk(made: BoundedConfig) -> None:
        served, served_wire = connected(made)
        served.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        wires = [connected(made)[1] for _ in range(6)]
        assert [wire.closed for wire in wires] == [True, True, False, False, False, False]
        assert not served_wire.closed
        others = [connected(made, f"10.0.1.{number}")[1] for number in range(6)]
        assert [wire.closed for wire in wires].count(True) == 3  # the address with most connections makes room
        assert not any(wire.closed for wire in others)
        assert len(made.connections) == 10

    run(talk)


def test_where_nobody_waits_a_new_one_is_told_when_to_come_back() -> None:
    async def talk(made: BoundedConfig) -> None:
        for _ in range(5):
            protocol, _ = connected(made)
            protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        _, wire = connected(made)
        assert wire.written.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in wire.written
        assert wire.closed

    run(talk)


def test_connections_forget_those_that_are_gone() -> None:
    connections = Connections(LIMITS)
    one = Mock(address="a", is_waiting=True)
    assert connections.admit(one)
    connections.remove(one)
    connections.remove(one)
    assert len(connections) == 0
