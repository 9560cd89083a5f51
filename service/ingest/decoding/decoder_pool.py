"""The decoders of this process: a few are kept warm, each is lent for one file at a time, the ended are replaced."""

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from service.errors import NotReady
from service.ingest.decoding.channel import Channel, ChannelClosed
from service.ingest.decoding.decoder_process import DecoderProcess
from service.ingest.decoding.native_lines import NativeLines
from service.telemetry import log_event

DECODERS: Final = min(4, os.cpu_count() or 1)  # at once; as many clips of a study are read side by side
_MOST_SLOW: Final = 2 * DECODERS  # beside those, of files that take long
_START_SECONDS: Final = 60.0  # to import the libraries on a loaded machine
_ANSWER_SECONDS: Final = 10.0  # to fork, or to say how a decoder ended
_RETRY_SECONDS: Final = 5
_LOOK_SECONDS: Final = 0.05
_TASKS: Final = 500  # after which a decoder is replaced, whatever its libraries may have lost
_SWOLLEN_SHARE: Final = 0.5  # of its memory; a decoder that keeps more is replaced
_PROGRAM: Final = "from service.ingest.decoding.fork_server import main; main()"
# Variables that a decoder gets to see: where programs and libraries lie, language and time zone. No secret is in them.
_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "PYTHONHOME", "SYSTEMROOT")


