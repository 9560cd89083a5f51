"""Batches of fixed sizes, and batches that do not fit."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.echo.networks.clip_batches import BATCH_SIZES, batch_sizes, in_batches, largest_batch


class SmallDevice:
    """Doubles numbers, but only `capacity` at a time; remembers the sizes that it was asked for."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.asked: list[int] = []

    def __call__(self, items: Sequence[int]) -> torch.Tensor:
        self.asked.append(len(items))
        if len(items) > self.capacity:
            raise torch.OutOfMemoryError("too many")
        return torch.tensor([[2.0 * item] for item in items])


@given(st.integers(0, 200))
def test_sizes_are_of_the_fixed_ones_and_add_up(count: int) -> None:
    sizes = batch_sizes(count)
    assert sum(sizes) == count
    assert set(sizes) <= set(BATCH_SIZES)
    assert list(sizes) == sorted(sizes, reverse=True)


@given(count=st.integers(1, 64), capacity=st.integers(1, 9))
def test_out_of_memory_halves_the_batch_and_keeps_the_answer(count: int, capacity: int) -> None:
    device = SmallDevice(capacity)
    assert in_batches(list(range(count)), device).flatten().tolist() == [2.0 * item for item in range(count)]
    assert set(device.asked) <= set(BATCH_SIZES)


def test_control_the_batch_is_tried_whole_first() -> None:
    device = SmallDevice(2)
    in_batches(list(range(8)), device)
    assert device.asked == [8, 4, 2, 2, 4, 2, 2]


def test_a_single_item_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        in_batches([1, 2], SmallDevice(0))


def test_other_faults_are_not_retried() -> None:
    def broken(items: object) -> torch.Tensor:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        in_batches([1, 2, 3], broken)


def test_a_processor_gets_small_batches_of_large_networks() -> None:
    with torch.device("meta"):
        large, small = torch.nn.Linear(4000, 3000), torch.nn.Linear(2000, 1400)
    assert batch_sizes(9, largest_batch(large, torch.device("cpu"))) == (2, 2, 2, 2, 1)
    assert batch_sizes(9, largest_batch(large, torch.device("cuda"))) == (8, 1)
    assert batch_sizes(9, largest_batch(small, torch.device("cpu"))) == (8, 1)
