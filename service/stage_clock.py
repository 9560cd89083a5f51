"""Seconds spent per stage of one request, on a monotonic clock."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class StageClock:
    """Adds up wall seconds by stage name; a stage may be entered many times."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block and adds it to `name`, also when the block raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def add(self, seconds: Mapping[str, float]) -> None:
        """Adds seconds that were taken elsewhere."""
        for name, more in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + more

    def shares_of(self, wall: float) -> dict[str, float]:
        """So many seconds, shared out as the stages share what was added up (they may have run side by side)."""
        total = sum(self.seconds.values())
        return {name: wall * seconds / total for name, seconds in self.seconds.items()} if total else {}