class DecoderPool:
    """Lends decoders; safe in many threads.

    trouble: why none can be had, None while they can. network_is_cut: whether they are in a network without devices.
    """

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.network_is_cut: bool | None = None
        self._changed = threading.Condition()
        self._idle: list[DecoderProcess] = []
        self._lent = self._slow = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._control: Channel | None = None
        self._forking = threading.Lock()

    @property
    def server_number(self) -> int | None:
        """Number of the process that decoders are forked from; None while there is none."""
        return None if self._server is None else self._server.pid

    @contextmanager
    def lent(self, memory_bytes: int, cancelled: Callable[[], None]) -> Iterator["Loan"]:
        """A decoder for one task. Raises NotReady where none can be started, and what `cancelled` raises."""
        with self._changed:
            while self._lent >= DECODERS:
                self._changed.wait(_LOOK_SECONDS)
                cancelled()
            self._lent += 1
        loan = Loan(self)
        try:
            loan.decoder = self._take(memory_bytes)
            yield loan
        finally:
            self._return(loan)

    def _take(self, memory_bytes: int) -> DecoderProcess:
        """An idle decoder with that limit, or a new one."""
        while True:
            with self._changed:
                decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                return self._fork(memory_bytes)
            if decoder.memory_bytes == memory_bytes and decoder.is_alive:
                return decoder
            decoder.kill()

    def _return(self, loan: "Loan") -> None:
        decoder = loan.decoder
        worn = decoder is not None and (
            loan.is_slow
            or not decoder.is_alive
            or decoder.tasks >= _TASKS
            or decoder.own_bytes() > _SWOLLEN_SHARE * decoder.memory_bytes
        )
        if decoder is not None and worn:
            decoder.kill()
        with self._changed:
            if loan.is_slow:
                self._slow -= 1
            else:
                self._lent -= 1
            if decoder is not None and not worn:
                self._idle.append(decoder)
            self._changed.notify()

    def let_slow_pass(self, loan: "Loan") -> bool:
        """Has a decoder whose file takes long go on at low priority and lets another begin; whether that is done."""
        with self._changed:
            if self._slow >= _MOST_SLOW:
                return False
            self._slow, self._lent, loan.is_slow = self._slow + 1, self._lent - 1, True
            self._changed.notify()
        if loan.decoder is not None:
            loan.decoder.lower_priority()
        return True

    def start(self) -> None:
        """Starts the process that decoders are forked from, in the background."""
        with self._forking:
            self._started()

    def wait_until_ready(self) -> None:
        """Waits until a decoder can be had. Raises NotReady."""
        with self._forking:
            self._ready()

    def close(self) -> None:
        """Ends every decoder that is idle, and their server; what is lent ends with it."""
        with self._changed:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.kill()
        with self._forking:
            self._stop_server()

    def abandon(self) -> None:
        """Closes this side of everything and ends nothing: for a forked copy of this process."""
        for decoder in self._idle:
            decoder.abandon()
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.returncode = 0

    def _fork(self, memory_bytes: int) -> DecoderProcess:
        with self._forking:
            control = self._ready()
            try:
                answer = self._asked(control, {"fork": memory_bytes})
                process, channel = control.files.pop(), control.files.pop()
                return DecoderProcess(answer["pid"], memory_bytes, socket.socket(fileno=channel), process, self._reap)
            except (ChannelClosed, LookupError, OSError) as fault:
                self._stop_server()
                raise self._unavailable(f"a decoder could not be started ({type(fault).__name__})") from None

    def _reap(self, number: int) -> int | None:
        """The wait status of a decoder that was killed; None where its server is gone."""
        with self._forking:
            if self._control is None:
                return None
            try:
                status = self._asked(self._control, {"reap": number}).get("status")
            except ChannelClosed:
                self._stop_server()
                return None
        return status if isinstance(status, int) else None

    def _asked(self, control: Channel, message: dict[str, Any]) -> dict[str, Any]:
        control.send(message)
        return _received(control, _ANSWER_SECONDS)

    def _started(self) -> Channel:
        """The server's channel; call it holding the lock. The server may not be ready yet."""
        if self._server is not None and self._server.poll() is not None:
            log_event("decoders_ended", level=40, status=self._server.returncode)
            self._stop_server()
        if self._control is None:
            ours, its = socket.socketpair()
            self._control, self.network_is_cut = Channel(ours), None
            with its:
                self._server = _start_server(its)
        return self._control

    def _ready(self) -> Channel:
        """The channel of a server that is ready; call it holding the lock. Raises NotReady."""
        for attempt in (1, 2):
            try:
                control = self._started()
                if self.network_is_cut is None:
                    self.network_is_cut = bool(_received(control, _START_SECONDS).get("network_is_cut"))
                    log_event("decoders_started", network_is_cut=self.network_is_cut)
                self.trouble = None
                return control
            except (ChannelClosed, OSError) as fault:
                self._stop_server()
                if attempt == 2:
                    raise self._unavailable(f"decoders cannot be started ({type(fault).__name__})") from None
        raise AssertionError("unreachable")

    def _unavailable(self, text: str) -> NotReady:
        """Notes and logs the trouble. It is tried again unasked: a service that is not ready is asked for nothing."""
        if self.trouble is None:
            log_event("decoders_unavailable", level=40, message=text)
        self.trouble = text
        again = threading.Timer(_RETRY_SECONDS, self._retry)
        again.daemon = True
        again.start()
        return NotReady(text, retry_after_seconds=_RETRY_SECONDS)

    def _retry(self) -> None:
        if self.trouble is not None:
            with suppress(NotReady):
                self.wait_until_ready()

    def _stop_server(self) -> None:
        """Ends the server and with it every decoder; call it holding the lock."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


class Loan:
    """A decoder that is lent. is_slow: it no longer keeps others from beginning."""

    def __init__(self, pool: DecoderPool) -> None:
        self._pool = pool
        self.decoder: DecoderProcess | None = None
        self.is_slow = False

    def let_others_pass(self) -> bool:
        """See `DecoderPool.let_slow_pass`."""
        return self._pool.let_slow_pass(self)


def _received(control: Channel, seconds: float) -> dict[str, Any]:
    """The server's next message. Raises ChannelClosed where it does not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        if (message := control.receive()) is not None:
            return message
        if not control.wait(deadline - time.monotonic()):
            raise ChannelClosed


def _start_server(end: socket.socket) -> subprocess.Popen[bytes]:
    """Starts the server with its end of the socket, one of a pipe to print into, and nothing else of this process."""
    printed = NativeLines().listen()
    try:
        return _server_process(end, printed)
    finally:
        os.close(printed)


def _server_process(end: socket.socket, printed: int) -> subprocess.Popen[bytes]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    found = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    return subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
        [sys.executable, "-P", "-W", "ignore", "-c", _PROGRAM, str(end.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=printed,
        pass_fds=(end.fileno(),),
        cwd="/",
        env={**passed_on, "PYTHONPATH": found, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )


_pool = DecoderPool()


def decoder_pool() -> DecoderPool:
    """The decoders of this process."""
    return _pool


def _forget() -> None:
    """A forked copy of this process has none of its decoders, whose sockets would otherwise be used by two."""
    global _pool  # noqa: PLW0603 - a process has one pool
    _pool.abandon()
    _pool = DecoderPool()


os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _pool.close())  # noqa: PLW0108 - the pool that there is at the end
