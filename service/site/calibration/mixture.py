"""A mixture of Gaussians fitted by expectation maximisation; always the same for the same points.

Not scikit-learn's, because `echoscribe calibrate` runs in the service's image, which has neither it nor
SciPy (a hundred megabytes); a test holds the likelihood against it.
"""

import math
from dataclasses import dataclass

import torch

# Added to every variance of points of unit variance: a component may not shrink onto a few clips. 0.001 does as well.
_LEAST_VARIANCE = 0.01
_ROUNDS = 300
_GAIN = 1e-4  # of the mean log likelihood in a round, below which it is done; it takes some 30 rounds here


@dataclass(frozen=True, eq=False)
class Mixture:
    """weights: float64 (K,) sum to one. centres: float64 (K, D). covariances: float64 (K, D, D)."""

    weights: torch.Tensor
    centres: torch.Tensor
    covariances: torch.Tensor

    def log_densities(self, points: torch.Tensor) -> torch.Tensor:
        """float64 (N, K): of each component, times its weight. points: float64 (N, D)."""
        normal = torch.distributions.MultivariateNormal(self.centres, self.covariances, validate_args=False)
        densities: torch.Tensor = normal.log_prob(points[:, None])  # type: ignore[no-untyped-call]  # torch does not say
        return densities + self.weights.log()


def fitted_mixture(points: torch.Tensor, components: int) -> Mixture:
    """The mixture that some points of about unit variance are likely under. points: float64 (N, D).

    It begins with the points cut into equal parts along the direction in which they vary most.
    Source: Dempster, Laird and Rubin 1977 (J R Stat Soc B 39:1).
    """
    direction = torch.linalg.eigh(points.T @ points).eigenvectors[:, -1]
    order = (points @ direction).argsort(stable=True)
    shares = torch.zeros(len(points), components, dtype=torch.float64)
    for part, rows in enumerate(order.tensor_split(components)):
        shares[rows, part] = 1.0
    before = -math.inf
    for _ in range(_ROUNDS):
        mixture = _most_likely(points, shares)
        densities = mixture.log_densities(points)
        likelihood = densities.logsumexp(1)
        shares = (densities - likelihood[:, None]).exp()
        now = float(likelihood.mean())
        if now - before < _GAIN:
            break
        before = now
    return mixture


def _most_likely(points: torch.Tensor, shares: torch.Tensor) -> Mixture:
    """The mixture for a given part of each point in each component; shares: float64 (N, K)."""
    counts = shares.sum(0).clamp_min(1e-6)
    centres = shares.T @ points / counts[:, None]
    offset = points[:, None] - centres  # (N, K, D)
    spread = torch.einsum("nk,nkd,nke->kde", shares, offset, offset) / counts[:, None, None]
    floor = _LEAST_VARIANCE * torch.eye(points.shape[1], dtype=torch.float64)
    return Mixture(counts / counts.sum(), centres, spread + floor)
