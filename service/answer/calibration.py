"""A vote → what the bundle's calibration makes of it. The vote itself stays as it is and is shown beside it."""

import math
from collections.abc import Mapping

from index.retrieval import PhenotypeVote
from model.taxonomy import Phenotype

Calibration = Mapping[str, float]


def probability_of(vote: PhenotypeVote, calibration: Calibration | None) -> float | None:
    """The calibrated probability of a binary phenotype, None without a vote or a calibration.

    calibration: `slope` and `intercept` of a logistic curve over the vote (Platt 1999).
    """
    if vote.value is None or calibration is None or "slope" not in calibration:
        return None
    score = calibration["slope"] * vote.value + calibration["intercept"]
    return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))


def interval_of(
    vote: PhenotypeVote, phenotype: Phenotype, calibration: Calibration | None
) -> tuple[float, float] | None:
    """The interval of a continuous phenotype that holds the truth as often as `level` says, None without one.

    calibration: `offset` by which the neighbours' 10th and 90th percentile are widened on either side (conformalised
    quantiles, Romano et al. 2019, NeurIPS 32); cut at the phenotype's plausible range.
    """
    if vote.p10 is None or vote.p90 is None or calibration is None or "offset" not in calibration:
        return None
    middle = (vote.p10 + vote.p90) / 2  # a negative offset may not turn the interval round
    low = min(vote.p10 - calibration["offset"], middle)
    high = max(vote.p90 + calibration["offset"], middle)
    return max(low, phenotype.low), min(high, phenotype.high)
