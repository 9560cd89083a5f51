"""The table finds which view tells which section, pools as the service does, and says from where on it is assessed."""

import numpy as np
import pytest
import torch

from model.embeddings import StudyEmbedding
from model.pooling import MilTable, pool_sections
from scripts.rendered.mil.mil_assessment import SectionSums, chosen_weight
from scripts.rendered.mil.mil_learning import TELLING, MilLearner, MilPlan, losses_of
from scripts.rendered.mil.mil_studies import NO_CLIP, MilStudies

STUDIES, CLIPS, WIDTH = 160, 4, 6
SECTIONS, VIEWS = ("valve", "vein"), ("front", "side", "below")
SHOWS = {"valve": {0: 1.0, 1: 0.5}, "vein": {2: 1.0}}  # view → how clearly


@pytest.fixture(scope="module")
def studies() -> MilStudies:
    """Each section of a study is one of three kinds; clips of a view that shows it lie near the kind's report."""
    rng = np.random.default_rng(0)
    rendered = rng.integers(0, 3, (STUDIES, CLIPS))
    rendered[:, -1] = np.where(rng.random(STUDIES) < 0.5, NO_CLIP, rendered[:, -1])
    shares = np.where(rendered[..., None] == NO_CLIP, 0, 0.02 + 0.94 * (rendered[..., None] == np.arange(3)))
    kinds = torch.nn.functional.normalize(torch.from_numpy(rng.standard_normal((3, WIDTH)).astype(np.float32)), dim=1)
    blocks, texts, features = {}, {}, {}
    for section in SECTIONS:
        kind = rng.integers(0, 3, STUDIES)
        texts[section], features[section] = kinds[kind], 4 * np.eye(3, dtype=np.float32)[kind]
        clarity = sum(SHOWS[section].get(view, 0.0) * (rendered == view) for view in range(3))
        noise = rng.standard_normal((STUDIES, CLIPS, WIDTH)).astype(np.float32)
        shown = torch.from_numpy(np.asarray(clarity, np.float32))[..., None] * kinds[kind][:, None]
        blocks[section] = (shown + 0.3 * torch.from_numpy(noise)) * torch.from_numpy(rendered != NO_CLIP)[..., None]
    return MilStudies(SECTIONS, VIEWS, blocks, torch.from_numpy(shares.astype(np.float32)), rendered, texts, features)


def learner(studies: MilStudies) -> MilLearner:
    return MilLearner(studies, np.arange(120), MilPlan(steps=60, studies_per_step=64))


def test_only_views_that_show_a_section_tell(studies: MilStudies) -> None:
    telling = learner(studies).telling() >= TELLING
    assert telling.tolist() == [[True, True, False], [False, False, True]]


def test_the_learned_table_serves_better_than_an_even_one(studies: MilStudies) -> None:
    weights = learner(studies).learn(np.array([[True, True, False], [False, False, True]]))
    assert weights.max(axis=1).tolist() == [1, 1]
    assert weights[0, 2] == weights[1, 0] == weights[1, 1] == 0
    assert 0.25 <= weights[0, 1] <= weights[0, 0]
    held_out = np.arange(120, STUDIES)
    learned = losses_of(studies, weights, np.arange(120), held_out)
    even = losses_of(studies, np.ones_like(weights), np.arange(120), held_out)
    nothing = losses_of(studies, np.zeros_like(weights), np.arange(120), held_out)
    for section in SECTIONS:
        assert learned[section] < even[section] < nothing[section]
    assert nothing["vein"] == pytest.approx(np.log(60), abs=0.01)  # no nearer to one of 60 reports than to another


def test_pooling_equals_the_services(studies: MilStudies) -> None:
    weights = torch.tensor([[1.0, 0.3, 0.0], [0.2, 0.0, 1.0]])
    rows = np.arange(STUDIES)
    ours = [studies.pooled(section, weights[row], rows) for row, section in enumerate(SECTIONS)]
    subspaces = {"valve": (0, WIDTH), "vein": (WIDTH, 2 * WIDTH)}
    for study in (0, 1, 2):
        used = studies.rendered[study] != NO_CLIP
        embedding = StudyEmbedding(
            torch.cat([studies.blocks[section][study][used] for section in SECTIONS], dim=1),
            studies.shares[study][used],
            tuple(range(int(used.sum()))),
            VIEWS,
        )
        slow = pool_sections(embedding, MilTable(SECTIONS, VIEWS, weights), "probability", 0.0, subspaces)
        for row, (first, end) in enumerate(subspaces.values()):
            torch.testing.assert_close(ours[row][study], slow.vectors[row, first:end])


def test_the_least_weight_parts_studies_with_and_without_a_telling_clip(studies: MilStudies) -> None:
    weights = np.array([[1, 0.4, 0], [0, 0, 1]], np.float32)
    sums = SectionSums.of(studies, weights, np.arange(STUDIES))
    least = chosen_weight(sums)
    assert 4 * 0.02 < least < 0.4 * 0.96  # above what four clips leak, below one clip of the lighter view
    assert sums.right(least) == (1, 1)
    assert sums.right(9.0)[1] == 0
    assert sums.right(0.0)[0] == 0
