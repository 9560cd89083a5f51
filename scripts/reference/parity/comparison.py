"""One comparison with a golden array: what was measured, and whether it is within tolerance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Comparison:
    """A golden array, named ``file:key``, and its worst deviation. `ok` is False when beyond tolerance."""

    array: str
    ok: bool
    measured: dict[str, float]
    text: str


@dataclass(frozen=True)
class Missing:
    """A golden array that could not be checked, and why."""

    array: str
    why: str


class ParityCheck(Protocol):
    """Compares every array of one golden file; `clip_folders` are where clips named by stem are looked up."""

    def __call__(self, golden_file: Path, clip_folders: tuple[Path, ...]) -> list[Comparison | Missing]:
        """One entry per array of the file, nothing left out."""
