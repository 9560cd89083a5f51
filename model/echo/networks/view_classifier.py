"""Picture → view: a ConvNeXt, EchoPrime's own size or a small one with explicit blocks, or a small residual network."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from model.echo.networks.residual import ResidualClassifier
from model.echo.networks.torchvision_networks import CNBlockConfig, ConvNeXt, convnext_base
from model.errors import BundleMismatch


def build_view_classifier(config: Mapping[str, Any], views: Sequence[str]) -> nn.Module:
    """The network of a bundle's `view_classifier` configuration, weights not yet loaded, in evaluation mode.

    (B, 3, S, S) normalised → (B, V) logits in the order of `views`. `convnext_base` is EchoPrime's; `convnext` lists
    its stages as [width, width of the next stage, blocks], `residual` its widths.
    Raises BundleMismatch for another architecture.
    """
    architecture = config.get("architecture")
    if architecture == "convnext_base":
        classifier = convnext_base()
        classifier.classifier[-1] = nn.Linear(classifier.classifier[-1].in_features, len(views))
    elif architecture == "convnext":
        stages = [CNBlockConfig(width, after, blocks) for width, after, blocks in config["stages"]]
        classifier = ConvNeXt(stages, num_classes=len(views))
    elif architecture == "residual":
        classifier = ResidualClassifier(config["widths"], len(views))
    else:
        raise BundleMismatch(
            f"networks.view_classifier.architecture: {architecture!r} is none of convnext_base, convnext, residual"
        )
    return classifier.eval()  # type: ignore[no-any-return]  # torchvision carries no types


def small_view_classifier() -> dict[str, Any]:
    """Configuration of the small classifier: 1.4 million parameters.

    Source: ConvNeXt (Liu et al. 2022) scaled down; LOG L-011 has its time and size.
    """
    return {"architecture": "convnext", "stages": [[32, 64, 2], [64, 128, 2], [128, 192, 4], [192, None, 2]]}


def residual_view_classifier() -> dict[str, Any]:
    """Configuration of the default's classifier: 1.7 million parameters.

    Source: LOG 2026-11-22, chosen by measurement beside the small ConvNeXt.
    """
    return {"architecture": "residual", "widths": [48, 96, 160, 224]}
