"""How close estimated numbers come to true ones."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]


def r_squared(truth: Numbers, estimate: Numbers) -> float:
    """Coefficient of determination, 1 − residual / total sum of squares; NaN where the truth does not vary."""
    total = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
    return 1 - float(((truth - estimate) ** 2).sum()) / total if total > 0 else float("nan")


def mean_absolute_error(truth: Numbers, estimate: Numbers) -> float:
    """Mean absolute difference, in the numbers' unit; NaN without any."""
    return float(np.abs(truth - estimate).mean()) if len(truth) else float("nan")
