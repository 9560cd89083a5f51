import numpy as np

from scripts.reference.release.candidate_vectors import CENTRES, CandidateVectors


def test_vectors_are_unit_and_the_same_for_a_seed() -> None:
    first, centres = CandidateVectors(1).draw(np.random.default_rng(0), 200)
    again, _ = CandidateVectors(1).draw(np.random.default_rng(0), 200)
    other, _ = CandidateVectors(2).draw(np.random.default_rng(0), 200)
    assert first.shape == (200, 512)
    assert first.dtype == np.float32
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert centres.max() < CENTRES


def test_centres_follow_zipf_and_draw_their_candidates_together() -> None:
    vectors, centres = CandidateVectors(0).draw(np.random.default_rng(0), 4000)
    counts = np.bincount(centres, minlength=CENTRES)
    assert 1.5 < counts[0] / counts[1] < 2.7
    largest = vectors[centres == 0]
    within, across = (largest @ largest.T).mean(), (largest @ vectors[centres > 50].T).mean()
    assert within > 0.6
    assert across < 0.1
