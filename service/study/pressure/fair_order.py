"""The order in which studies wait: clients take turns, and a client's own studies keep the order in which they came."""

from bisect import insort
from collections.abc import Iterator

from service.study.job import StudyJob


class FairOrder:
    """Studies that wait. Start-time fair queueing (Goyal, Vin and Cheng 1996) with all studies of one size.

    Each study gets the turn after its client's last one, or the next turn for a client that has none waiting; the
    earliest turn goes first. A client with one study waits for one of each other client, however many they posted.
    """

    def __init__(self) -> None:
        self._waiting: list[StudyJob] = []
        self._turn = 0  # of the study that began last
        self._last: dict[str | None, int] = {}

    def add(self, job: StudyJob) -> None:
        """Puts a study behind those of its turn."""
        job.turn = max(self._turn, self._last.get(job.client, 0)) + 1
        self._last[job.client] = job.turn
        insort(self._waiting, job, key=lambda each: each.turn)

    def remove(self, job: StudyJob) -> None:
        """Takes out a study that nobody waits for. Raises ValueError."""
        self._waiting.remove(job)

    def begin(self, job: StudyJob) -> None:
        """Takes out a study that runs from now on; its turn is over."""
        self.remove(job)
        self._turn = max(self._turn, job.turn)
        self._last = {client: turn for client, turn in self._last.items() if turn > self._turn}

    def clear(self) -> None:
        """Takes out all."""
        self._waiting.clear()

    def __iter__(self) -> Iterator[StudyJob]:
        return iter(tuple(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job: object) -> bool:
        return job in self._waiting
