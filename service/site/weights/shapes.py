"""What the tensors of a network say about its form: a ConvNeXt whole, an MViT as far as they tell."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from service.site.echoprime.errors import ReleaseMismatch

Weights = Mapping[str, torch.Tensor]
_BLOCK = re.compile(r"features\.(\d+)\.(\d+)\.block\.0\.weight")  # the depthwise convolution of a block
_HEAD = "head.1.weight"  # of torchvision's MViT: its rows are the embedding's dimensions


def convnext_of(weights: Weights, views: int, path: Path) -> dict[str, Any]:
    """The configuration of the torchvision ConvNeXt (tiny to large, or any other) whose weights these are.

    Raises ReleaseMismatch when they are none, or answer another number of views.
    """
    blocks: dict[int, int] = {}
    widths: dict[int, int] = {}
    for name, tensor in weights.items():
        if found := _BLOCK.fullmatch(name):
            stage = int(found[1])  # stages are at odd places, the halvings between them at even ones
            blocks[stage] = max(blocks.get(stage, 0), int(found[2]) + 1)
            widths[stage] = len(tensor)
    classes = weights.get("classifier.2.weight")
    if not blocks or classes is None:
        raise ReleaseMismatch(f"{path}: has no tensors of a torchvision ConvNeXt classifier")
    if len(classes) != views:
        raise ReleaseMismatch(f"{path}: tells {len(classes)} views apart, {views} are named")
    places = sorted(blocks)
    after = [*(widths[place] for place in places[1:]), None]
    return {
        "architecture": "convnext",
        "stages": [[widths[p], following, blocks[p]] for p, following in zip(places, after, strict=True)],
    }


def mvit_of(weights: Weights, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The configuration of the torchvision MViT v2 whose weights these are, its dimension read off them.

    given: `architecture` mvit with its blocks, or nothing for `mvit_v2_s`: strides and kernels are in no tensor.
    Raises ReleaseMismatch when they are no MViT, or a dimension that is given is another.
    """
    if _HEAD not in weights:
        raise ReleaseMismatch(f"{path}: has no tensor {_HEAD!r}, so it is no torchvision MViT")
    dimension = len(weights[_HEAD])
    if given.get("embedding_dim", dimension) != dimension:
        raise ReleaseMismatch(f"{path}: embeds in {dimension} dimensions, embedding_dim says {given['embedding_dim']}")
    return {"architecture": "mvit_v2_s", **given, "embedding_dim": dimension}
