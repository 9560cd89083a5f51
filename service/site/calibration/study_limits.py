"""Relative distances of known studies' clips → the limit of a whole study, by its number of clips."""

from collections.abc import Sequence
from itertools import count

import numpy as np
import torch

# Share of known studies that lie beyond the limit: nothing is concluded about them, so one in a hundred may.
STUDY_FALSE_FLAGS = 0.01
_DRAWS = 20  # of clips of a study: twice as many as a study has clips, so that nearly every one is drawn
_SEED = 0  # the same studies give the same limits


def study_limits(distances: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """float32 (K,): the limit of a median over 1, 2, … K or more clips; None with too few studies for any.

    distances: per study float (N,) of its clips, by statistics that the study had no part in. A study stands for
    shorter ones: so many of its clips are drawn. The limit is conformal over studies (hierarchical conformal
    prediction, Lee, Barber and Willett 2023, arXiv 2306.06342), so a number of clips needs 99 studies of as many.
    More clips have no higher limit: where chance says otherwise, the lower number takes the higher one's.
    """
    rng = np.random.default_rng(_SEED)
    limits: list[float] = []
    for clips in count(1):
        able = [rows.double().numpy() for rows in distances if len(rows) >= clips]
        level = (1 - STUDY_FALSE_FLAGS) * (1 + 1 / len(able)) if able else 2.0
        if level > 1:
            break
        drawn = [rng.permuted(np.tile(rows, (_DRAWS, 1)), axis=1)[:, :clips] for rows in able]
        medians = np.median(np.concatenate(drawn), axis=1)
        limits.append(float(np.quantile(medians, level, method="inverted_cdf")))
    if not limits:
        return None
    return torch.from_numpy(np.maximum.accumulate(limits[::-1])[::-1].astype(np.float32))
