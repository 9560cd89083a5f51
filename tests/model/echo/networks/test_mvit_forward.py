"""Our forward pass of an MViT against torchvision's, which is its slow twin."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cosine_similarity
from torchvision.models.video.mvit import MSBlockConfig, MViT, Pool

from model.echo.networks.mvit_forward import FusedMViT, has_fused_form, one_hot_places
from model.echo.networks.mvit_tokens import ProjectedPooling, Tokens, positions_seen
from model.echo.networks.video_encoder import build_video_encoder
from tests.model.echo.networks.small_mvit import small_video_encoder
from tests.model.echo.small_echo import VIDEO_ENCODER


def block(heads: int, width: int, width_after: int, stride_q: int, stride_kv: int) -> dict[str, Any]:
    kernels = {"kernel_q": [3, 3, 3], "kernel_kv": [3, 3, 3]}
    strides = {"stride_q": [1, stride_q, stride_q], "stride_kv": [1, stride_kv, stride_kv]}
    return {"num_heads": heads, "input_channels": width, "output_channels": width_after, **kernels, **strides}


def encoder_of(blocks: list[dict[str, Any]], size: int, frames: int, seed: int = 0) -> nn.Module:
    """An encoder whose weights are three times the usual, so that the same answer to everything cannot pass."""
    torch.manual_seed(seed)
    config = {**VIDEO_ENCODER, "image_size": size, "frames": frames, "blocks": blocks}
    encoder = build_video_encoder(config)
    for parameter in encoder.parameters():
        parameter.data.mul_(3)
    return encoder


def agree(slow: nn.Module, clips: torch.Tensor) -> bool:
    with torch.no_grad():
        theirs = slow(clips)
    ours = FusedMViT(slow)(clips)
    assert ours.shape == theirs.shape
    assert not torch.allclose(theirs[:1], theirs[1:2]) or len(theirs) == 1
    return bool((cosine_similarity(ours, theirs) >= 0.99999).all() and (ours - theirs).abs().max() < 2e-4)


TINY = encoder_of([block(1, 16, 16, 1, 8), block(2, 16, 32, 2, 2), block(2, 32, 32, 1, 1)], size=64, frames=4)


@settings(max_examples=12, deadline=None)
@given(count=st.integers(1, 64), seed=st.integers(0, 2**31))
def test_any_number_of_clips_gives_torchvisions_embeddings(count: int, seed: int) -> None:
    clips = torch.randn(count, 3, 4, 64, 64, generator=torch.Generator().manual_seed(seed))
    assert agree(TINY, clips)


@pytest.mark.parametrize(
    ("blocks", "size", "frames"),
    [
        ([block(1, 16, 16, 1, 2), block(1, 16, 32, 2, 2)], 32, 2),  # a last block that pools and widens
        ([block(1, 16, 16, 1, 4), block(2, 16, 32, 2, 4), block(2, 32, 32, 1, 2)], 48, 6),
        ([block(1, 16, 16, 1, 1), block(1, 16, 16, 2, 1)], 96, 8),  # 576 keys: fused attention
        ([block(2, 16, 16, 2, 5), block(2, 16, 32, 2, 1)], 72, 4),  # sides that strides do not divide
    ],
)
def test_every_shape_of_network_gives_torchvisions_embeddings(
    blocks: list[dict[str, Any]], size: int, frames: int
) -> None:
    clips = torch.randn(3, 3, frames, size, size, generator=torch.Generator().manual_seed(1))
    assert agree(encoder_of(blocks, size, frames), clips)


def test_the_shipped_small_encoder_keeps_its_numbers() -> None:
    torch.manual_seed(0)
    assert agree(build_video_encoder(small_video_encoder(64, 8, 32)), torch.randn(2, 3, 8, 64, 64))


def test_the_full_size_encoder_keeps_its_numbers_and_bfloat16_stays_close() -> None:
    torch.manual_seed(0)
    slow = build_video_encoder({"architecture": "mvit_v2_s", "embedding_dim": 512})
    clips = torch.randn(1, 3, 16, 224, 224)
    with torch.no_grad():
        theirs = slow(clips)
    fast = FusedMViT(slow)
    assert cosine_similarity(fast(clips), theirs).min() >= 0.99999
    assert cosine_similarity(fast.bfloat16()(clips.bfloat16()).float(), theirs).min() >= 0.9995


def test_weights_are_shared_with_the_network_that_was_loaded() -> None:
    fast = FusedMViT(TINY)
    own = {id(parameter) for parameter in TINY.parameters()}
    assert all(id(parameter) in own for parameter in fast.parameters())


def test_networks_of_another_form_are_known_as_such() -> None:
    blocks = [MSBlockConfig(**block(1, 16, 16, 1, 2)), MSBlockConfig(**block(1, 16, 16, 1, 2))]
    first_version = MViT(spatial_size=(32, 32), temporal_size=4, block_setting=blocks, residual_pool=False,
                         residual_with_cls_embed=True, rel_pos_embed=False, proj_after_attn=False)  # fmt: skip
    assert has_fused_form(TINY)
    assert not has_fused_form(first_version)
    assert not has_fused_form(nn.Linear(1, 1))
    unpooled = {**block(1, 16, 16, 1, 1), "kernel_q": [], "stride_q": []}
    assert not has_fused_form(encoder_of([unpooled, unpooled], 32, 4))


@settings(max_examples=25, deadline=None)
@given(size=st.integers(3, 20), stride=st.integers(1, 9), kernel=st.sampled_from([1, 3, 5]), seed=st.integers(0, 2**31))
def test_pooling_what_windows_see_is_pooling_everything(size: int, stride: int, kernel: int, seed: int) -> None:
    torch.manual_seed(seed)
    width, heads, grid = 4, 2, (3, size, size)
    sizes = ((3, kernel, kernel), (1, stride, stride), (1, kernel // 2, kernel // 2))
    pool = Pool(nn.Conv3d(width, width, *sizes, groups=width, bias=False), nn.LayerNorm(width))
    project = nn.Linear(6, heads * width)
    tokens = Tokens(torch.randn(2 * 3 * size * size + 2, 6), 2, grid)
    with torch.no_grad():
        patches, classes = ProjectedPooling(pool, grid, heads)(tokens, project.weight, project.bias)
        joined = torch.cat((tokens.classes[:, None], tokens.patches.flatten(1, 3)), dim=1)
        theirs, after = pool(project(joined).view(2, -1, heads, width).transpose(1, 2), grid)
    assert torch.allclose(theirs[:, :, 0], classes, atol=1e-5)
    assert torch.allclose(theirs[:, :, 1:].transpose(1, 2), patches, atol=1e-5)
    assert after[0] * after[1] * after[2] == patches.shape[1]


def test_positions_seen_by_hand() -> None:
    assert positions_seen(9, 3, 4, 1).tolist() == [0, 1, 3, 4, 5, 7, 8]
    assert positions_seen(5, 3, 1, 1).tolist() == [0, 1, 2, 3, 4]


def test_a_key_has_a_one_at_its_time_its_row_and_its_column() -> None:
    assert one_hot_places((1, 2, 2)).tolist() == [[1, 1, 0, 1, 0], [1, 1, 0, 0, 1], [1, 0, 1, 1, 0], [1, 0, 1, 0, 1]]
