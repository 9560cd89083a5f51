"""Video encoder and text tower, trained to put a clip and its own report near each other."""

import math

import torch
from torch import nn
from torch.nn import functional

from model.report.bert import BertTextEncoder
from model.report.text_encoder import TextEncoder

_FIRST_TEMPERATURE = 0.07  # Radford et al. 2021 (CLIP), section 2.5; learned from there
_LARGEST_SCALE = 100.0  # the same section: larger ones made training unstable


class Towers(nn.Module):
    """Both towers and the temperature. train_text False: the text tower stays as it is."""

    def __init__(self, video: nn.Module, text: TextEncoder | BertTextEncoder, *, train_text: bool) -> None:
        super().__init__()
        self.video, self.text = video.requires_grad_(True), text.requires_grad_(train_text)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / _FIRST_TEMPERATURE)))

    def train(self, mode: bool = True) -> "Towers":
        """Training mode, but for batch statistics: a few studies' own are worse than the learned ones."""
        super().train(mode)
        for module in self.video.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):  # torch names no public base
                module.eval()
        return self

    def forward(self, clips: torch.Tensor, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """The symmetric contrastive loss of B pairs of different patients, a scalar.

        clips: (B, 3, F, S, S). tokens: int64 (B, T). valid: bool (B, T).
        """
        seen = functional.normalize(self.video(clips).float(), dim=1)  # (B, D)
        said = self.text(tokens, valid).float()  # (B, D) unit norm
        logits = self.log_scale.exp().clamp(max=_LARGEST_SCALE) * seen @ said.T
        own = torch.arange(len(clips), device=clips.device)
        return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
