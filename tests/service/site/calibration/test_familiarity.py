"""Known clips are flagged as often as asked, foreign ones nearly always."""

from dataclasses import replace

import pytest
import torch

from model.embeddings import StudyEmbedding
from model.familiarity.clip_distances import ClipDistances
from service.site.calibration.familiarity import clip_distances, with_study_limits

VIEWS = ("front", "side", "unseen")
MEANS = torch.randn(3, 16, generator=torch.Generator().manual_seed(9)) * 3


def studies(count: int, seed: int, shift: float = 0.0) -> list[StudyEmbedding]:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(16, 16, generator=torch.Generator().manual_seed(10)) * 0.4
    drawn = []
    for _ in range(count):
        views = torch.randint(0, 2, (8,), generator=generator)
        clips = MEANS[views] + torch.randn(8, 16, generator=generator) @ mixing + shift
        drawn.append(StudyEmbedding(clips, torch.eye(3)[views], tuple(range(1, 9)), VIEWS))
    return drawn


@pytest.mark.parametrize("false_flags", [0.05, 0.2])
def test_known_clips_are_flagged_as_often_as_asked_and_foreign_ones_nearly_always(false_flags: float) -> None:
    known = clip_distances(studies(300, 0), false_flags)
    flagged = torch.cat([known.shares(study) > 1 for study in studies(300, 1)]).float().mean()
    assert flagged == pytest.approx(false_flags, abs=0.02)
    foreign = torch.cat([known.shares(study) > 1 for study in studies(50, 2, shift=4.0)]).float().mean()
    assert foreign > 0.9


def test_a_clip_under_another_view_is_far() -> None:
    known = clip_distances(studies(300, 0), 0.05)
    turned = [
        StudyEmbedding(s.clip_embeddings, s.view_probabilities[:, [1, 0, 2]], s.positions, s.views)
        for s in studies(20, 3)
    ]
    assert torch.cat([known.shares(study) > 1 for study in turned]).float().mean() > 0.9


def test_spectra_find_what_embeddings_cannot_and_share_the_false_flags() -> None:
    def seen(drawn: list[StudyEmbedding], seed: int, shift: float = 0.0) -> list[StudyEmbedding]:
        generator = torch.Generator().manual_seed(seed)
        return [replace(s, clip_spectra=torch.randn(8, 5, generator=generator) + shift) for s in drawn]

    known = clip_distances(seen(studies(300, 0), 20), 0.1)
    flagged = torch.cat([known.shares(study) > 1 for study in seen(studies(300, 1), 21)]).float().mean()
    assert flagged == pytest.approx(0.1, abs=0.025)
    assert torch.cat([known.shares(s) > 1 for s in seen(studies(50, 2), 22, shift=4.0)]).float().mean() > 0.9
    mixed = clip_distances([*seen(studies(20, 0), 20), *studies(20, 1)], 0.1)
    assert mixed.spectra is None, "not all studies have them"


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="two studies"):
        clip_distances(studies(1, 0), 0.05)
    with pytest.raises(ValueError, match="two studies"):
        clip_distances([], 0.05)


def are_unlike(known: ClipDistances, drawn: list[StudyEmbedding]) -> list[bool]:
    found = [known.study(study) for study in drawn]
    return [each.unlike for each in found if each is not None]


def test_one_known_study_in_a_hundred_is_unlike_and_those_whose_clips_tell_nothing_are() -> None:
    known = clip_distances(studies(300, 0), 0.05)
    assert sum(are_unlike(known, studies(1000, 1))) <= 20
    middle = [replace(s, clip_embeddings=s.clip_embeddings * 0 + MEANS[:2].mean(dim=0)) for s in studies(20, 2)]
    assert all(are_unlike(known, middle))


def test_further_looks_move_the_limits_of_studies_alone() -> None:
    known = clip_distances(studies(120, 0), 0.05)
    wider = clip_distances(studies(120, 0), 0.05, studies(60, 3, shift=1.0))
    alone = with_study_limits(known, studies(120, 0), studies(60, 3, shift=1.0))
    assert known.study_limits is not None
    assert wider.study_limits is not None
    assert alone.study_limits is not None
    assert torch.equal(alone.study_limits, wider.study_limits)
    assert wider.study_limits[-1] > known.study_limits[-1]
    assert torch.equal(wider.embeddings.limits, known.embeddings.limits)
