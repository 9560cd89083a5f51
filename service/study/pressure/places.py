"""Places in the queue: how many are held, and by whom."""

from collections import Counter

from service.errors import QueueFull


class Places:
    """Counts places; its owner's lock is held when it is called. share: the largest part that one client may hold."""

    def __init__(self, total: int, share: float = 1.0) -> None:
        self.total = total
        self.of_one = max(1, int(total * share))
        self._held: Counter[str | None] = Counter()

    @property
    def held(self) -> int:
        """Places that are taken."""
        return self._held.total()

    def require_one(self, client: str | None, retry_after_seconds: int) -> None:
        """Raises QueueFull. client: None where nobody is told apart, and no place is kept for others."""
        if self.held >= self.total:
            text = f"{self.total} studies are being worked on already"
            raise QueueFull(text, limit=self.total, retry_after_seconds=retry_after_seconds)
        if client is not None and self._held[client] >= self.of_one:
            text = f"{self.of_one} of your studies are being worked on already; the other places are kept for others"
            raise QueueFull(text, limit=self.of_one, retry_after_seconds=retry_after_seconds)

    def take(self, client: str | None) -> None:
        """Takes a place."""
        self._held[client] += 1

    def give_back(self, client: str | None) -> None:
        """Gives it back."""
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
