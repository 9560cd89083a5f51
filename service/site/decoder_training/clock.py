"""A training's time budget: the learning rate rises and falls with the share of the time that is spent."""

import math
import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds spent over all runs of a training, of those it has."""

    budget_s: float
    spent_before_s: float = 0.0
    _started: float = field(default_factory=time.monotonic, init=False)

    @property
    def spent_s(self) -> float:
        """Seconds of this run and those before."""
        return self.spent_before_s + time.monotonic() - self._started

    @property
    def share(self) -> float:
        """0..1."""
        return min(1.0, self.spent_s / self.budget_s)

    def rate(self, highest: float, warm_up: float = 0.05) -> float:
        """Learning rate: linear warm-up, then half a cosine to a hundredth (Loshchilov and Hutter 2017)."""
        fall = 0.5 * (1 + math.cos(math.pi * self.share))
        return highest * min(1.0, (self.share + 1e-3) / warm_up) * max(0.01, fall)
