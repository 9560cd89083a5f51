"""Uploads that come in at once: how many there may be, how fast each must be, and which one goes when all are taken."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from service.errors import QueueFull

_PRESSURE: Final = 16  # so many times the least rate is asked of an upload when another waits for its place
_FIRST_LOOK_SECONDS: Final = 1.0  # before that a rate says nothing
_SMOOTHING: Final = 0.3  # weight of the newest upload in the running mean of seconds


def nothing() -> None:
    """Before its reader has said how to stop it, and after."""


@dataclass(eq=False)
class UploadPlace:
    """One upload while it comes in. Time that we take to write does not count against its client."""

    client: str | None
    bytes_per_second: float
    received_bytes: int = 0
    stop: Callable[[], None] = nothing
    is_stopped: bool = False
    _waited_seconds: float = 0.0
    _waiting_since: float | None = None

    def wait(self) -> None:
        """The next piece is waited for from now on."""
        self._waiting_since = time.monotonic()

    def take(self, size: int) -> None:
        """A piece has come."""
        self._waited_seconds, self._waiting_since = self.waited_seconds, None
        self.received_bytes += size

    @property
    def waited_seconds(self) -> float:
        """Seconds that were spent waiting for the client."""
        since = self._waiting_since
        return self._waited_seconds + (0.0 if since is None else time.monotonic() - since)

    def patience_seconds(self, idle_seconds: float) -> float:
        """How long the next piece may take: no longer than an idle client, nor until the rate falls under the least."""
        if not self.bytes_per_second:
            return idle_seconds
        allowed = max(idle_seconds, self.received_bytes / self.bytes_per_second)
        return max(0.0, min(idle_seconds, allowed - self.waited_seconds))

    def rate(self) -> float | None:
        """Bytes in a second of waiting; None while it is too young to tell."""
        seconds = self.waited_seconds
        return self.received_bytes / seconds if seconds >= _FIRST_LOOK_SECONDS else None


@dataclass
class UploadPlaces:
    """The uploads that come in now. of_one: most of one client; bytes_per_second: the least rate, 0 for none."""

    total: int = 32
    of_one: int = 32
    bytes_per_second: float = 0.0
    _now: dict[UploadPlace, None] = field(default_factory=dict)
    _mean_seconds: float = 1.0

    def __len__(self) -> int:
        return len(self._now)

    @contextmanager
    def place(self, client: str | None) -> Iterator[UploadPlace]:
        """A place while one upload comes in; where all are taken, the slowest goes. Raises QueueFull."""
        own = [each for each in self._now if each.client == client]
        if client is not None and len(own) >= self.of_one:
            self._make_room(own, self.of_one)
        elif len(self._now) >= self.total:
            self._make_room(list(self._now), self.total)
        place = UploadPlace(client, self.bytes_per_second)
        self._now[place] = None
        started = time.monotonic()
        try:
            yield place
            self._mean_seconds += _SMOOTHING * (time.monotonic() - started - self._mean_seconds)
        finally:
            self._now.pop(place, None)

    def _make_room(self, uploads: list[UploadPlace], limit: int) -> None:
        rates = ((rate, place) for place in uploads if (rate := place.rate()) is not None)
        rate, slowest = min(rates, key=lambda each: each[0], default=(None, None))
        if slowest is None or rate is None or rate >= self.bytes_per_second * _PRESSURE:
            text = f"{limit} uploads are coming in already"
            raise QueueFull(text, limit=limit, retry_after_seconds=max(1, ceil(self._mean_seconds)))
        del self._now[slowest]
        slowest.is_stopped = True
        slowest.stop()
