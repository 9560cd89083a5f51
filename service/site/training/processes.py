"""The processes that torchrun started: which this is, how they wait for each other and agree."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed

from model.device import Placement, choose_placement

_LONGEST_WAIT = timedelta(hours=12)  # of one process for another that still reads studies or makes rows


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """The processes that torchrun started together can talk to each other; nothing where there is one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    backend = "nccl" if torch.cuda.is_available() and device != "cpu" else "gloo"
    distributed.init_process_group(backend, timeout=_LONGEST_WAIT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def processes() -> tuple[int, int]:
    """Number of the process and how many there are: (0, 1) unless torchrun has started several."""
    return (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)


def wait_for_all() -> None:
    """Returns when every process is here; at once where there is one."""
    if distributed.is_initialized():
        distributed.barrier()


def own_placement(device: str) -> Placement:
    """Where this process trains: with several, each has a GPU of its own. Weights stay float32."""
    local = os.environ.get("LOCAL_RANK")
    return choose_placement(f"cuda:{local}" if local and device == "auto" and torch.cuda.is_available() else device)


def mean_of_processes(number: torch.Tensor) -> torch.Tensor:
    """The mean of a scalar over all processes, float32 and without gradient; itself where there is one."""
    shared = number.detach().float().clone()
    if distributed.is_initialized():
        distributed.all_reduce(shared)
        shared /= distributed.get_world_size()
    return shared


def first_ones_seconds(seconds: float) -> float:
    """The seconds of process 0 in every process, so that all end at the same step."""
    if not distributed.is_initialized():
        return seconds
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    shared = torch.tensor([seconds], dtype=torch.float64, device=device)
    distributed.broadcast(shared, 0)
    return float(shared.item())
