"""The view classifier's training."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import ConvNeXt
from torchvision.models.convnext import CNBlock

from model.device import Placement
from scripts.rendered.views.wide_batches import PictureBatches
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import LOWEST, WARM_UP, Learning, Limits, Losses, cosine_rate, fit
from service.site.training.made_ahead import MadeAhead

RATE, _DECAY, _GRADIENT_NORM = 2e-3, 0.05, 1.0  # ConvNeXt's recipe (Liu et al. 2022), the rate for a small batch
_LABEL_SMOOTHING = 0.05
_LOG_EVERY, _CHECKPOINT_EVERY = 10, 100
# Blocks begin as a tenth of a residual: from torchvision's millionth hundreds of steps go by before they do anything.
# Source: Touvron et al. 2021 (CaiT), 0.1 up to a depth of 18.
_FIRST_SCALE, _SHALLOW_BLOCKS = 0.1, 18


@dataclass(frozen=True, eq=False)
class ViewTrainer:
    """What a training needs beside its data. placement: its dtype is that of the products; weights stay float32."""

    placement: Placement
    fingerprint: str
    highest_rate: float = RATE

    def train(self, network: nn.Module, batches: PictureBatches, seconds: float, out: Path) -> int:
        """The number of steps done, over all runs. Teaches the network; writes log.jsonl and checkpoint.pt to `out`.

        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        device = self.placement.device
        network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch's stub
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.highest_rate, weight_decay=_DECAY)
        limits = Limits(seconds=seconds, log_every=_LOG_EVERY, checkpoint_every=_CHECKPOINT_EVERY)
        with MadeAhead(batches.at) as ahead:
            learning = Learning(
                networks=network,
                optimizer=optimizer,
                losses=lambda step: self._losses(network, *ahead.at(step)),
                rate=lambda progress: cosine_rate(self.highest_rate, progress, WARM_UP, LOWEST),
                largest_gradient=_GRADIENT_NORM,
            )
            steps = fit(learning, limits, CheckpointFolder(out, self.fingerprint))
        network.eval()
        return steps

    def _losses(self, network: nn.Module, pictures: torch.Tensor, labels: torch.Tensor) -> Losses:
        """The loss, and the share that was told right, on varied pictures."""
        device, half = self.placement.device, self.placement.dtype == torch.bfloat16
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits = network(pictures.to(device)).float()
        labels = labels.to(device)
        loss = functional.cross_entropy(logits, labels, label_smoothing=_LABEL_SMOOTHING)
        return {"loss": loss, "right": (logits.argmax(dim=1) == labels).float().mean()}


def awaken(network: nn.Module) -> nn.Module:
    """The untrained network with the blocks of a shallow ConvNeXt contributing from the first step."""
    blocks = [block for block in network.modules() if isinstance(block, CNBlock)]
    if isinstance(network, ConvNeXt) and len(blocks) <= _SHALLOW_BLOCKS:
        for block in blocks:
            nn.init.constant_(block.layer_scale, _FIRST_SCALE)
    return network
