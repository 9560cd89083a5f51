"""Fetches the next item of an iterable while the present one is worked on."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")

_END: Final = object()


def read_ahead(items: Iterable[Item], count: int = 1) -> Generator[Item, None, None]:
    """Yields the items in order; up to `count` more are fetched in a thread meanwhile, and wait in memory.

    What fetching raises is raised where its item would come. Closing waits for the fetch under way, so that nothing
    reads on after the caller has left.
    """
    stream = iter(items)
    ahead: deque[Future[object]] = deque()
    with ThreadPoolExecutor(1, "reader") as reader:
        for _ in range(count):
            ahead.append(reader.submit(next, stream, _END))
        try:
            while (item := ahead.popleft().result()) is not _END:
                ahead.append(reader.submit(next, stream, _END))
                yield item  # type: ignore[misc]  # anything but the end is an item
        finally:
            for fetch in ahead:
                fetch.cancel()
