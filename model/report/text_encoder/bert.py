"""A BERT encoder whose first token is projected to an embedding: the text tower of EchoPrime's release.

Source: Devlin et al. 2019 (BERT), in the post-norm form of the published weights; BiomedBERT (Gu et al. 2021) has the
same form with its own vocabulary.
"""

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn
from torch.nn import functional

NORM_EPSILON = 1e-12  # BERT's published configuration, layer_norm_eps


class BertConfig(BaseModel):
    """Sizes of a BERT text encoder; stored in `bundle.json` under `networks.text_encoder`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: int = Field(gt=0)
    embedding_dim: int = Field(gt=0)
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    width: int = Field(gt=0)
    inner_width: int = Field(gt=0)
    max_tokens: int = Field(gt=0, description="Rows of the position table; longer texts are cut.")


class BertBlock(nn.Module):
    """Attention and feed-forward network, each added to its input and normalised afterwards."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attention_out = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.expand = nn.Linear(width, config.inner_width)
        self.contract = nn.Linear(config.inner_width, width)
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)

    def forward(self, hidden: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """(N, T, W); valid: bool (N, 1, 1, T), False on padding."""
        rows, length, width = hidden.shape
        queries, keys, values = (
            project(hidden).view(rows, length, self.heads, width // self.heads).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=valid)
        attended = self.attention_out(mixed.transpose(1, 2).reshape(rows, length, width))
        hidden = self.attention_norm(hidden + attended)
        out: torch.Tensor = self.norm(hidden + self.contract(functional.gelu(self.expand(hidden))))
        return out


class BertTextEncoder(nn.Module):
    """Tokens to an embedding of unit norm."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.max_tokens, config.width)
        self.segment = nn.Embedding(2, config.width)  # sentence A or B; a report is all A
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPSILON)
        self.blocks = nn.ModuleList(BertBlock(config) for _ in range(config.layers))
        self.project = nn.Linear(config.width, config.embedding_dim)

    def forward(self, tokens: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """float32 (N, D) unit norm. tokens: int64 (N, T); valid: bool (N, T), True in the first place of each row."""
        hidden = self.token(tokens) + self.segment.weight[0] + self.position.weight[: tokens.shape[1]]
        hidden = self.norm(hidden)
        for block in self.blocks:
            hidden = block(hidden, valid[:, None, None])
        return functional.normalize(self.project(hidden[:, 0]).float(), dim=-1)
