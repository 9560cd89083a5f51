"""Wide pictures on disk, in shards: written once, in order, and gone on with where it was stopped."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.views.wide_pictures import view_of, wide_pictures

SHARD = 250  # clips in a file: 31 MB
ABOUT_FILE = "about.json"


@dataclass(frozen=True)
class PictureStore:
    """What decides a store's content, beside the number of clips. size: pixels a side, more than the network reads.

    seed_number: the first of the purpose has the usual clips (`scripts.rendered.render_clips`).
    """

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


def render_shards(store: PictureStore, folder: Path, shards: int) -> Iterator[int]:
    """Renders what is missing and yields the number of each finished shard.

    Raises ValueError when the folder holds another store's pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT_FILE
    if about.exists() and json.loads(about.read_text(encoding="utf-8")) != asdict(store):
        raise ValueError(f"{about}: holds pictures of another store than {asdict(store)}")
    about.write_text(json.dumps(asdict(store)) + "\n", encoding="utf-8")
    for number in range(shards):
        path = folder / f"pictures_{number:04d}.npy"
        if not path.exists():
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                np.save(file, store.shard(number))
            partial.replace(path)
        yield number


def open_store(folder: Path) -> tuple[PictureStore, list[NDArray[np.uint8]]]:
    """The store of a folder and the shards that are there, memory-mapped, in order."""
    store = PictureStore(**json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8")))
    return store, [np.load(path, mmap_mode="r") for path in sorted(folder.glob("pictures_*.npy"))]
