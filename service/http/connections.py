"""Connections that are open: how many there may be, and which one goes when another comes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol


class Connection(Protocol):
    """What is known of one. is_waiting: no request of it is being answered, nor waits for its answer."""

    address: str
    is_waiting: bool

    def end(self) -> None:
        """Closes it."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Most connections, in all and of one address; bytes and seconds that the head of a request may take."""

    total: int
    per_address: int
    head_bytes: int
    head_seconds: float


@dataclass
class Connections:
    """The open connections, by address, the oldest first.

    Where there are too many, the oldest that waits is closed for the new one: who sends a whole request is served, and
    who only opens connections pushes out his own. An address with many loses one before an address with few.
    """

    limits: ConnectionLimits
    _open: dict[str, dict[Connection, None]] = field(default_factory=dict)

    def admit(self, new: Connection) -> bool:
        """Takes a new connection in, at the cost of another where it must be. False where none can go."""
        own = self._open.get(new.address, {})
        if len(own) >= self.limits.per_address:
            if not _end_oldest(own):
                return False
        elif len(self) >= self.limits.total:
            most_first = sorted(self._open.values(), key=len, reverse=True)
            if not any(map(_end_oldest, most_first)):
                return False
        self._open.setdefault(new.address, {})[new] = None
        return True

    def remove(self, gone: Connection) -> None:
        """Forgets a connection; doing it twice is fine."""
        own = self._open.get(gone.address, {})
        own.pop(gone, None)
        if not own:
            self._open.pop(gone.address, None)

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))


def _end_oldest(connections: Iterable[Connection]) -> bool:
    """Closes the first that waits; False where none does. A connection that ends removes itself."""
    oldest = next((each for each in connections if each.is_waiting), None)
    if oldest is not None:
        oldest.end()
    return oldest is not None
