"""The text tower: report text to an embedding in the space of the video encoder."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import nn
from torch.nn import functional

from model.report.attention import Transformer, initialise
from model.report.tokenizer import ReportTokenizer

_BATCH = 32  # texts embedded at once; bounds memory, changes no value


class TextEncoderConfig(BaseModel):
    """Sizes of a text encoder; stored in `bundle.json` under `networks`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: int = Field(gt=0)
    embedding_dim: int = Field(gt=0)
    layers: int = Field(2, gt=0)
    heads: int = Field(4, gt=0)
    width: int = Field(128, gt=0)
    max_tokens: int = Field(512, gt=0, description="Longer texts are cut; BiomedBERT's limit.")


class TextEncoder(nn.Module):
    """A bidirectional transformer whose mean token is projected to the embedding."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocabulary, config.width)
        self.transformer = Transformer(layers=config.layers, heads=config.heads, width=config.width)
        self.project = nn.Linear(config.width, config.embedding_dim, bias=False)

    def forward(self, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """float32 (N, D) unit norm. tokens: int64 (N, T); valid: bool (N, T), True in at least one place per row."""
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        hidden = self.transformer(self.token(tokens), positions, mask=valid[:, None, None])
        weights = valid[..., None].to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return functional.normalize(self.project(mean).float(), dim=-1)


def build_text_encoder(config: TextEncoderConfig, seed: int = 0) -> TextEncoder:
    """An untrained text encoder; equal for equal seeds."""
    encoder = TextEncoder(config)
    initialise(encoder, torch.Generator().manual_seed(seed))
    return encoder.eval()


@torch.inference_mode()
def encode_texts(encoder: TextEncoder, tokenizer: ReportTokenizer, texts: Sequence[str]) -> NDArray[np.float32]:
    """float32 (N, D) unit norm, one row per text in the order given. An empty text is read as its end token alone."""
    encoded = [(*ids[: encoder.config.max_tokens - 1], tokenizer.eos) for ids in tokenizer.encode_batch(texts)]
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))  # like lengths share a batch
    embeddings = np.zeros((len(texts), encoder.config.embedding_dim), np.float32)
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        embeddings[places] = _embed(encoder, [encoded[place] for place in places], tokenizer.pad)
    return embeddings


def _embed(encoder: TextEncoder, batch: Sequence[tuple[int, ...]], pad: int) -> NDArray[np.float32]:
    length = max(map(len, batch))
    tokens = torch.tensor([[*ids, *[pad] * (length - len(ids))] for ids in batch])
    valid = torch.arange(length)[None] < torch.tensor([len(ids) for ids in batch])[:, None]
    device = encoder.token.weight.device
    embedded: NDArray[np.float32] = encoder(tokens.to(device), valid.to(device)).cpu().numpy()
    return embedded
