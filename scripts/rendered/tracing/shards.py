"""Rendered arrays on disk, in shards: written once, in order, and gone on with where it was stopped."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

SHARD = 250  # runs or clips in a file: 30 to 50 MB
ABOUT_FILE = "about.json"


@dataclass(frozen=True)
class ShardStore(ABC):
    """What decides a store's content, beside the number of shards: its fields. name: of its files."""

    name: ClassVar[str]

    @abstractmethod
    def shard(self, number: int) -> NDArray[np.uint8]:
        """uint8 (SHARD, ...), rendered now."""


def render_shards(store: ShardStore, folder: Path, shards: int) -> Iterator[int]:
    """Renders what is missing and yields the number of each finished shard.

    Raises ValueError when the folder holds what another store made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT_FILE
    if about.exists() and json.loads(about.read_text(encoding="utf-8")) != asdict(store):
        raise ValueError(f"{about}: holds {store.name} of another store than {asdict(store)}")
    about.write_text(json.dumps(asdict(store)) + "\n", encoding="utf-8")
    for number in range(shards):
        path = folder / f"{store.name}_{number:04d}.npy"
        if not path.exists():
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                np.save(file, store.shard(number))
            partial.replace(path)
        yield number


def open_shards(folder: Path, name: str) -> list[NDArray[np.uint8]]:
    """The shards of that name that are there, memory-mapped, in order."""
    return [np.load(path, mmap_mode="r") for path in sorted(folder.glob(f"{name}_*.npy"))]
