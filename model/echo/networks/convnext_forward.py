"""The forward pass of torchvision's ConvNeXt, rewritten for speed: the same weights, the same numbers, no gradients.

Pictures stay channels last from end to end, so the linear layers read them as rows without a copy. Each block's scale
is multiplied into its last linear layer. GELU works in place. Slow twin: torchvision's own forward pass.
Source: ConvNeXt, Liu et al. 2022, section 2.
"""

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from model.echo.networks.torchvision_networks import CNBlock, ConvNeXt


class FusedConvNeXt(nn.Module):
    """torchvision's ConvNeXt with a faster forward pass: (B, 3, S, S) → (B, classes)."""

    def __init__(self, network: ConvNeXt) -> None:
        super().__init__()
        stem, *stages = network.features
        self.stem = stem
        self.stages = nn.ModuleList(
            nn.ModuleList(FusedBlock(block) for block in stage) if isinstance(stage[0], CNBlock) else stage
            for stage in stages
        )
        self.norm, self.head = network.classifier[0], network.classifier[2]
        self.eval()

    @torch.no_grad()
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, classes): logits. pictures: (B, 3, S, S) normalised, of the weights' dtype."""
        features = self.stem(pictures.contiguous(memory_format=torch.channels_last))
        for stage in self.stages:
            for layer in cast(nn.Sequential, stage):
                features = layer(features)
        pooled = features.mean(dim=(2, 3), keepdim=True)
        return cast(torch.Tensor, self.head(self.norm(pooled).flatten(1)))


class FusedBlock(nn.Module):
    """One residual block. The last layer holds the block's scale."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, block: CNBlock) -> None:
        super().__init__()
        self.depthwise, _, self.norm, self.widen, _, narrow, _ = block.block
        scale = block.layer_scale.detach().flatten()
        self.register_buffer("weight", narrow.weight.detach() * scale[:, None], persistent=False)
        self.register_buffer("bias", narrow.bias.detach() * scale, persistent=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) channels last, of the same."""
        rows = self.depthwise(pictures).permute(0, 2, 3, 1)
        hidden = torch.ops.aten.gelu_(self.widen(self.norm(rows)))
        return pictures + functional.linear(hidden, self.weight, self.bias).permute(0, 3, 1, 2)
