"""Rendered runs on disk, in shards: written once, in order, and gone on with where it was stopped."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.tracing.frames import wide_run

SHARD = 250  # runs in a file: 50 MB, rendered in ten seconds
ABOUT_FILE = "about.json"


@dataclass(frozen=True)
class RunStore:
    """What decides a store's content, beside the number of runs. size: pixels a side, larger than the network reads."""

    purpose: str = "tracer"
    seed_number: int = 0
    size: int = 160

    def shard(self, number: int) -> NDArray[np.uint8]:
        """uint8 (SHARD, 2, T, s, s): frames and chambers, rendered now."""
        seed = seed_for(self.purpose, self.seed_number)
        runs = [wide_run(seed, run, self.size) for run in range(number * SHARD, (number + 1) * SHARD)]
        return np.stack([np.stack((run.grey, run.chambers)) for run in runs])


def render_shards(store: RunStore, folder: Path, shards: int) -> Iterator[int]:
    """Renders what is missing and yields the number of each finished shard.

    Raises ValueError when the folder holds another store's runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT_FILE
    if about.exists() and json.loads(about.read_text(encoding="utf-8")) != asdict(store):
        raise ValueError(f"{about}: holds runs of another store than {asdict(store)}")
    about.write_text(json.dumps(asdict(store)) + "\n", encoding="utf-8")
    for number in range(shards):
        path = folder / _shard_name(number)
        if not path.exists():
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                np.save(file, store.shard(number))
            partial.replace(path)
        yield number


def open_shards(folder: Path) -> list[NDArray[np.uint8]]:
    """The shards that are there, memory-mapped, in order."""
    return [np.load(path, mmap_mode="r") for path in sorted(folder.glob(_shard_name("*")))]


def _shard_name(number: int | str) -> str:
    return f"runs_{number:04d}.npy" if isinstance(number, int) else f"runs_{number}.npy"
