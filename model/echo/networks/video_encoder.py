"""Clip → embedding: an MViT v2, EchoPrime's own size or a small one with explicit blocks."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from model.echo.networks.planar_encoder import build_planar_encoder
from model.echo.networks.torchvision_networks import MSBlockConfig, MViT, mvit_v2_s
from model.errors import BundleMismatch


def build_video_encoder(config: Mapping[str, Any]) -> nn.Module:
    """The network of a bundle's `video_encoder` configuration, weights not yet loaded, in evaluation mode.

    `mvit_v2_s`: torchvision's, (B, 3, 16, 224, 224) → (B, embedding_dim), as EchoPrime's. `mvit`: the same family for
    any number of frames and image size, its blocks listed. `planar`: 2-D convolutions over frames as channels. Raises
    BundleMismatch for another architecture.
    """
    architecture = config.get("architecture")
    encoder: nn.Module
    if architecture == "mvit_v2_s":
        published = mvit_v2_s()
        published.head[-1] = nn.Linear(published.head[-1].in_features, int(config["embedding_dim"]))
        encoder = published
    elif architecture == "mvit":
        encoder = _mvit(config)
    elif architecture == "planar":
        encoder = build_planar_encoder(config)
    else:
        raise BundleMismatch(
            f"networks.video_encoder.architecture: {architecture!r} is none of mvit_v2_s, mvit, planar"
        )
    return encoder.eval()


def _mvit(config: Mapping[str, Any]) -> nn.Module:
    """An MViT of torchvision in its v2 form (relative positions, pooled residuals, projection after attention)."""
    size, frames = int(config["image_size"]), int(config["frames"])
    network: nn.Module = MViT(
        spatial_size=(size, size),
        temporal_size=frames,
        block_setting=[MSBlockConfig(**block) for block in config["blocks"]],
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        num_classes=int(config["embedding_dim"]),
        patch_embed_kernel=tuple(config["patch_kernel"]),
        patch_embed_stride=tuple(config["patch_stride"]),
        patch_embed_padding=tuple(side // 2 for side in config["patch_kernel"]),
    )
    return network
