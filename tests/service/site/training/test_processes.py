"""One process alone: nothing to wait for, nothing to share. Several are tested where they train."""

import torch

from service.site.training.processes import (
    first_ones_seconds,
    mean_of_processes,
    own_placement,
    process_group,
    processes,
    wait_for_all,
)


def test_one_process_is_the_first_and_agrees_with_itself() -> None:
    with process_group("cpu"):
        assert processes() == (0, 1)
        wait_for_all()
        assert mean_of_processes(torch.tensor(3)).item() == 3.0
        assert first_ones_seconds(2.5) == 2.5
        assert own_placement("cpu").device.type == "cpu"
