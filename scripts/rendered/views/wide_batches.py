"""Batches of usual and of wide pictures together: what the view classifier learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import normalise
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.views.picture_variation import vary_picture

_DRAWS = 52  # stream of a seed
_LEAST_FLOW = 0.001  # share of a picture's pixels, as model.echo.preprocessing.view_frames asks for


class PictureBatches(Protocol):
    """Batches by the number of a step."""

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """float32 (B, 3, S, S) normalised, channels last in memory, and int64 (B,): the same whenever asked."""
        ...

    def shares(self) -> NDArray[np.float64]:
        """float64 (V,): how often each view comes."""
        ...


@dataclass(frozen=True, eq=False)
class WideBatches:
    """Wide pictures drawn anew for each step, each varied.

    shards: uint8 (n, T, s, s, 3) each. views: of all clips. clips: int64 those that are learned from.
    """

    shards: Sequence[NDArray[np.uint8]]
    views: Sequence[str]
    clips: NDArray[np.int64]
    config: EchoPreprocessing
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.clips):
            raise ValueError("no wide clip is left to learn from")

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As `PictureBatches.at`."""
        rng = np.random.default_rng([self.seed, step, _DRAWS])
        chosen = rng.choice(self.clips, self.size)
        pictures = [self._varied(int(clip), rng) for clip in chosen]
        rows = torch.from_numpy(np.stack(pictures)).permute(3, 0, 1, 2)  # (3, B, S, S)
        batch = normalise(rows, self.config).transpose(0, 1).contiguous(memory_format=torch.channels_last)
        return batch, torch.tensor([ECHO_TAXONOMY.views.index(self.views[clip]) for clip in chosen])

    def shares(self) -> NDArray[np.float64]:
        """As `PictureBatches.shares`."""
        return view_shares([ECHO_TAXONOMY.views.index(self.views[clip]) for clip in self.clips])

    def _varied(self, clip: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        frames = stored(self.shards, clip)
        frame = frames[int(rng.integers(len(frames)))]
        return vary_picture(frame, self.views[clip], rng, self.config.image_size)


@dataclass(frozen=True, eq=False)
class MixedBatches:
    """Usual and wide pictures in each step. wide_share: of the pictures."""

    usual: PictureBatches
    wide: PictureBatches
    wide_share: float

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As `PictureBatches.at`."""
        (first, labels), (second, others) = self.usual.at(step), self.wide.at(step)
        batch = torch.cat((first, second)).contiguous(memory_format=torch.channels_last)
        return batch, torch.cat((labels, others))

    def shares(self) -> NDArray[np.float64]:
        """As `PictureBatches.shares`."""
        return (1 - self.wide_share) * self.usual.shares() + self.wide_share * self.wide.shares()


def view_shares(labels: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
    """float64 (V,): of each view among the labels; a view that never comes counts as once."""
    counts = np.maximum(np.bincount(labels, minlength=len(ECHO_TAXONOMY.views)), 1)
    return np.asarray(counts / counts.sum(), np.float64)


def stored(shards: Sequence[NDArray[np.uint8]], clip: int) -> NDArray[np.uint8]:
    """uint8 (T, s, s, 3): the frames of a clip."""
    shard, place = divmod(clip, len(shards[0]))
    return np.asarray(shards[shard][place])


def learnable(shards: Sequence[NDArray[np.uint8]], views: Sequence[str]) -> NDArray[np.int64]:
    """The clips that show what their view's name says: not those of a colour view in whose frames nothing flows."""
    return np.array([clip for clip, view in enumerate(views) if "Doppler" not in view or _flows(stored(shards, clip))])


def _flows(frames: NDArray[np.uint8]) -> bool:
    return bool((np.ptp(frames, axis=3) > 0).mean(axis=(1, 2)).min() >= _LEAST_FLOW)
