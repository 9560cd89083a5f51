"""Embedded studies come back from disk as they were, study by study."""

from pathlib import Path

import numpy as np
import pytest

from scripts.rendered.training.encoded_studies import EncodedStudies


def studies(offsets: tuple[int, ...] = (0, 2, 5)) -> EncodedStudies:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], 5).astype(np.float32)
    return EncodedStudies(
        seed=40_000,
        prior="clinical",
        views=("A4C", "A2C", "SSN"),
        encoder_sha256="0" * 64,
        studies=np.array([3, 9]),
        offsets=np.array(offsets),
        clip_embeddings=rng.standard_normal((5, 4)).astype(np.float32),
        view_probabilities=probabilities,
    )


def test_round_trip_keeps_every_study(tmp_path: Path) -> None:
    before = studies()
    before.write(tmp_path)
    after = EncodedStudies.read(tmp_path)
    assert (len(after), after.views, after.seed) == (2, before.views, before.seed)
    assert after.embedding(1).clip_embeddings.shape == (3, 4)
    np.testing.assert_allclose(after.clip_embeddings, before.clip_embeddings, atol=2e-3)
    assert after.state(1) == before.state(1) != before.state(0)


def test_offsets_that_do_not_divide_the_clips_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets"):
        studies((0, 2, 4))
