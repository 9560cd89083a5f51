"""The gap that was put in is found again, and stand-ins lie where videos lie."""

import numpy as np
import pytest
from numpy.typing import NDArray

from service.site.bank_training.rows.gap import ASSUMED_COSINE, Gap, TextModel, unit

STUDIES, SECTIONS, DIMENSION = 600, 3, 24
RNG = np.random.default_rng(0)


def across(texts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Queries on the other side: turned, moved, with noise."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSION, DIMENSION)))[0]
    turned = 0.6 * texts + 0.5 * texts @ turn
    offset = np.random.default_rng(2).standard_normal((SECTIONS, DIMENSION)) * 0.3
    noise = 0.02 * RNG.standard_normal((len(texts), SECTIONS, DIMENSION))
    return unit(turned[:, None] + offset + noise)


def test_stand_ins_of_other_texts_are_near_their_videos() -> None:
    texts = unit(RNG.standard_normal((STUDIES + 100, DIMENSION)))
    queries = across(texts)
    seen = RNG.random((STUDIES, SECTIONS)) < 0.9
    gap = Gap.of_studies(queries[:STUDIES], seen, texts[:STUDIES])
    found, _ = gap.queries(texts[STUDIES:], np.random.default_rng(3))
    own = (found * queries[STUDIES:]).sum(axis=2).mean()
    straight = (texts[STUDIES:, None] * queries[STUDIES:]).sum(axis=2).mean()
    assert own > 0.95 > straight
    assert gap.about()["studies"] == STUDIES


def test_sections_are_missing_as_in_real_studies() -> None:
    texts = unit(RNG.standard_normal((STUDIES, DIMENSION)))
    seen = np.ones((STUDIES, SECTIONS), np.bool_)
    seen[: STUDIES // 2, 1] = False
    _, shown = Gap.of_studies(across(texts), seen, texts).queries(texts, np.random.default_rng(4))
    assert shown[:, [0, 2]].all()
    assert 0.4 < shown[:, 1].mean() < 0.6


def test_without_studies_the_assumed_cosine_is_kept() -> None:
    texts = unit(RNG.standard_normal((400, 256)))
    found, shown = Gap.assumed(SECTIONS, 256).queries(texts, np.random.default_rng(5))
    assert (found * texts[:, None]).sum(axis=2).mean() == pytest.approx(ASSUMED_COSINE, abs=0.02)
    assert 0.9 < shown.mean() < 1


def test_the_same_seed_gives_the_same_stand_ins() -> None:
    texts = unit(RNG.standard_normal((10, DIMENSION)))
    gap = Gap.assumed(SECTIONS, DIMENSION)
    first, again, other = (gap.queries(texts, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_report_makes_its_text_vector_expected() -> None:
    said = RNG.random((500, 12)) < 0.4
    vectors = (said @ RNG.standard_normal((12, DIMENSION)) + 1).astype(np.float32)
    found = TextModel.of(said[:400], vectors[:400]).vectors(said[400:])
    np.testing.assert_allclose(found, vectors[400:], atol=0.1)
