"""Batches of rendered clips, varied and normalised; the next one is made while the network learns from this one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing_config import EchoPreprocessing
from scripts.training.clip_augmentation import augment
from scripts.training.clip_store import ClipStore


@dataclass(frozen=True, eq=False)
class ClipBatches:
    """Batches of a store's clips. clips: int64 (N,) those that are used; config: says how pixels are normalised."""

    store: ClipStore
    clips: NDArray[np.int64]
    config: EchoPreprocessing
    size: int
    seed: int = 0
    varied: bool = True

    def at(self, step: int) -> tuple[NDArray[np.int64], torch.Tensor]:
        """Clip numbers (B,) and float32 (B, 3, F, S, S) normalised: batch number `step`, the same whenever asked."""
        per_pass = len(self.clips) // self.size
        order = np.random.default_rng([self.seed, step // per_pass, 6]).permutation(self.clips)  # 6: order's stream
        first = step % per_pass * self.size
        chosen = np.sort(order[first : first + self.size])
        rng = np.random.default_rng([self.seed, step, 7])  # 7: the variations' stream
        return chosen, self.tensor([self._pixels(int(clip), rng) for clip in chosen])

    def _pixels(self, clip: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        frames = np.asarray(self.store.pixels[clip])
        return augment(frames, rng) if self.varied else frames

    def tensor(self, clips: list[NDArray[np.uint8]]) -> torch.Tensor:
        """float32 (B, 3, F, S, S): what the product's preprocessing makes of these pixels."""
        pixels = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float()
        mean, std = (torch.tensor(values).view(1, 3, 1, 1, 1) for values in (self.config.mean, self.config.std))
        return (pixels - mean) / std

    def from_step(self, step: int) -> Iterator[tuple[NDArray[np.int64], torch.Tensor]]:
        """Batches without end, one made ahead."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.at, step)
            while True:
                ready, step = ahead, step + 1
                ahead = pool.submit(self.at, step)
                yield ready.result()
