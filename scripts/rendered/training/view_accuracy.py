"""How often the view classifier is right, asked as the service asks it: a clip's view pictures, their mean."""

from collections import Counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.device import Placement
from model.echo.modality import view_probabilities
from model.echo.preprocessing.preprocess import normalise
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.view_frames import view_frames
from model.echo.taxonomy import ECHO_TAXONOMY

_AT_ONCE = 8  # clips; as many as the service takes at once


@torch.no_grad()
def read_views(
    classifier: nn.Module, pixels: NDArray[np.uint8], config: EchoPreprocessing, placement: Placement
) -> NDArray[np.float32]:
    """float32 (N, V) how probable each view of each clip is. pixels: uint8 (N, F, S, S, 3)."""
    told: list[torch.Tensor] = []
    for start in range(0, len(pixels), _AT_ONCE):
        clips = [torch.from_numpy(np.array(clip)).permute(3, 0, 1, 2) for clip in pixels[start : start + _AT_ONCE]]
        shown = [normalise(clip, config) for clip in clips]  # (3, F, S, S) each
        batch = torch.stack([clip[:, view_frames(clip, config)].transpose(0, 1) for clip in shown])  # (n, F, 3, S, S)
        told.append(view_probabilities(classifier, batch.to(placement.device, placement.dtype)).cpu())
    return torch.cat(told).numpy() if told else np.zeros((0, len(ECHO_TAXONOMY.views)), np.float32)


def accuracy(told: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, Any]:
    """Top-1, top-1 of each view, and true view → told view → clips where they differ; None where no clip is.

    nll: mean of the negative logarithm of the true view's probability. told: (N, V) as `read_views` gives it.
    """
    names, reported = ECHO_TAXONOMY.views, told.argmax(axis=1)
    right = reported == truth
    confused: dict[str, Counter[str]] = {}
    for true, said in zip(truth[~right].tolist(), reported[~right].tolist(), strict=True):
        confused.setdefault(names[true], Counter())[names[said]] += 1
    by_view = {names[view]: _share(right[truth == view]) for view in range(len(names))}
    return {
        "clips": len(truth),
        "top1": _share(right),
        "nll": _nll(told, truth),
        "by_view": by_view,
        "confused": {true: dict(said) for true, said in confused.items()},
    }


def _nll(told: NDArray[np.float32], truth: NDArray[np.int64]) -> float | None:
    probable = told[np.arange(len(truth)), truth]
    return round(float(-np.log(np.maximum(probable, 1e-6)).mean()), 4) if len(truth) else None


def _share(right: NDArray[np.bool_]) -> float | None:
    return round(float(right.mean()), 4) if len(right) else None
