"""The text tower: report text to an embedding in the space of the video encoder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn
from torch.nn import functional

from model.bundle import MANIFEST, BundleManifest
from model.checkpoint import load_weights
from model.device import Placement
from model.errors import BundleMismatch
from model.report.decoder.attention import Transformer, initialise
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.text_encoder.bert import BertConfig, BertTextEncoder
from model.report.text_encoder.wordpiece import WORDPIECE_FILE, WordPiece

OWN, BERT = "transformer", "bert"  # `architecture` of networks.text_encoder; without one it is our own

EncodeTexts = Callable[[Sequence[str]], NDArray[np.float32]]
Config = TypeVar("Config", bound=BaseModel)
Network = TypeVar("Network", bound=nn.Module)
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


@dataclass(frozen=True, eq=False)
class TextTower:
    """A text encoder with its tokenizer. tokens: the ids of texts, cut at the encoder's limit. pad: id of padding."""

    network: TextEncoder | BertTextEncoder
    tokens: Callable[[Sequence[str]], list[tuple[int, ...]]]
    pad: int

    def padded(self, batch: Sequence[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens int64 (N, T) and valid bool (N, T), on the network's device."""
        length = max(map(len, batch))
        tokens = torch.tensor([[*ids, *[self.pad] * (length - len(ids))] for ids in batch])
        valid = torch.arange(length)[None] < torch.tensor([len(ids) for ids in batch])[:, None]
        device = self.network.token.weight.device
        return tokens.to(device), valid.to(device)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 (N, D) unit norm, one row per text in the order given; texts of like length share a batch."""
        encoded = self.tokens(texts)
        order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
        embeddings = np.zeros((len(encoded), self.network.config.embedding_dim), np.float32)
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            embeddings[places] = self.network(*self.padded([encoded[place] for place in places])).cpu().numpy()
        return embeddings


def own_tower(encoder: TextEncoder, tokenizer: ReportTokenizer) -> TextTower:
    """The tower of an encoder of this project. An empty text is read as its end token alone."""

    def tokens(texts: Sequence[str]) -> list[tuple[int, ...]]:
        return [(*ids[: encoder.config.max_tokens - 1], tokenizer.eos) for ids in tokenizer.encode_batch(texts)]

    return TextTower(encoder, tokens, tokenizer.pad)


def encode_texts(encoder: TextEncoder, tokenizer: ReportTokenizer, texts: Sequence[str]) -> NDArray[np.float32]:
    """float32 (N, D) unit norm, one row per text in the order given."""
    return own_tower(encoder, tokenizer).encode(texts)


def encode_reports(
    folder: Path, manifest: BundleManifest, texts: Sequence[str], placement: Placement | None = None
) -> NDArray[np.float32]:
    """float32 (N, D) unit norm: texts as the text encoder of a bundle embeds them, one row per text in the order given.

    Arguments and exceptions as in `open_text_encoder`; use that one to encode more than once.
    """
    return open_text_encoder(folder, manifest, placement)(texts)


def open_text_encoder(folder: Path, manifest: BundleManifest, placement: Placement | None = None) -> EncodeTexts:
    """Encodes texts as `encode_reports` does, with the weights read once. Exceptions as in `open_text_tower`."""
    return open_text_tower(folder, manifest, placement).encode


def open_text_tower(folder: Path, manifest: BundleManifest, placement: Placement | None = None) -> TextTower:
    """The text encoder of a bundle.

    `networks.text_encoder.architecture` says which kind it is: `bert`, or our own where it says nothing. placement: the
    CPU when none is given. Raises BundleMismatch when the bundle has no text encoder, or one of another form, and
    BundleCorrupt for a file that cannot be read.
    """
    network = manifest.networks.get("text_encoder")
    if network is None or "file" not in network:
        raise BundleMismatch(f"{folder / MANIFEST}: networks.text_encoder: bundle {manifest.name!r} has none")
    architecture = network.get("architecture", OWN)
    if architecture == OWN:
        own = _loaded(TextEncoder(_config(TextEncoderConfig, network, folder)), folder / network["file"], placement)
        return own_tower(own, ReportTokenizer.read(folder / network.get("tokenizer", TOKENIZER_FILE)))
    if architecture == BERT:
        bert = _loaded(BertTextEncoder(_config(BertConfig, network, folder)), folder / network["file"], placement)
        pieces = WordPiece.read(folder / network.get("tokenizer", WORDPIECE_FILE))
        return TextTower(bert, partial(pieces.encode_batch, max_tokens=bert.config.max_tokens), pieces.pad)
    raise BundleMismatch(
        f"{folder / MANIFEST}: networks.text_encoder.architecture: {architecture!r} is none of {OWN}, {BERT}"
    )


def _config(kind: type[Config], network: Mapping[str, Any], folder: Path) -> Config:
    fields = {name: value for name, value in network.items() if name not in {"architecture", "file", "tokenizer"}}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, ("networks.text_encoder", *first["loc"])))
        raise BundleMismatch(f"{folder / MANIFEST}: {field}: {first['msg']}") from error


def _loaded(network: Network, weights: Path, placement: Placement | None) -> Network:
    load_weights(network, weights)
    return network.eval() if placement is None else network.eval().to(placement.device, placement.dtype)
