import torch

from model.echo.networks.untrained import centre_embeddings, random_sectors
from model.echo.networks.video_encoder import build_video_encoder, small_video_encoder
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing


def median_cosine(embeddings: torch.Tensor) -> float:
    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosines = unit @ unit.T
    return float(cosines[~torch.eye(len(unit), dtype=torch.bool)].median())


def test_random_sectors_are_seeded_and_of_the_profile_s_shape() -> None:
    config = echoscribe_preprocessing(48)
    first = random_sectors(2, config, seed=3)
    assert first.shape == (2, 3, 16, 48, 48)
    assert torch.equal(first, random_sectors(2, config, seed=3))
    assert not torch.equal(first, random_sectors(2, config, seed=4))


@torch.no_grad()
def test_centred_embeddings_point_in_different_directions_also_for_unseen_clips() -> None:
    torch.manual_seed(0)
    encoder, config = build_video_encoder(small_video_encoder()), echoscribe_preprocessing(112)
    unseen, seen = random_sectors(8, config, seed=9), random_sectors(24, config, seed=1)
    before = median_cosine(encoder(unseen))
    centre_embeddings(encoder, seen)
    assert encoder(seen).mean(dim=0).norm() < 1e-3
    after = encoder(unseen)
    assert median_cosine(after) < min(0.25, before - 0.25)
    assert 0.3 < after.norm(dim=1).median() < 3
