"""Patients are alike in a section when it says the same of them, and unlike by what differs."""

import numpy as np

from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.training.section_targets import FindingScale, alike

STATES = [state_of(12_345, number, "independent") for number in range(200)]


def test_a_patient_is_most_like_himself_and_rows_sum_to_one() -> None:
    targets = FindingScale.fit(STATES).targets(STATES)
    for section, features in targets.features.items():
        shares = alike(features, features)
        np.testing.assert_allclose(shares.sum(1), 1, atol=1e-4)
        assert (np.diag(shares) >= shares.max(axis=1) - 1e-4).all(), section


def test_likeness_in_the_left_ventricle_falls_with_the_difference_in_ejection_fraction() -> None:
    features = FindingScale.fit(STATES).targets(STATES).features["Left Ventricle"]
    ejection = np.array([state.ejection_fraction_percent for state in STATES])
    apart = np.abs(ejection[:, None] - ejection[None])
    shares = alike(features, features, width=3.0)
    assert shares[apart < 5].mean() > 3 * shares[apart > 20].mean()
