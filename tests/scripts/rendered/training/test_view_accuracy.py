"""Accuracy counts what the service would say, view by view."""

import numpy as np
import torch
from torch import nn

from model.device import choose_placement
from scripts.rendered.phantom.scan.tensors import input_config
from scripts.rendered.training.view_accuracy import accuracy, read_views


class Brightness(nn.Module):
    """View 1 for pictures brighter than the mean grey level, else view 0, the surer the farther."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        mean = pictures.mean(dim=(1, 2, 3))
        return torch.stack((-mean, mean), dim=1)


def test_the_mean_over_a_clips_pictures_decides() -> None:
    config = input_config(16, 16)
    clips = np.zeros((3, 16, 16, 16, 3), np.uint8)
    clips[1] = 200
    clips[2, [2, 8]] = 200  # two of the three pictures that are read
    told = read_views(Brightness(), clips, config, choose_placement("cpu"))
    assert told.argmax(axis=1).tolist() == [0, 1, 1]
    np.testing.assert_allclose(told.sum(axis=1), 1, rtol=1e-5)


def test_errors_are_listed_by_true_view() -> None:
    told = np.full((4, 11), 0.05, np.float32)
    told[np.arange(4), [0, 1, 1, 2]] = 0.5
    found = accuracy(told, np.array([0, 0, 1, 2]))
    assert found["top1"] == 0.75
    assert found["by_view"]["A2C"] == 0.5
    assert found["by_view"]["SSN"] is None
    assert abs(found["nll"] - (3 * np.log(2) + np.log(20)) / 4) < 1e-3
    assert found["confused"] == {"A2C": {"A3C": 1}}
