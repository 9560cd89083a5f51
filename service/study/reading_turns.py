"""Whose turn it is to have its files read: one study at a time, in the order in which they came."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LOOK_SECONDS: Final = 0.1  # between two looks whether anybody still waits for a study


class ReadingTurns:
    """Turns, safe in many threads."""

    def __init__(self) -> None:
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def one(self, cancelled: Callable[[], None]) -> Iterator[Callable[[], None]]:
        """Waits for a turn and gives what passes it on before the block ends. Raises what `cancelled` raises."""
        turn = object()

        def pass_on() -> None:
            with self._changed:
                if turn in self._queue:
                    self._queue.remove(turn)
                    self._changed.notify_all()

        with self._changed:
            self._queue.append(turn)
        try:
            with self._changed:
                while self._queue[0] is not turn:
                    self._changed.wait(_LOOK_SECONDS)
                    cancelled()
            yield pass_on
        finally:
            pass_on()
