"""The next batch is made while the network learns from the one before."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

Batch = TypeVar("Batch")


class MadeAhead(Generic[Batch]):
    """Batches by their number, each followed by the next one in another thread. make: number → batch."""

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(1, "batches")
        self._ahead: tuple[int, Future[Batch]] | None = None

    def at(self, number: int) -> Batch:
        """The batch of that number; begins the next one."""
        known = self._ahead is not None and self._ahead[0] == number
        batch = self._ahead[1] if known and self._ahead is not None else self._pool.submit(self._make, number)
        self._ahead = number + 1, self._pool.submit(self._make, number + 1)
        return batch.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
