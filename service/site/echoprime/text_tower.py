"""The release's text encoder: sizes read off its tensors, and their names as `text_encoder.bert` has them."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch

from model.report.text_encoder.bert import BertConfig
from service.site.echoprime.errors import ReleaseMismatch

_HEAD_WIDTH = 64  # channels per attention head in every published BERT; the weights do not tell it
_BACKBONE = "backbone.bert."
_UNUSED = ("backbone.cls.", "backbone.bert.pooler.")  # predicts masked words, or pools for them; no embedding passes it
_BUFFER = "embeddings.position_ids"  # 0, 1, 2 ... in files of older libraries
_NAMES = {
    "embeddings.word_embeddings": "token",
    "embeddings.position_embeddings": "position",
    "embeddings.token_type_embeddings": "segment",
    "embeddings.LayerNorm": "norm",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attention_out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "expand",
    "output.dense": "contract",
    "output.LayerNorm": "norm",
}
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.(.+)")


def rename_tensors(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors an embedding passes through, by our names; unknown ones keep theirs, so that they are refused."""
    return {
        _rename(name): tensor
        for name, tensor in weights.items()
        if not name.startswith(_UNUSED) and name != _BACKBONE + _BUFFER
    }


def _rename(name: str) -> str:
    module, _, kind = name.removeprefix(_BACKBONE).rpartition(".")
    if module == "text_projection":
        return f"project.{kind}"
    if layer := _LAYER.fullmatch(module):
        return f"blocks.{layer[1]}.{_NAMES.get(layer[2], layer[2])}.{kind}"
    return f"{_NAMES.get(module, module)}.{kind}"


def bert_config(weights: Mapping[str, torch.Tensor], path: Path) -> BertConfig:
    """Sizes of the encoder whose weights these are. Raises ReleaseMismatch when they are no BERT with a projection."""
    found = rename_tensors(weights)
    try:
        vocabulary, width = found["token.weight"].shape
        embedding_dim = len(found["project.weight"])
        inner_width = len(found["blocks.0.expand.weight"])
        max_tokens = len(found["position.weight"])
    except (KeyError, ValueError) as error:
        raise ReleaseMismatch(f"{path}: is no BERT with a text projection ({error!r})") from error
    if width % _HEAD_WIDTH and width > _HEAD_WIDTH:
        raise ReleaseMismatch(f"{path}: its width {width} is no multiple of {_HEAD_WIDTH}, the width of a head")
    return BertConfig(
        vocabulary=vocabulary,
        embedding_dim=embedding_dim,
        layers=1 + max(int(name.split(".")[1]) for name in found if name.startswith("blocks.")),
        heads=max(1, width // _HEAD_WIDTH),
        width=width,
        inner_width=inner_width,
        max_tokens=max_tokens,
    )
