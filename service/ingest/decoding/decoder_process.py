"""One decoder as this process sees it: asked, watched and, where it takes too much or nobody waits, killed."""

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.ingest.decoding.channel import Channel, ChannelClosed
from service.ingest.decoding.decoder import AskPlan, Request
from service.ingest.decoding.messages import Unbelievable
from service.ingest.decoding.named_objects import described
from service.ingest.decoding.shared_frames import LentBlocks
from service.ingest.decoding.tasks import Task

_LOOK_SECONDS: Final = 0.05  # between two looks at a decoder; what is cancelled stops that soon
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_LOW_PRIORITY: Final = 10


class DecoderGone(Exception):
    """It ended by itself, or says what no decoder says. status: as `wait` gives it, None where unknown.

    had_begun: it had taken the task; else the task has nothing to do with it.
    """

    def __init__(self, status: int | None, *, had_begun: bool) -> None:
        super().__init__(describe(status))
        self.status, self.had_begun = status, had_begun


class DecoderTooSlow(Exception):
    """It used up a limit of time, and was killed. what: which limit."""


@dataclass(frozen=True)
class Usage:
    """Seconds of processors and on the clock that a task took."""

    cpu_seconds: float
    seconds: float


@dataclass(frozen=True)
class Watch:
    """How long a task may take. cpu: True where that limit was of processors.

    cancelled: raises where nobody waits any more. slow: called once where the task takes long.
    """

    cpu_seconds: float
    seconds: float
    cancelled: Callable[[], None]
    slow_after_seconds: float
    slow: Callable[[], None]


class DecoderProcess:
    """A running decoder. reap: gives its wait status once it has ended."""

    def __init__(
        self, number: int, memory_bytes: int, channel: socket.socket, process: int, reap: Callable[[int], int | None]
    ) -> None:
        self.number, self.memory_bytes, self.tasks = number, memory_bytes, 0
        self._channel, self._process, self._reap = Channel(channel), process, reap
        self._blocks = LentBlocks()
        self._ended: tuple[int | None] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        if self._ended is not None:
            return False
        waiting = select.poll()
        waiting.register(self._process, select.POLLIN)
        return not waiting.poll(0)

    def own_bytes(self) -> int:
        """Memory that it may write and shares with nobody, as RLIMIT_DATA counts it; 0 where it has ended."""
        with suppress(OSError, IndexError, ValueError):
            return int(Path(f"/proc/{self.number}/statm").read_text().split()[5]) * _PAGE
        return 0

    def cpu_seconds(self) -> float:
        """Seconds of processors that all its threads have used; 0 where it has ended."""
        with suppress(OSError, IndexError, ValueError):
            values = Path(f"/proc/{self.number}/stat").read_text().rpartition(")")[2].split()
            return (int(values[11]) + int(values[12])) / _TICKS
        return 0.0

    def ask(self, task: Task, plan: Any, most_frame_bytes: int, watch: Watch) -> tuple[dict[str, Any], Usage]:
        """Its answer to a task, and what that took.

        Raises DecoderGone, DecoderTooSlow, what `watch.cancelled` raises, and what a plan raises; it is dead then.
        """
        started, cpu_before = time.monotonic(), self.cpu_seconds()
        self.tasks += 1
        self._blocks.most_bytes = most_frame_bytes
        asked_plan = AskPlan() if callable(plan) else plan
        had_begun = False
        request = described(Request(task, asked_plan, tuple(self._blocks.lent())))
        try:
            self._channel.send(request)
            while (message := self._next(watch, started, cpu_before)).keys() & {"begun", "memory", "plan"}:
                had_begun = True
                self._serve(message, plan)
        except (ChannelClosed, Unbelievable, TypeError, ValueError):
            raise DecoderGone(self.kill(), had_begun=had_begun) from None
        except BaseException:  # an interrupt too: a decoder in the middle of a task can't be asked for another one
            self.kill()
            raise
        self._blocks.forget(message.get("dropped"))
        return message, Usage(self.cpu_seconds() - cpu_before, time.monotonic() - started)

    def memory(self, number: int, offset: int, size: int) -> memoryview:
        """Bytes that it filled. Raises Unbelievable."""
        return self._blocks.lend(number, offset, size)

    def _next(self, watch: Watch, started: float, cpu_before: float) -> dict[str, Any]:
        """Its next message, waited for with an eye on the limits."""
        is_slow, next_look = False, time.monotonic() + _LOOK_SECONDS
        while True:
            if (message := self._channel.receive()) is not None:
                return message
            self._channel.wait(_LOOK_SECONDS)
            now = time.monotonic()
            if now < next_look:  # something has arrived, perhaps only a byte of it
                continue
            next_look, seconds = now + _LOOK_SECONDS, now - started
            watch.cancelled()
            if seconds > watch.seconds:
                raise DecoderTooSlow("seconds")
            if self.cpu_seconds() - cpu_before > watch.cpu_seconds:
                raise DecoderTooSlow("cpu_seconds")
            if seconds > watch.slow_after_seconds and not is_slow:
                is_slow = True
                watch.slow()

    def _serve(self, message: dict[str, Any], plan: Any) -> None:
        """Answers a question that it asks while it works."""
        if "plan" in message:
            self._channel.send(plan(*message["plan"]))
        if "memory" in message:
            self._blocks.forget(message.get("dropped"))
            number, descriptor = self._blocks.grant(message["memory"]) or (None, None)
            self._channel.send(number, () if descriptor is None else (descriptor,))
            if descriptor is not None:
                os.close(descriptor)

    def lower_priority(self) -> None:
        """Lets all its threads work when others have nothing to do."""
        with suppress(OSError):
            os.setpriority(os.PRIO_PGRP, self.number, _LOW_PRIORITY)

    def kill(self) -> int | None:
        """Ends it, whatever it does; its wait status. What it has filled stays readable."""
        if self._ended is None:
            with suppress(OSError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            os.close(self._process)
            self._channel.close()
            self._ended = (self._reap(self.number),)
        return self._ended[0]

    def abandon(self) -> None:
        """Closes this side of it without ending it."""
        os.close(self._process)
        self._channel.close()


def describe(status: int | None) -> str:
    """How a process ended, in words: the name of a signal, or its exit status."""
    if status is None:
        return "unknown"
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit status {os.waitstatus_to_exitcode(status)}"
