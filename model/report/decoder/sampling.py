"""How a token is chosen where not simply the likeliest is: by temperature and among the k likeliest.

One number in 0..1 is drawn for each section and position from the seed alone. So a draft is the same whatever else is
decoded beside it, and two drafts of one study differ by their seeds only.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

MOST_SAMPLES, HIGHEST_TEMPERATURE, LARGEST_SEED = 8, 2.0, 2**31 - 1


@dataclass(frozen=True)
class Sampling:
    """temperature: above 0; 1 takes the decoder's own probabilities. top_k: of how many, None for all."""

    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.temperature <= HIGHEST_TEMPERATURE:
            raise ValueError(f"temperature: must lie above 0 and be at most {HIGHEST_TEMPERATURE:g}")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError("top_k: must be at least 1")

    def draw(self, section: str, position: int) -> float:
        """The number in 0..1 for a position of a section's text."""
        return float(np.random.default_rng([self.seed, zlib.crc32(section.encode()), position]).random())

    def choose(self, probabilities: torch.Tensor, sections: list[str], position: int) -> torch.Tensor:
        """int64 (R,): a token of each row. probabilities: float32 (R, V), below 0 where a token may not come."""
        count = probabilities.shape[-1] if self.top_k is None else min(self.top_k, probabilities.shape[-1])
        values, tokens = probabilities.topk(count, dim=-1)  # descending
        weights = values.clamp_min(0).double() ** (1 / self.temperature)
        # A row of which no allowed token has any probability takes the first, as the greedy choice does.
        weights[:, 0] += weights.sum(-1) <= 0
        sums = weights.cumsum(-1)
        reached = sums / sums[:, -1:]  # exactly 1 from the last token that has any weight on
        drawn = torch.tensor([self.draw(section, position) for section in sections], dtype=torch.float64)
        place = (reached < drawn.to(reached.device)[:, None]).sum(-1).clamp_max(count - 1)
        return tokens.gather(-1, place[:, None])[:, 0]
