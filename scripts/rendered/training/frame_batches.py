"""Batches of single pictures from rendered clips, varied and normalised: what the view classifier learns from."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import normalise
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.view_frames import COLOUR_APART, view_frames
from scripts.rendered.training.clip_augmentation import augment
from scripts.rendered.views.wide_batches import view_shares

_ORDER, _PICTURE = 16, 17  # streams of a seed


@dataclass(frozen=True, eq=False)
class FrameBatches:
    """Every clip gives one of its pictures, drawn anew, in each pass: of a clip with colour, one of the most coloured.

    pixels: uint8 (N, F, S, S, 3). clips: int64 those of the N that are used. labels: int64 (N,) view of each clip.
    config: says how pixels are normalised. coloured: bool (N, F) the frames that
    `model.echo.preprocessing.view_frames` would choose in a clip with colour, none in others.
    """

    pixels: NDArray[np.uint8]
    clips: NDArray[np.int64]
    labels: NDArray[np.int64]
    config: EchoPreprocessing
    size: int
    seed: int = 0
    coloured: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.size <= len(self.clips):
            raise ValueError(f"a batch of {self.size} cannot be drawn from {len(self.clips)} clips")

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """float32 (B, 3, S, S) normalised, channels last in memory, and int64 (B,): the same whenever asked."""
        per_pass = len(self.clips) // self.size
        order = np.random.default_rng([self.seed, step // per_pass, _ORDER]).permutation(self.clips)
        first = step % per_pass * self.size
        chosen = np.sort(order[first : first + self.size])  # as they lie on the disk
        rng = np.random.default_rng([self.seed, step, _PICTURE])
        frames = [self._frame(int(clip), rng) for clip in chosen]
        pictures = [
            augment(np.asarray(self.pixels[clip, frame : frame + 1]), rng)[0]
            for clip, frame in zip(chosen, frames, strict=True)
        ]
        rows = torch.from_numpy(np.stack(pictures)).permute(3, 0, 1, 2)  # (3, B, S, S)
        batch = normalise(rows, self.config).transpose(0, 1)
        return batch.contiguous(memory_format=torch.channels_last), torch.from_numpy(self.labels[chosen])

    def shares(self) -> NDArray[np.float64]:
        """float64 (V,): how often each view comes."""
        return view_shares(self.labels[self.clips])

    def _frame(self, clip: int, rng: np.random.Generator) -> int:
        """A frame that the service might show the classifier."""
        shown = np.flatnonzero(self.coloured[clip]) if self.coloured is not None else np.zeros(0, np.int64)
        return int(rng.choice(shown)) if len(shown) else int(rng.integers(0, self.pixels.shape[1]))


def coloured_frames(pixels: NDArray[np.uint8], config: EchoPreprocessing) -> NDArray[np.bool_]:
    """Which frames the service chooses for their colour: bool (N, F). pixels: uint8 (N, F, S, S, 3)."""
    chosen = np.zeros(pixels.shape[:2], np.bool_)
    for number, clip in enumerate(pixels):
        shown = normalise(torch.from_numpy(np.array(clip)).permute(3, 0, 1, 2), config)
        if float((shown[0] - shown[2]).abs().max()) > COLOUR_APART:
            frames = view_frames(shown, config)
            chosen[number, frames] = frames != view_frames(torch.zeros_like(shown), config)
    return chosen
