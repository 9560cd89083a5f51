"""Fitted as well as scikit-learn's, whose start is drawn; and the same every time."""

import pytest
import torch
from sklearn.mixture import GaussianMixture

from service.site.calibration.mixture import fitted_mixture


def points() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    wide = torch.randn(900, 5, generator=generator, dtype=torch.float64)
    narrow = torch.randn(300, 5, generator=generator, dtype=torch.float64) * 0.2 + torch.tensor([2.0, -1, 0, 0, 1])
    mixed = torch.cat([wide, narrow])
    return (mixed - mixed.mean(0)) / mixed.std(0)


@pytest.mark.parametrize("components", [1, 2])
def test_as_likely_as_by_scikit_learn(components: int) -> None:
    given = points()
    ours = fitted_mixture(given, components).log_densities(given).logsumexp(1).mean()
    theirs = GaussianMixture(components, reg_covar=0.01, n_init=5, random_state=0).fit(given.numpy())
    assert float(ours) == pytest.approx(theirs.score(given.numpy()), abs=0.02)


def test_parts_are_found_and_found_again() -> None:
    one, two = fitted_mixture(points(), 2), fitted_mixture(points(), 2)
    assert torch.equal(one.covariances, two.covariances)
    assert sorted(one.weights.tolist()) == pytest.approx([0.25, 0.75], abs=0.03)
