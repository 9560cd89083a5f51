"""Our forward pass of a ConvNeXt against torchvision's, which is its slow twin."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.networks.convnext_forward import FusedConvNeXt
from model.echo.networks.view_classifier import build_view_classifier, small_view_classifier

SLOW = build_view_classifier({"architecture": "convnext", "stages": [[8, 16, 2], [16, None, 1]]}, ["a", "b", "c"])
for _parameter in SLOW.parameters():
    _parameter.data.normal_(std=0.3, generator=torch.Generator().manual_seed(0))


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 64), side=st.integers(16, 40), seed=st.integers(0, 2**31))
def test_any_number_of_pictures_gives_torchvisions_logits(count: int, side: int, seed: int) -> None:
    pictures = torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        theirs = SLOW(pictures)
    ours = FusedConvNeXt(SLOW)(pictures)
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)
    assert torch.equal(ours.argmax(1), theirs.argmax(1))


def test_the_shipped_small_classifier_keeps_its_view_in_bfloat16() -> None:
    torch.manual_seed(0)
    slow = build_view_classifier(small_view_classifier(), [str(number) for number in range(11)])
    for parameter in slow.parameters():
        parameter.data.mul_(3)
    pictures = torch.randn(6, 3, 112, 112)
    with torch.no_grad():
        theirs = slow(pictures)
    ours = FusedConvNeXt(slow).bfloat16()(pictures.bfloat16()).float()
    certain = theirs.topk(2).values.diff(dim=1).abs().flatten() > 0.02 * theirs.abs().max()
    assert certain.any()
    assert torch.equal(ours.argmax(1)[certain], theirs.argmax(1)[certain])
