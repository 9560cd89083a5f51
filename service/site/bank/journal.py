"""The unfinished part of a build on disk: finished chunks of rows, so that a build that was stopped goes on.

It holds what may enter a bank and nothing else: de-identified reports, pseudonyms, vectors, counts. It belongs to one
plan (the inputs and settings); under another plan it is thrown away.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.site.reports.reports import BankedReport

_PLAN, _CHUNK, _VECTORS = "plan.json", "chunk-{:06d}.json", "chunk-{:06d}.npy"


@dataclass(frozen=True)
class Chunk:
    """What became of some rows.

    vectors: float32 (B, D), one per report. rejected, quarantined: (line, pseudonym of the study, reason).
    """

    reports: tuple[BankedReport, ...]
    vectors: NDArray[np.float32]
    rejected: tuple[tuple[int, str, str], ...] = ()
    quarantined: tuple[tuple[int, str, str], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """Chunks by number, each written in one step."""

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        """The journal of a plan; chunks of another one are removed."""
        self.folder = folder
        stated = json.dumps(plan, sort_keys=True)
        kept = folder / _PLAN
        if not kept.is_file() or kept.read_text(encoding="utf-8") != stated:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            kept.write_text(stated, encoding="utf-8")

    def has(self, number: int) -> bool:
        """Whether a chunk is finished."""
        return (self.folder / _CHUNK.format(number)).is_file()

    def write(self, number: int, chunk: Chunk) -> None:
        """Keeps a finished chunk; its vectors first, because the other file says that it is finished."""
        with (self.folder / "vectors.unfinished").open("wb") as file:
            np.save(file, chunk.vectors)
        (self.folder / "vectors.unfinished").replace(self.folder / _VECTORS.format(number))
        fields = {
            "reports": [report.fields() for report in chunk.reports],
            "rejected": chunk.rejected,
            "quarantined": chunk.quarantined,
            "counts": dict(chunk.counts),
        }
        writing = self.folder / "chunk.unfinished"
        writing.write_text(json.dumps(fields), encoding="utf-8")
        writing.replace(self.folder / _CHUNK.format(number))

    def read(self, number: int) -> Chunk:
        """A finished chunk."""
        fields = json.loads((self.folder / _CHUNK.format(number)).read_text(encoding="utf-8"))
        rejected, quarantined = (tuple(map(tuple, fields[name])) for name in ("rejected", "quarantined"))
        return Chunk(
            tuple(map(BankedReport.of_fields, fields["reports"])),
            np.load(self.folder / _VECTORS.format(number), allow_pickle=False),
            rejected,
            quarantined,
            fields["counts"],
        )

    def remove(self) -> None:
        """Throws all of it away."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Staged:
    """The finished chunks of a build, read again each time they are gone through."""

    journal: Journal
    numbers: Sequence[int]

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.journal.read, self.numbers)

    def counts(self) -> Counter[str]:
        """All counts added up."""
        total: Counter[str] = Counter()
        for chunk in self:
            total.update(chunk.counts)
        return total
