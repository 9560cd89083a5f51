"""Seconds spent per stage of one request, on a monotonic clock."""

import time
from collections.abc import Iterator
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
