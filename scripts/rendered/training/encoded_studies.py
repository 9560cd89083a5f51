"""Studies whose clips have been encoded: what MIL, retrieval, decoder and evaluation learn from, without pixels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.embeddings import StudyEmbedding
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.patient.state import HeartState

ARRAYS_FILE, ABOUT_FILE = "embedded.npz", "embedded.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class EncodedStudies:
    """Encoded clips of many invented patients, study by study.

    studies: int64 (N,) study numbers under `seed` and `prior`. offsets: int64 (N + 1,): clips of study i are rows
    offsets[i]..offsets[i + 1]. clip_embeddings: float32 (C, D). view_probabilities: float32 (C, V), columns `views`.
    """

    seed: int
    prior: Prior
    views: tuple[str, ...]
    encoder_sha256: str
    studies: NDArray[np.int64]
    offsets: NDArray[np.int64]
    clip_embeddings: NDArray[np.float32]
    view_probabilities: NDArray[np.float32]

    def __post_init__(self) -> None:
        clips = len(self.clip_embeddings)
        if len(self.offsets) != len(self.studies) + 1 or self.offsets[0] != 0 or self.offsets[-1] != clips:
            raise ValueError(f"offsets do not divide {clips} clips among {len(self.studies)} studies")
        if self.view_probabilities.shape != (clips, len(self.views)):
            raise ValueError(f"view_probabilities: {self.view_probabilities.shape} for {clips} clips")

    def __len__(self) -> int:
        return len(self.studies)

    def embedding(self, row: int) -> StudyEmbedding:
        """The study of a row as the pipeline's stage type; its clips get positions from 1 on."""
        clips = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        return StudyEmbedding.of_rows(self.clip_embeddings[clips], self.view_probabilities[clips], self.views)

    def state(self, row: int) -> HeartState:
        """The patient of a row."""
        return state_of(self.seed, int(self.studies[row]), self.prior)

    def write(self, folder: Path) -> None:
        """Writes both files, the arrays first, so that a folder with the second is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(
            folder / ARRAYS_FILE,
            studies=self.studies,
            offsets=self.offsets,
            clip_embeddings=self.clip_embeddings.astype(np.float16),
            view_probabilities=self.view_probabilities.astype(np.float16),
        )
        about = {"seed": self.seed, "prior": self.prior, "views": self.views, "encoder_sha256": self.encoder_sha256}
        (folder / ABOUT_FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The studies written to a folder."""
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS_FILE) as arrays:
            return cls(
                seed=about["seed"],
                prior=about["prior"],
                views=tuple(about["views"]),
                encoder_sha256=about["encoder_sha256"],
                studies=arrays["studies"],
                offsets=arrays["offsets"],
                clip_embeddings=arrays["clip_embeddings"].astype(np.float32),
                view_probabilities=arrays["view_probabilities"].astype(np.float32),
            )
