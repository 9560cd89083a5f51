"""Embeddings of a study, one frozen type per stage. Shapes and names are checked; values stay on their device."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from model.errors import InvalidStudy
from model.study import ClipWarning


def _expect(name: str, tensor: torch.Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    """Raises InvalidStudy unless dtype and shape fit. Reads no value, so it works on fake and on GPU tensors."""
    if tensor.dtype != dtype or tuple(tensor.shape) != shape:
        raise InvalidStudy(f"{name} must be {dtype} {shape}, not {tensor.dtype} {tuple(tensor.shape)}")


ClipName = tuple[int, int | None]  # position in the upload, and the panel where its frames hold several pictures


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedAcquisition:
    """An acquisition ready for the networks. A modality may add to it what else its networks read.

    model_input: float32 (C, ...) what the encoder reads.
    start_frame: first source frame of the window that was chosen, 0-based; None where there are no frames.
    panel: which picture of the frame, 1-based in reading order; None where the frame holds one.
    warnings: what was noticed while it was prepared that the reader of the answer must know.
    """

    position: int
    sha256: str
    model_input: torch.Tensor
    start_frame: int | None = None
    panel: int | None = None
    warnings: tuple[ClipWarning, ...] = ()

    @property
    def name(self) -> ClipName:
        """Position and panel: what names it in the answer."""
        return self.position, self.panel


@dataclass(frozen=True, eq=False)
class StudyEmbedding:
    """Clip embeddings and view probabilities of a study, kept apart.

    clip_embeddings: float32 (N, D) one row per used clip.
    view_probabilities: float32 (N, V) rows sum to 1; columns are ``views``. A modality without views has V = 0.
    positions: upload position of each row.
    panels: which picture of its frames each row is, None where they hold one; empty: all are.
    clip_spectra: float32 (N, K) texture and motion of each clip (`model.familiarity.clip_spectra`), None where nobody
    took them.
    """

    clip_embeddings: torch.Tensor
    view_probabilities: torch.Tensor
    positions: tuple[int, ...]
    views: tuple[str, ...]
    clip_spectra: torch.Tensor | None = None
    panels: tuple[int | None, ...] = ()

    def __post_init__(self) -> None:
        clips = len(self.positions)
        if self.panels and len(self.panels) != clips:
            raise InvalidStudy(f"panels must be {clips}, one per position, not {len(self.panels)}")
        if self.clip_embeddings.ndim != 2:
            raise InvalidStudy(f"clip_embeddings must be (N, D), not {tuple(self.clip_embeddings.shape)}")
        _expect("clip_embeddings", self.clip_embeddings, torch.float32, (clips, self.clip_embeddings.shape[1]))
        _expect("view_probabilities", self.view_probabilities, torch.float32, (clips, len(self.views)))
        if self.clip_spectra is not None:
            _expect("clip_spectra", self.clip_spectra, torch.float32, (clips, self.clip_spectra.shape[-1]))

    @classmethod
    def of_rows(
        cls, clip_embeddings: NDArray[np.float32], view_probabilities: NDArray[np.float32], views: tuple[str, ...]
    ) -> Self:
        """A study kept as rows of numbers, one per clip; its clips get positions from 1 on. Raises InvalidStudy."""
        positions = tuple(range(1, len(clip_embeddings) + 1))
        return cls(torch.from_numpy(clip_embeddings), torch.from_numpy(view_probabilities), positions, views)

    @property
    def names(self) -> tuple[tuple[int, int | None], ...]:
        """(position, panel) of each row: what names it in the answer."""
        return tuple(zip(self.positions, self.panels or (None,) * len(self.positions), strict=True))


@dataclass(frozen=True, eq=False)
class SectionEmbeddings:
    """One embedding per report section.

    vectors: float32 (S, D) unit norm; zero rows where not assessed.
    assessed: bool (S,) the section has a clip and enough weight.
    clip_weights: float32 (S, N) weight of each clip in each section, as pooled.
    """

    vectors: torch.Tensor
    assessed: torch.Tensor
    clip_weights: torch.Tensor
    sections: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = len(self.sections)
        if self.vectors.ndim != 2 or self.clip_weights.ndim != 2:
            raise InvalidStudy("vectors and clip_weights must have two dimensions")
        _expect("vectors", self.vectors, torch.float32, (rows, self.vectors.shape[1]))
        _expect("assessed", self.assessed, torch.bool, (rows,))
        _expect("clip_weights", self.clip_weights, torch.float32, (rows, self.clip_weights.shape[1]))
