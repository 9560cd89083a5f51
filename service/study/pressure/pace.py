"""How long things take here, as the last ones did: what Retry-After is made of."""

import time
from math import ceil
from typing import Final

_FIRST_GUESS_SECONDS: Final = 5.0  # of a study and of loading, until one was seen
_SMOOTHING: Final = 0.3  # weight of the newest study in the running mean of seconds


class Pace:
    """Running means of one process."""

    def __init__(self) -> None:
        self._study_seconds = self.load_seconds = _FIRST_GUESS_SECONDS
        self._last_end_seconds = 0.0

    def study_ended(self, accepted_seconds: float) -> None:
        """A study was answered now. Time in which another one ran does not count."""
        ended = time.monotonic()
        took = ended - max(accepted_seconds, self._last_end_seconds)
        self._study_seconds += _SMOOTHING * (took - self._study_seconds)
        self._last_end_seconds = ended

    def seconds_of(self, studies: int) -> int:
        """About how long so many studies take; at least a second."""
        return max(1, ceil(studies * self._study_seconds))

    def restart_seconds(self, studies: int = 0) -> int:
        """About when another process has taken over, after so many studies have ended here."""
        return (self.seconds_of(studies) if studies else 0) + max(1, ceil(self.load_seconds))
