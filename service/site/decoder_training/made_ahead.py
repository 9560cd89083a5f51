"""The next batch is made while the network learns from the one before."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def made_ahead(at: Callable[[int], Batch], step: int) -> Iterator[Batch]:
    """Batches without end from number `step` on, one made ahead. at: batch number → batch."""
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(at, step)
        while True:
            ready, step = ahead, step + 1
            ahead = pool.submit(at, step)
            yield ready.result()
