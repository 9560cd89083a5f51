"""The view classifier's training loop: bounded in time, resumable, one JSON line per logged step."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import ConvNeXt
from torchvision.models.convnext import CNBlock

from model.device import Placement
from scripts.rendered.training.frame_batches import FrameBatches
from service.site.decoder_training.checkpoint import resume, save_checkpoint
from service.site.decoder_training.clock import Clock
from service.site.decoder_training.decoder_loop import LOG

_RATE, _DECAY, _GRADIENT_NORM = 2e-3, 0.05, 1.0  # ConvNeXt's recipe (Liu et al. 2022), the rate for a small batch
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

    def train(self, network: nn.Module, batches: FrameBatches, clock: Clock, out: Path) -> int:
        """The number of steps done, over all runs. Teaches the network; writes log.jsonl and checkpoint.pt to `out`.

        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        device = self.placement.device
        network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch's stub
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        step, clock.spent_before_s = resume(out, self.fingerprint, network, optimizer)
        for pictures, labels in batches.from_step(step):
            if clock.share >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = clock.rate(_RATE)
            line = self._step(network, optimizer, pictures.to(device), labels.to(device))
            step += 1
            if step % _LOG_EVERY == 0:
                with (out / LOG).open("a", encoding="utf-8") as log:
                    log.write(json.dumps({"step": step, **line, "seconds": round(clock.spent_s, 1)}) + "\n")
            if step % _CHECKPOINT_EVERY == 0:
                self._save(out, network, optimizer, step, clock)
        self._save(out, network, optimizer, step, clock)
        network.eval()
        return step

    def _step(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, pictures: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, float]:
        """One optimisation step: loss and share told right, on varied pictures."""
        half = self.placement.dtype == torch.bfloat16
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=half):
            logits = network(pictures).float()
        loss = functional.cross_entropy(logits, labels, label_smoothing=_LABEL_SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
        nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
        optimizer.step()
        right = (logits.argmax(dim=1) == labels).float().mean()
        return {"loss": round(loss.item(), 4), "right": round(right.item(), 4)}

    def _save(self, out: Path, network: nn.Module, optimizer: torch.optim.Optimizer, step: int, clock: Clock) -> None:
        state = {"networks": network.state_dict(), "optimizer": optimizer.state_dict()}
        save_checkpoint(out, {**state, "step": step, "seconds": clock.spent_s, "fingerprint": self.fingerprint})


def awakened(network: nn.Module) -> nn.Module:
    """The untrained network with the blocks of a shallow ConvNeXt contributing from the first step."""
    blocks = [block for block in network.modules() if isinstance(block, CNBlock)]
    if isinstance(network, ConvNeXt) and len(blocks) <= _SHALLOW_BLOCKS:
        for block in blocks:
            nn.init.constant_(block.layer_scale, _FIRST_SCALE)
    return network
