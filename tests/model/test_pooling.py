from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.embeddings import StudyEmbedding
from model.errors import BundleMismatch, InvalidStudy
from model.pooling import MilTable, pool_sections
from model.section_subspaces import even_subspaces
from scripts.reference.published_pipeline import section_vectors

VIEWS = ("A2C", "A4C", "SSN")
SECTIONS = ("Left Ventricle", "Aorta")
WEIGHTS = {"Left Ventricle": {"A2C": 1.0, "A4C": 2.0, "SSN": 0.0}, "Aorta": {"A2C": 0.0, "A4C": 0.0, "SSN": 3.0}}
TABLE = MilTable.from_mapping(WEIGHTS, SECTIONS, VIEWS)


def study(probabilities: list[list[float]], views: tuple[str, ...] = VIEWS, seed: int = 0) -> StudyEmbedding:
    clips = torch.randn(len(probabilities), 8, generator=torch.Generator().manual_seed(seed))
    shares = torch.tensor(probabilities, dtype=torch.float32).reshape(len(probabilities), len(views))
    return StudyEmbedding(clips, shares, tuple(range(1, len(probabilities) + 1)), views)


@settings(max_examples=30, deadline=None)
@given(clips=st.integers(1, 6), seed=st.integers(0, 99))
def test_equals_the_published_pooling(clips: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    embedding = study(random.dirichlet(np.ones(3), clips).tolist(), seed=seed)
    pooled = pool_sections(embedding, TABLE, "argmax", 0.0)
    views = embedding.view_probabilities.argmax(1).numpy()
    slow = section_vectors(embedding.clip_embeddings.numpy(), views, TABLE.weights.double().numpy())
    assert np.allclose(pooled.vectors.numpy(), slow, atol=1e-5)


def test_a_section_nobody_saw_is_not_assessed_and_its_vector_is_zero() -> None:
    pooled = pool_sections(study([[0.2, 0.7, 0.1]]), TABLE, "argmax", 0.0)
    assert pooled.assessed.tolist() == [True, False]
    assert pooled.vectors[0].norm() == pytest.approx(1, abs=1e-6)
    assert not pooled.vectors[1].any()


def test_too_little_weight_is_not_assessed() -> None:
    embedding = study([[0.2, 0.7, 0.1]])
    pooled = pool_sections(embedding, TABLE, "probability", 1.7)
    assert pooled.clip_weights.flatten().tolist() == pytest.approx([1.6, 0.3])
    assert pooled.assessed.tolist() == [False, False]
    assert pool_sections(embedding, TABLE, "probability", 1.5).assessed.tolist() == [True, False]


@pytest.mark.parametrize("weighting", ["argmax", "probability"])
def test_views_are_aligned_by_name(weighting: Literal["argmax", "probability"]) -> None:
    ordered = study([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]])
    shuffled = StudyEmbedding(
        ordered.clip_embeddings, ordered.view_probabilities[:, [2, 0, 1]], ordered.positions, ("SSN", "A2C", "A4C")
    )
    one, other = (pool_sections(each, TABLE, weighting, 0.0) for each in (ordered, shuffled))
    assert torch.allclose(one.vectors, other.vectors)
    assert torch.allclose(one.clip_weights, other.clip_weights)


def test_other_views_are_refused_by_name() -> None:
    with pytest.raises(InvalidStudy, match="Subcostal"):
        pool_sections(study([[1, 0, 0]], ("A2C", "A4C", "Subcostal")), TABLE, "argmax", 0.0)


def test_a_study_without_clips_assesses_nothing() -> None:
    pooled = pool_sections(study([]), TABLE, "probability", 0.0)
    assert not pooled.assessed.any()
    assert pooled.clip_weights.shape == (2, 0)


def test_a_table_must_be_complete_and_of_its_names_shape() -> None:
    with pytest.raises(InvalidStudy, match="Subcostal"):
        MilTable.from_mapping(WEIGHTS, SECTIONS, (*VIEWS, "Subcostal"))
    with pytest.raises(InvalidStudy, match="float32"):
        MilTable(SECTIONS, VIEWS, torch.ones(3, 2))


def test_a_section_reads_its_own_part_and_nothing_else() -> None:
    embedding = study([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    parts = even_subspaces(SECTIONS, 4)
    pooled = pool_sections(embedding, TABLE, "argmax", 0.0, parts)
    for row, (section, (first, end)) in enumerate(parts.items()):
        own = (embedding.clip_embeddings * pooled.clip_weights[row][:, None]).sum(0)[first:end]  # the slow twin
        assert torch.allclose(pooled.vectors[row, first:end], own / own.norm(), atol=1e-6), section
        others = torch.ones(8, dtype=torch.bool)
        others[first:end] = False
        assert not pooled.vectors[row, others].any()


@pytest.mark.parametrize("parts", [{"Aorta": (0, 4)}, {"Left Ventricle": (0, 4), "Aorta": (4, 9)}])
def test_parts_that_lack_a_section_or_leave_the_vector_are_refused(parts: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(BundleMismatch, match="section_subspaces"):
        pool_sections(study([[1.0, 0.0, 0.0]]), TABLE, "argmax", 0.0, parts)
