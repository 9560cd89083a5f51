import pytest
import torch

from model.echo.networks.planar_encoder import planar_encoder
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier, residual_view_classifier, small_view_classifier
from model.errors import BundleMismatch
from scripts.reference.published_pipeline import seeded_networks
from tests.model.echo.networks.small_mvit import small_video_encoder


def test_the_small_encoder_is_small_and_embeds() -> None:
    encoder = build_video_encoder(small_video_encoder())
    assert sum(parameter.numel() for parameter in encoder.parameters()) <= 3.5e6
    with torch.no_grad():
        assert encoder(torch.zeros(1, 3, 16, 112, 112)).shape == (1, 512)


@pytest.mark.parametrize(("size", "frames", "dimension"), [(64, 8, 32), (96, 4, 512)])
def test_the_small_encoder_takes_other_sizes(size: int, frames: int, dimension: int) -> None:
    encoder = build_video_encoder(small_video_encoder(size, frames, dimension))
    with torch.no_grad():
        assert encoder(torch.zeros(1, 3, frames, size, size)).shape == (1, dimension)


def test_full_size_networks_are_the_published_ones_tensor_by_tensor() -> None:
    theirs = seeded_networks(seed=5)
    torch.manual_seed(5)
    encoder = build_video_encoder({"architecture": "mvit_v2_s", "embedding_dim": 512})
    torch.manual_seed(5)
    classifier = build_view_classifier({"architecture": "convnext_base"}, [str(number) for number in range(11)])
    for ours, published in zip((encoder, classifier), theirs, strict=True):
        assert not ours.training
        wanted = published.state_dict()
        assert ours.state_dict().keys() == wanted.keys()
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in ours.state_dict().items())


def test_the_small_classifier_answers_with_one_logit_per_view() -> None:
    classifier = build_view_classifier(small_view_classifier(), ["a", "b", "c"])
    with torch.no_grad():
        assert classifier(torch.zeros(2, 3, 112, 112)).shape == (2, 3)


def test_unknown_architectures_are_refused_by_name() -> None:
    with pytest.raises(BundleMismatch, match="'r2plus1d' is none of"):
        build_video_encoder({"architecture": "r2plus1d"})
    with pytest.raises(BundleMismatch, match="None is none of"):
        build_view_classifier({}, ["a"])


def test_the_planar_encoder_embeds_and_sees_the_order_of_frames() -> None:
    torch.manual_seed(0)
    encoder = build_video_encoder(planar_encoder(32, 4, 30))
    clips = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        embedded, shuffled = encoder(clips), encoder(clips[:, :, [2, 0, 3, 1]])
    assert embedded.shape == (2, 30)
    assert not torch.allclose(embedded, shuffled)


def test_the_residual_classifier_scores_every_view_and_is_small() -> None:
    classifier = build_view_classifier(residual_view_classifier(), ["a", "b", "c"])
    with torch.inference_mode():
        assert classifier(torch.zeros(2, 3, 112, 112)).shape == (2, 3)
    assert sum(weight.numel() for weight in classifier.parameters()) < 2e6
