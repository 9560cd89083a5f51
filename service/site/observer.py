"""Who listens while long work runs: lines of text, and how far it is. The library itself prints nothing."""

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]
Advance = Callable[[str, int, int], None]


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Observer:
    """What long work calls. say(text): one line. advance(what, done, total): `done` of `total` parts are finished."""

    say: Say = _ignore
    advance: Advance = _ignore


QUIET = Observer()
