"""Wide pictures of every view, as shards on disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.tracing.shards import ABOUT_FILE, SHARD, ShardStore, open_shards
from scripts.rendered.views.wide_pictures import view_of, wide_pictures


@dataclass(frozen=True)
class WideStore(ShardStore):
    """What decides the pictures, beside the number of clips. size: pixels a side, more than the network reads.

    seed_number: the first of the purpose has the usual clips (`scripts.rendered.render_clips`).
    """

    name: ClassVar[str] = "pictures"

    purpose: str = "encoder"
    seed_number: int = 1
    size: int = 144

    @property
    def seed(self) -> int:
        """The seed of its patients."""
        return seed_for(self.purpose, self.seed_number)

    def shard(self, number: int) -> NDArray[np.uint8]:
        """uint8 (SHARD, FRAMES, s, s, 3), rendered now."""
        clips = range(number * SHARD, (number + 1) * SHARD)
        return np.stack([wide_pictures(self.seed, clip, self.size).rgb for clip in clips])

    def views(self, clips: int) -> tuple[str, ...]:
        """The view of each of the first clips."""
        return tuple(view_of(self.seed, clip) for clip in range(clips))


def open_store(folder: Path) -> tuple[WideStore, list[NDArray[np.uint8]]]:
    """The store of a folder and the shards that are there, memory-mapped, in order."""
    store = WideStore(**json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8")))
    return store, open_shards(folder, WideStore.name)
