"""Frames decoded side by side: decoders leave the interpreter's lock alone while they work."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Encoded = TypeVar("Encoded")
Decoded = TypeVar("Decoded")

_MOST_THREADS = 8  # beyond, one thread that reads and converts is the limit


def in_threads(
    decode: Callable[[Encoded], Decoded], encoded: Iterable[Encoded], threads: int | None = None
) -> Generator[Decoded, None, None]:
    """Yields `decode` of each item, in order; only a few are under way, so that memory stays bounded.

    What decoding raises is raised where its item would come. threads: None takes as many as there are processors.
    """
    count = threads or min(_MOST_THREADS, os.cpu_count() or 1)
    under_way: deque[Future[Decoded]] = deque()
    with ThreadPoolExecutor(count, "decoder") as pool:
        try:
            for item in encoded:
                under_way.append(pool.submit(decode, item))
                if len(under_way) > count:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
