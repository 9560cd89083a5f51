"""Batches of fixed sizes, and what happens when one does not fit into memory."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import nn

# Largest first. Few shapes, so that kernels chosen or captured for one serve every study; larger batches are no faster
# on the machines measured, and eight full-size clips need about 1 GB of activations (LOG 2026-11-22).
BATCH_SIZES = (8, 4, 2, 1)
# A processor's caches hold the activations of two: 0.24 s a full-size clip, in batches of eight 0.28 (LOG L-070).
_LARGEST_ON_CPU = 2
_SMALL_PARAMETERS = 10_000_000  # of the shipped encoder (2.9 M) they hold eight: twelve clips 0.20 s, of two 0.23

Item = TypeVar("Item")


def largest_batch(network: nn.Module, device: torch.device) -> int:
    """The largest batch of a network that pays on a device, one of BATCH_SIZES."""
    is_large = sum(weight.numel() for weight in network.parameters()) > _SMALL_PARAMETERS
    return _LARGEST_ON_CPU if is_large and device.type == "cpu" else BATCH_SIZES[0]


def batch_sizes(count: int, largest: int = BATCH_SIZES[0]) -> tuple[int, ...]:
    """Sizes that add up to `count`, each one of BATCH_SIZES up to the largest, that first."""
    sizes: list[int] = []
    for size in BATCH_SIZES[BATCH_SIZES.index(largest) :]:
        whole, count = divmod(count, size)
        sizes += [size] * whole
    return tuple(sizes)


def in_batches(
    items: Sequence[Item], run: Callable[[Sequence[Item]], torch.Tensor], largest: int = BATCH_SIZES[0]
) -> torch.Tensor:
    """The rows that `run` gives for all items, in their order. A batch that does not fit is halved until it does.

    Raises torch.OutOfMemoryError where a single item does not fit.
    """
    parts, start = [], 0
    for size in batch_sizes(len(items), largest):
        parts.append(_halved_to_fit(items[start : start + size], run))
        start += size
    return torch.cat(parts)


def _halved_to_fit(items: Sequence[Item], run: Callable[[Sequence[Item]], torch.Tensor]) -> torch.Tensor:
    try:
        return run(items)
    except torch.OutOfMemoryError:
        if len(items) == 1:
            raise
    # Only here, after the `except` block: while the exception exists, its frames hold the memory of the failed batch.
    torch.cuda.empty_cache()  # does nothing where CUDA was never started
    middle = len(items) // 2
    return torch.cat((_halved_to_fit(items[:middle], run), _halved_to_fit(items[middle:], run)))
