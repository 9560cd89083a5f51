"""Batches of rendered clips, varied and normalised; the next one is made while the network learns from this one."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.rendered.training.clip_augmentation import Variation
from scripts.rendered.training.picture_store import PictureStore, vary


@dataclass(frozen=True, eq=False)
class ClipPictures:
    """Clips as a planar encoder sees them. On a CPU, mixing frames took more of a training step than learning."""

    store: PictureStore

    def batch(self, clips: NDArray[np.int64], rng: np.random.Generator | None) -> torch.Tensor:
        """bfloat16 (B, C, S, S) normalised."""
        found = [np.asarray(self.store.pictures[clip]) for clip in clips]
        if rng is not None:
            found = [vary(picture, Variation.drawn(rng, picture.shape[0])) for picture in found]
        return self.store.form.normalise(found)


@dataclass(frozen=True, eq=False)
class ClipBatches:
    """Batches of clips. numbers: int64 (N,) those that are used; varied: otherwise than they were rendered."""

    clips: ClipPictures
    numbers: NDArray[np.int64]
    size: int
    seed: int = 0
    varied: bool = True

    def at(self, step: int) -> tuple[NDArray[np.int64], torch.Tensor]:
        """Clip numbers (B,) and their encoder input: batch number `step`, the same whenever asked."""
        per_pass = len(self.numbers) // self.size
        order = np.random.default_rng([self.seed, step // per_pass, 6]).permutation(self.numbers)  # 6: order's stream
        first = step % per_pass * self.size
        chosen = np.sort(order[first : first + self.size])
        rng = np.random.default_rng([self.seed, step, 7])  # 7: the variations' stream
        return chosen, self.clips.batch(chosen, rng if self.varied else None)
