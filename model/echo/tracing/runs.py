"""Frames → probabilities of each chamber, in overlapping runs; where runs overlap, their mean counts."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.networks.tracer_network import TracerNetwork

RUN_RATE_HZ = 15.0  # of the frames of a run: the rate at which the encoder's preprocessing samples a clip
_FLATTEST = 2.0  # grey levels added to the deviation, so that a black picture stays black
_RUNS_AT_ONCE = 8


def standardised(grey: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
    """float32 of the same shape, mean 0 and deviation 1 over the whole: bright and dark exports look alike."""
    levels = torch.as_tensor(grey).float()
    return (levels - levels.mean()) / (levels.std() + _FLATTEST)


def run_numbers(frames: int, step: int, length: int, hop: int) -> NDArray[np.int64]:
    """int64 (R, length): the frames of each run, `step` apart, a run every `hop` frames; every frame is in one.

    What no whole run reaches gets a run that holds the last frame.
    """
    last = max(0, frames - 1 - step * (length - 1))
    starts = {*range(0, last, min(hop, length) if step == 1 else 1), last}
    reached = {start + step * place for start in starts for place in range(length)}
    starts.update(frame for frame in range(frames) if frame not in reached)
    numbers = np.array(sorted(starts))[:, None] + step * np.arange(length)[None]
    return np.minimum(numbers, frames - 1)


@torch.no_grad()
def trace_frames(
    network: TracerNetwork, grey: NDArray[np.uint8], *, step: int, hop: int, dtype: torch.dtype, device: torch.device
) -> NDArray[np.float32]:
    """float32 (T, classes, S, S) probabilities. grey: uint8 (T, S, S) of one clip."""
    levels = standardised(grey).to(device, dtype)
    numbers = run_numbers(len(grey), step, network.frames, hop)
    total = torch.zeros(0)
    seen = torch.zeros(len(grey), device=device)
    for part in _parts(numbers):
        index = torch.from_numpy(part).to(device)
        found = network(levels[index]).float().softmax(dim=2)
        if not total.numel():
            total = torch.zeros(len(grey), *found.shape[2:], device=device)
        total.index_add_(0, index.flatten(), found.flatten(0, 1))
        seen.index_add_(0, index.flatten(), torch.ones(index.numel(), device=device))
    return _calmed(np.asarray((total / seen.view(-1, 1, 1, 1)).cpu().numpy()), step)


def _calmed(probabilities: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Each frame with those nearer than a run's next one, less the further they are; as it is with a step of one.

    Runs that begin at different frames see different pictures: without this an outline trembles at a clip's own rate.
    """
    total, seen = np.zeros_like(probabilities), np.zeros(len(probabilities), np.float32)
    reach = min(step, len(probabilities))
    for away in range(1 - reach, reach):
        share, frames = np.float32(1 - abs(away) / step), len(probabilities) - abs(away)
        into, out_of = max(0, -away), max(0, away)
        total[into : into + frames] += share * probabilities[out_of : out_of + frames]
        seen[into : into + frames] += share
    return np.asarray(total / seen[:, None, None, None])


def _parts(numbers: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    return [numbers[start : start + _RUNS_AT_ONCE] for start in range(0, len(numbers), _RUNS_AT_ONCE)]
