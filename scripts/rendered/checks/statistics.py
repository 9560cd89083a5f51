"""What can be read without looking: global statistics of a clip, and a linear reader of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

_BINS = 16


def clip_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, 34·3): per channel mean, spread, and 16-bin histograms of the first frame and of the temporal difference.

    pixels: uint8 (N, F, S, S, 3).
    """
    rows = []
    for clip in pixels:
        parts: list[NDArray[np.float64]] = []
        for channel in range(clip.shape[-1]):
            frames = clip[..., channel].astype(np.int16)
            change = np.abs(np.diff(frames, axis=0))
            first = np.histogram(frames[0], bins=_BINS, range=(0, 256))[0] / frames[0].size
            moved = np.histogram(change, bins=_BINS, range=(0, 128))[0] / change.size
            parts += [np.array([frames.mean(), frames.std()]), np.sqrt(first), np.sqrt(moved)]
        rows.append(np.concatenate(parts))
    return np.array(rows)


@dataclass(frozen=True, eq=False)
class LinearReader:
    """Logistic regression on standardised statistics, ridge chosen on a held-out fifth of the training set."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def fit(cls, features: NDArray[np.float64], targets: NDArray[np.floating]) -> "LinearReader":
        """A reader of targets (N, K) in 0..1; rows of one-hot classes work as well."""
        mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        x = torch.from_numpy((features - mean) / scale)
        y = torch.from_numpy(np.asarray(targets, dtype=np.float64))
        held = np.arange(len(x)) % 5 == 4
        losses = []
        for ridge in (1e-3, 1e-2, 1e-1):
            weight, bias = _logistic(x[~held], y[~held], ridge)
            losses.append(float(_loss(x[held] @ weight + bias, y[held])))
        weight, bias = _logistic(x, y, (1e-3, 1e-2, 1e-1)[int(np.argmin(losses))])
        return cls(mean, scale, weight, bias)

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K) log odds."""
        x = torch.from_numpy((features - self.mean) / self.scale)
        return np.asarray((x @ self.weight + self.bias).numpy())


def _loss(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, y)


def _logistic(x: torch.Tensor, y: torch.Tensor, ridge: float) -> tuple[torch.Tensor, torch.Tensor]:
    weight = torch.zeros(x.shape[1], y.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(y.shape[1], dtype=x.dtype, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=120, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = _loss(x @ weight + bias, y) + ridge * (weight**2).mean() * len(weight)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return weight.detach(), bias.detach()
