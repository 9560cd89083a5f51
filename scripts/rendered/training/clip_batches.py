"""Batches of rendered clips, varied and normalised; the next one is made while the network learns from this one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from scripts.rendered.training.clip_augmentation import Variation, augment
from scripts.rendered.training.clip_store import ClipStore
from scripts.rendered.training.picture_store import PictureStore, varied
from service.site.decoder_training.made_ahead import made_ahead


def normalised(clips: Sequence[NDArray[np.uint8]], config: EchoPreprocessing) -> torch.Tensor:
    """float32 (B, 3, F, S, S) as the product's preprocessing makes it. clips: uint8 (F, S, S, 3) RGB."""
    pixels = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1, 1) for values in (config.mean, config.std))
    return (pixels - mean) / std


class Clips(Protocol):
    """What batches are made of."""

    def batch(self, clips: NDArray[np.int64], rng: np.random.Generator | None) -> torch.Tensor:
        """Encoder input of some clips, varied by `rng` where one is given."""


@dataclass(frozen=True, eq=False)
class WholeClips:
    """Clips as the product prepares them, for encoders of any kind. batch: float32 (B, 3, F, S, S)."""

    store: ClipStore
    config: EchoPreprocessing

    def batch(self, clips: NDArray[np.int64], rng: np.random.Generator | None) -> torch.Tensor:
        """float32 (B, 3, F, S, S) normalised."""
        frames = [np.asarray(self.store.pixels[clip]) for clip in clips]
        return normalised(frames if rng is None else [augment(clip, rng) for clip in frames], self.config)


@dataclass(frozen=True, eq=False)
class ClipPictures:
    """Clips as a planar encoder sees them. On a CPU, mixing frames took more of a training step than learning."""

    store: PictureStore

    def batch(self, clips: NDArray[np.int64], rng: np.random.Generator | None) -> torch.Tensor:
        """bfloat16 (B, C, S, S) normalised."""
        found = [np.asarray(self.store.pictures[clip]) for clip in clips]
        if rng is not None:
            found = [varied(picture, Variation.drawn(rng, picture.shape[0])) for picture in found]
        return self.store.form.normalised(found)


@dataclass(frozen=True, eq=False)
class ClipBatches:
    """Batches of clips. numbers: int64 (N,) those that are used; varied: otherwise than they were rendered."""

    clips: Clips
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

    def from_step(self, step: int) -> Iterator[tuple[NDArray[np.int64], torch.Tensor]]:
        """Batches without end, one made ahead."""
        return made_ahead(self.at, step)
