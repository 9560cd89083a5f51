"""Video encoder and text tower, trained to put a clip and its own report near each other."""

import math

import torch
from torch import nn
from torch.nn import functional

from model.report.text_encoder.bert import BertTextEncoder
from model.report.text_encoder.text_encoder import TextEncoder
from service.site.fine_tuning.contrasts import PairBatch

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

    def forward(self, batch: PairBatch) -> torch.Tensor:
        """The symmetric contrastive loss, a scalar: the mean over the batch's contrasts."""
        seen = self.video(batch.clips).float()  # (B, D)
        said = self.text(batch.tokens, batch.valid).float()  # (N, D)
        losses = [
            self._contrast(seen[c.rows, c.first : c.end], said[c.texts, c.first : c.end], c.texts)
            for c in batch.contrasts
        ]
        # Every weight takes part, so that processes which drew no contrast still answer the others.
        nothing = 0 * (seen.sum() + said.sum() + self.log_scale)
        loss: torch.Tensor = torch.stack(losses).mean() + nothing if losses else nothing
        return loss

    def _contrast(self, seen: torch.Tensor, said: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        """Cross-entropy both ways; seen, said: (n, d) pair by pair. A text that is said twice is no negative."""
        scale = self.log_scale.exp().clamp(max=_LARGEST_SCALE)
        logits = scale * functional.normalize(seen, dim=1) @ functional.normalize(said, dim=1).T
        own = torch.arange(len(texts), device=texts.device)
        same = (texts[:, None] == texts[None]) & (own[:, None] != own[None])
        logits = logits.masked_fill(same, -torch.inf)
        return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
