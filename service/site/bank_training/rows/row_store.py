"""Training rows on disk, in numbers, block by block: each is whole or not there; a stopped run goes on behind."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
MOST_SENTENCES = 24  # of a section that are learned; more do not fit its tokens


@dataclass(frozen=True, eq=False)
class RowBlock:
    """The rows of n studies.

    vectors: float16 (n, S, D) as the decoder reads them. assessed: bool (n, S). votes: float32 (n, P, VOTE_FIELDS).
    study: int32 (R,) of each row. section: int16 (R,) its code. targets: int32 (R, MOST_SENTENCES) wordings by number,
    -1 beyond. evidence: int32 (R, 2, TOP) and support: float16 (R, 2, TOP): all of it, and without candidates whose
    section says the same as the targets.
    """

    vectors: NDArray[np.float16]
    assessed: NDArray[np.bool_]
    votes: NDArray[np.float32]
    study: NDArray[np.int32]
    section: NDArray[np.int16]
    targets: NDArray[np.int32]
    evidence: NDArray[np.int32]
    support: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.study)


@dataclass(frozen=True)
class RowStore:
    """Blocks of rows in a folder."""

    folder: Path

    @property
    def blocks(self) -> int:
        """How many are whole."""
        number = 0
        while self._path(number).is_file():
            number += 1
        return number

    def add(self, block: RowBlock) -> None:
        """Writes the next block: vectors first, so that a block with its rows is whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(self.blocks)
        vectors = io.BytesIO()  # numpy's own writer would not say that the disk is full
        np.save(vectors, block.vectors)
        self._vectors(path).write_bytes(vectors.getbuffer())
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            np.savez(file, **{name: array for name, array in vars(block).items() if name != "vectors"})
        draft.replace(path)

    def read(self, blocks: int | None = None) -> "Rows":
        """The rows of the first blocks, of all where None; vectors stay on disk."""
        count = self.blocks if blocks is None else blocks
        return Rows(tuple(self._read(self._path(number)) for number in range(count)))

    def _read(self, path: Path) -> RowBlock:
        with np.load(path, allow_pickle=False) as arrays:
            columns: Mapping[str, NDArray[Any]] = {name: arrays[name] for name in arrays.files}
        vectors = np.load(self._vectors(path), mmap_mode="r", allow_pickle=False)
        return RowBlock(**{field.name: columns.get(field.name, vectors) for field in fields(RowBlock)})

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"

    @staticmethod
    def _vectors(path: Path) -> Path:
        return path.with_suffix(".npy")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of several blocks as one table; `study` counts through all of them."""

    blocks: tuple[RowBlock, ...]

    def __len__(self) -> int:
        return len(self.section)

    @property
    def studies(self) -> int:
        """How many studies there are."""
        return int(self._first_studies[-1])

    @cached_property
    def study(self) -> Ids:
        """int64 (R,)."""
        return np.concatenate([b.study + first for b, first in zip(self.blocks, self._first_studies, strict=False)])

    @cached_property
    def section(self) -> NDArray[np.int16]:
        """int16 (R,)."""
        return np.concatenate([block.section for block in self.blocks])

    @cached_property
    def targets(self) -> NDArray[np.int32]:
        """int32 (R, MOST_SENTENCES)."""
        return np.concatenate([block.targets for block in self.blocks])

    @cached_property
    def evidence(self) -> NDArray[np.int32]:
        """int32 (R, 2, TOP)."""
        return np.concatenate([block.evidence for block in self.blocks])

    @cached_property
    def support(self) -> NDArray[np.float16]:
        """float16 (R, 2, TOP)."""
        return np.concatenate([block.support for block in self.blocks])

    @cached_property
    def assessed(self) -> NDArray[np.bool_]:
        """Bool (n, S)."""
        return np.concatenate([block.assessed for block in self.blocks])

    @cached_property
    def votes(self) -> NDArray[np.float32]:
        """float32 (n, P, VOTE_FIELDS)."""
        return np.concatenate([block.votes for block in self.blocks])

    def vectors(self, studies: Ids) -> NDArray[np.float32]:
        """float32 (B, S, D) of some studies, read from disk."""
        blocks = np.searchsorted(self._first_studies, studies, side="right") - 1
        within = studies - self._first_studies[blocks]
        return np.stack([self.blocks[b].vectors[at] for b, at in zip(blocks, within, strict=True)]).astype(np.float32)

    @cached_property
    def _first_studies(self) -> Ids:
        return np.cumsum([0, *(len(block.assessed) for block in self.blocks)])
