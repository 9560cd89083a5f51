"""Work done side by side, in threads: decoders and kernels leave the interpreter's lock alone while they work."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields the items in order, so many at a time; the last batch may be smaller."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], pool: ThreadPoolExecutor, threads: int
) -> Generator[Result, None, None]:
    """Yields `work` of each item, in order; only one more than `threads` are under way, so that memory stays bounded.

    What the work raises is raised where its result would come. Closing waits for what has begun, so that nothing goes
    on after the caller has left. pool: may serve others too; never the pool whose thread iterates, it would wait for
    itself.
    """
    under_way: deque[Future[Result]] = deque()
    try:
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        wait([future for future in under_way if not future.cancel()])


class SparePools:
    """Pools of so many threads each, one for each caller at a time; what one has left, the next one gets.

    So a caller whose work hangs keeps no thread from the others.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads, self._name = threads, name
        self._spare: deque[ThreadPoolExecutor] = deque()

    def run(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
        """Yields `work` of each item as `in_threads` does, in a pool of its own."""
        with self._one() as pool, closing(in_threads(work, items, pool, self._threads)) as results:
            yield from results

    @contextmanager
    def _one(self) -> Iterator[ThreadPoolExecutor]:
        """A pool that nobody else uses meanwhile."""
        try:
            pool = self._spare.pop()
        except IndexError:
            pool = ThreadPoolExecutor(self._threads, self._name)
        try:
            yield pool
        finally:
            self._spare.append(pool)
