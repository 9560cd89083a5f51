"""Batches of rendered clips, varied and normalised; the next one is made while the network learns from this one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing_config import EchoPreprocessing
from scripts.training.clip_augmentation import augment
from scripts.training.clip_store import ClipStore

_COLOUR_LEVELS = 22.0  # grey levels per unit of colour: the range of ±5.5 fits into a byte


def normalised(clips: Sequence[NDArray[np.uint8]], config: EchoPreprocessing) -> torch.Tensor:
    """float32 (B, 3, F, S, S) as the product's preprocessing makes it. clips: uint8 (F, S, S, 3) RGB."""
    pixels = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1, 1) for values in (config.mean, config.std))
    return (pixels - mean) / std


def pictures(clips: Sequence[NDArray[np.uint8]], config: EchoPreprocessing) -> torch.Tensor:
    """bfloat16 (B, C, S, S), channels last: `planar_picture(normalised(clips))` to a grey level, eight times as fast.

    On a CPU more than half of a training step went into normalising frames as floats. clips: uint8 (F, S, S, 3) RGB.
    """
    mean, std = np.array(config.mean), np.array(config.std)
    grey = 1 / std / (1 / std).sum()  # 0..255 again
    colour = np.array([1 / std[0], 0, -1 / std[2]]) * _COLOUR_LEVELS
    mix = np.array([[*grey, 0], [*colour, 128]])
    batch = torch.from_numpy(np.stack([_picture(frames, mix) for frames in clips]))  # (B, S, S, 2, F / 2 + 2)
    scale = torch.tensor([(1 / std).mean(), 1 / _COLOUR_LEVELS]).view(2, 1)
    middle = torch.tensor([(mean / std).mean(), 128 / _COLOUR_LEVELS + mean[0] / std[0] - mean[2] / std[2]]).view(2, 1)
    picture = (batch * scale.float() - middle.float()).to(torch.bfloat16).flatten(3)
    return picture.permute(0, 3, 1, 2)


def _picture(frames: NDArray[np.uint8], mix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """uint8 (S, S, 2, F / 2 + 2)."""
    count, size = frames.shape[:2]
    pair = cv2.transform(frames.reshape(count * size, size, 3), mix).reshape(count, size, size, 2)
    kept = np.concatenate([pair[::2], pair.max(axis=0)[None], pair.min(axis=0)[None]])
    return np.ascontiguousarray(kept.transpose(1, 2, 3, 0))


@dataclass(frozen=True, eq=False)
class ClipBatches:
    """Batches of a store's clips. clips: int64 (N,) those that are used; config: says how pixels are normalised."""

    store: ClipStore
    clips: NDArray[np.int64]
    config: EchoPreprocessing
    size: int
    seed: int = 0
    varied: bool = True
    prepared: Callable[[Sequence[NDArray[np.uint8]], EchoPreprocessing], torch.Tensor] = normalised

    def at(self, step: int) -> tuple[NDArray[np.int64], torch.Tensor]:
        """Clip numbers (B,) and float32 (B, 3, F, S, S) normalised: batch number `step`, the same whenever asked."""
        per_pass = len(self.clips) // self.size
        order = np.random.default_rng([self.seed, step // per_pass, 6]).permutation(self.clips)  # 6: order's stream
        first = step % per_pass * self.size
        chosen = np.sort(order[first : first + self.size])
        rng = np.random.default_rng([self.seed, step, 7])  # 7: the variations' stream
        return chosen, self.prepared([self._pixels(int(clip), rng) for clip in chosen], self.config)

    def _pixels(self, clip: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        frames = np.asarray(self.store.pixels[clip])
        return augment(frames, rng) if self.varied else frames

    def from_step(self, step: int) -> Iterator[tuple[NDArray[np.int64], torch.Tensor]]:
        """Batches without end, one made ahead."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.at, step)
            while True:
                ready, step = ahead, step + 1
                ahead = pool.submit(self.at, step)
                yield ready.result()
