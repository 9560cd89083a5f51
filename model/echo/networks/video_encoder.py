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


def small_video_encoder(image_size: int = 112, frames: int = 16, embedding_dim: int = 512) -> dict[str, Any]:
    """Configuration of the small encoder: 3.3 million parameters, three resolutions, 16×112×112 in 0.04 s on a core.

    Source: MViTv2 (Li et al. 2022) scaled down; LOG 2026-11-22 has its time and size.
    """
    stages = (  # blocks, heads, width, spatial stride of keys and values
        (1, 1, 64, 4),
        (2, 2, 128, 2),
        (6, 3, 192, 1),
    )
    blocks: list[dict[str, Any]] = []
    width_before = stages[0][2]
    for stage, (count, heads, width, kv) in enumerate(stages):
        for number in range(count):
            first = number == 0 and stage > 0
            blocks.append(
                {
                    "num_heads": heads,
                    "input_channels": width_before,
                    "output_channels": width,
                    "kernel_q": [3, 3, 3],
                    "kernel_kv": [3, 3, 3],
                    "stride_q": [1, 2, 2] if first else [1, 1, 1],
                    "stride_kv": [1, kv, kv],
                }
            )
            width_before = width
    return {
        "architecture": "mvit",
        "image_size": image_size,
        "frames": frames,
        "embedding_dim": embedding_dim,
        "patch_kernel": [3, 11, 11],  # overlaps its neighbours, as MViT's own 7 at stride 4
        "patch_stride": [2, 8, 8],
        "blocks": blocks,
    }
