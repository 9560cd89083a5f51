"""A network small enough for minutes on two cores: 2-D convolutions over frames as channels."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True)
class Training:
    """How long and how hard the network trains."""

    epochs: int = 14
    batch: int = 64
    learning_rate: float = 2e-3
    width: int = 24
    seed: int = 0


def network_input(pixels: NDArray[np.uint8], *, colour: bool) -> torch.Tensor:
    """uint8 (N, C, S, S): the frames as channels, then the brightest and darkest of each pixel over time.

    The last two show how far walls travel, whichever frame a beat begins with. pixels: uint8 (N, F, S, S, 3); its
    colours stay apart where there is colour.
    """
    channels = (0, 1, 2) if colour else (1,)
    if pixels.shape[1] > 1:
        pixels = np.concatenate([pixels, pixels.max(axis=1, keepdims=True), pixels.min(axis=1, keepdims=True)], axis=1)
    stacked = pixels[..., list(channels)].transpose(0, 1, 4, 2, 3)
    count, frames, depth, height, width = stacked.shape
    return torch.from_numpy(np.ascontiguousarray(stacked.reshape(count, frames * depth, height, width)))


class SmallCnn(nn.Module):
    """Five convolutions and a linear layer that keeps where things are."""

    def __init__(self, channels: int, size: int, outputs: int, width: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 3 * width, 4 * width)
        layers: list[nn.Module] = []
        before = channels
        for number, after in enumerate(widths):
            kernel = 5 if number == 0 else 3
            layers += [nn.Conv2d(before, after, kernel, stride=2, padding=kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
            if number == 1:
                layers += [nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        self.features = nn.Sequential(*layers)
        side = size
        for _ in widths:
            side = (side + 1) // 2
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(before * side * side, outputs))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, outputs). pixels: uint8 (N, C, S, S)."""
        x = (pixels.float() - 40.0) / 50.0
        features: torch.Tensor = self.features(x).flatten(1)
        out: torch.Tensor = self.head(features)
        return out


def train(
    inputs: torch.Tensor, targets: NDArray[np.floating], settings: Training, *, regression: bool = False
) -> SmallCnn:
    """The network after training on uint8 inputs (N, C, S, S) and targets (N, K)."""
    torch.manual_seed(settings.seed)
    model = SmallCnn(inputs.shape[1], inputs.shape[2], targets.shape[1], settings.width)
    wanted = torch.from_numpy(np.asarray(targets, dtype=np.float32))
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.05)
    steps = settings.epochs * (len(inputs) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=max(2, steps))
    generator = torch.Generator().manual_seed(settings.seed)
    model.train()
    for _ in range(settings.epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for start in range(0, len(inputs) - settings.batch + 1, settings.batch):
            rows = order[start : start + settings.batch]
            out = model(_shifted(inputs[rows], generator))
            loss = (
                nn.functional.smooth_l1_loss(out, wanted[rows])
                if regression
                else nn.functional.binary_cross_entropy_with_logits(out, wanted[rows])
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
            schedule.step()
    return model.eval()


def _shifted(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The batch moved by up to two pixels, all of it alike."""
    down, across = (int(torch.randint(-2, 3, (1,), generator=generator)) for _ in range(2))
    return torch.roll(batch, (down, across), dims=(2, 3))


@torch.no_grad()
def predict(model: SmallCnn, inputs: torch.Tensor) -> NDArray[np.float64]:
    """(N, K) outputs."""
    return np.concatenate([model(part).double().numpy() for part in torch.split(inputs, 256)])
