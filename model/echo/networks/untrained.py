"""Untrained networks for the development bundle, with an initialisation that looks at data.

An untrained MViT maps every clip to nearly the same direction, so every study would get the same neighbours. Here the
last layer is set from how the network answers to random sectors: their mean goes to zero and their main directions get
equal weight (data-dependent initialisation, Krähenbühl et al. 2016). It learns nothing: no label and no real clip is
involved.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing

_AT_ONCE = 8
_RIDGE = 0.05  # share of the mean variance added to each direction, so that unseen ones are not blown up


def random_sectors(count: int, config: EchoPreprocessing, seed: int) -> torch.Tensor:
    """float32 (count, 3, F, S, S): normalised fans of smooth moving texture, the same for the same seed."""
    random = np.random.default_rng(seed)
    clips = np.stack([_random_sector(random, config) for _ in range(count)])  # (N, F, S, S)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1, 1) for values in (config.mean, config.std))
    return (torch.from_numpy(clips)[:, None].expand(-1, 3, -1, -1, -1) - mean) / std


def _random_sector(random: np.random.Generator, config: EchoPreprocessing) -> NDArray[np.float32]:
    """float32 (F, S, S) grey levels: texture of three random scales under a random fan, swinging with a random beat."""
    size, frames = config.image_size, config.frames
    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5) / size
    fan = (np.hypot(x - 0.5, y) < random.uniform(0.8, 1.05)) & (
        np.abs(np.arctan2(x - 0.5, y + 1e-3)) < np.radians(random.uniform(25, 50))
    )
    texture = sum(
        random.uniform(0.3, 1) * _smooth(random, size, sigma) for sigma in size * random.uniform(0.01, 0.15, size=3)
    )
    bright = np.clip(random.uniform(20, 80) + random.uniform(20, 60) * texture, 0, 255).astype(np.float32)
    beat, swing = random.uniform(8, 30), size * random.uniform(0.01, 0.06, size=2)
    moved = []
    for index in range(frames):
        phase = np.sin(2 * np.pi * index / beat)
        shift_x, shift_y = (size * x + swing[0] * phase * y, size * y + swing[1] * phase * x)
        moved.append(
            cv2.remap(
                bright,
                shift_x.astype(np.float32),
                shift_y.astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
        )
    return np.asarray(np.stack(moved) * fan, dtype=np.float32)


def _smooth(random: np.random.Generator, size: int, sigma: float) -> NDArray[np.float32]:
    """float32 (S, S) Gaussian field of unit variance, smooth over `sigma` pixels."""
    field = cv2.GaussianBlur(random.standard_normal((size, size)).astype(np.float32), (0, 0), sigma)
    return np.asarray(field / field.std(), dtype=np.float32)


@torch.no_grad()
def centre_embeddings(encoder: nn.Module, clips: torch.Tensor, seed: int = 0) -> None:
    """Sets the last layer so that the clips' embeddings have mean zero and spread over directions, in place.

    clips: float32 (N, 3, F, S, S) normalised, N ≥ 2. The last `nn.Linear` becomes a seeded random rotation of the
    whitened features before it; lengths are about 1.
    """
    last = [module for module in encoder.modules() if isinstance(module, nn.Linear)][-1]
    features: list[torch.Tensor] = []
    hook = last.register_forward_pre_hook(lambda _module, inputs: features.append(inputs[0]))
    for start in range(0, len(clips), _AT_ONCE):
        encoder(clips[start : start + _AT_ONCE])
    hook.remove()
    seen = torch.cat(features).double()  # (N, d)
    mean = seen.mean(dim=0)
    values, directions = torch.linalg.eigh(torch.cov(seen.T))
    gain = (values.clamp(min=0) + _RIDGE * values.clamp(min=0).mean()).rsqrt()
    generator = torch.Generator().manual_seed(seed)
    spread = torch.randn(last.out_features, len(values), generator=generator, dtype=torch.double)
    rotation = torch.linalg.qr(spread)[0] if last.out_features >= len(values) else spread / len(values) ** 0.5
    weight = rotation @ (directions * gain).T / len(values) ** 0.5
    last.weight.copy_(weight)
    last.bias.copy_(-weight @ mean)
