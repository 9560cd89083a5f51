"""Which of a clip's sampled frames the view classifier reads."""

import torch

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing

# Colour is red and blue apart by one unit of normalised pixels (48 grey levels), in at least this share of a frame.
# LOG 2026-11-22: 27 to 68 % of the frames of rendered colour clips show any, none of the grey ones.
COLOUR_APART, _LEAST_SHARE = 1.0, 0.001


def view_frames(model_input: torch.Tensor, config: EchoPreprocessing) -> list[int]:
    """Frame numbers, as many as `config.view_frames`. model_input: float32 (3, F, S, S) normalised RGB.

    `first`: the first. `spread`: over the window. `colour`: those with most colour, because a colour clip shows flow
    for a part of the beat only, and without it looks like the grey clip beside it; spread where there is no colour.
    """
    if config.view_frames == 1:
        return [0]
    spread = [int(config.frames * (part + 0.5) / config.view_frames) for part in range(config.view_frames)]
    if config.view_choice == "spread":
        return spread
    coloured = ((model_input[0] - model_input[2]).abs() > COLOUR_APART).float().mean(dim=(1, 2))  # (F,)
    best = coloured.argsort(descending=True, stable=True)[: config.view_frames]
    shown = [int(frame) for frame in best if coloured[frame] >= _LEAST_SHARE]
    if not shown:
        return spread
    return sorted((shown * config.view_frames)[: config.view_frames])
