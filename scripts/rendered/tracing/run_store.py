"""Rendered runs of frames and their chambers, as shards on disk."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.tracing.frames import wide_run
from scripts.rendered.tracing.shards import SHARD, ShardStore


@dataclass(frozen=True)
class RunStore(ShardStore):
    """What decides the runs, beside their number. size: pixels a side, larger than the network reads."""

    name: ClassVar[str] = "runs"

    purpose: str = "tracer"
    seed_number: int = 0
    size: int = 160

    def shard(self, number: int) -> NDArray[np.uint8]:
        """uint8 (SHARD, 2, T, s, s): frames and chambers, rendered now."""
        seed = seed_for(self.purpose, self.seed_number)
        runs = [wide_run(seed, run, self.size) for run in range(number * SHARD, (number + 1) * SHARD)]
        return np.stack([np.stack((run.grey, run.chambers)) for run in runs])
