"""A clip with colour shows the classifier its most coloured frames; others frames that are spread over the window."""

import torch

from model.echo.preprocessing.preprocessing_config import ECHOPRIME, echoscribe_preprocessing
from model.echo.preprocessing.view_frames import view_frames

CONFIG = echoscribe_preprocessing(32)


def clip(coloured: dict[int, int]) -> torch.Tensor:
    """Grey frames, some with that many red pixels."""
    shown = torch.zeros(3, 16, 32, 32)
    for frame, pixels in coloured.items():
        shown[0, frame].view(-1)[:pixels] = 3.0
    return shown


def test_the_most_coloured_frames_in_their_order() -> None:
    assert view_frames(clip({4: 50, 5: 90, 6: 70, 7: 20}), CONFIG) == [4, 5, 6]


def test_few_coloured_frames_are_read_again() -> None:
    assert view_frames(clip({9: 50}), CONFIG) == [9, 9, 9]
    assert view_frames(clip({3: 40, 9: 50}), CONFIG) == [3, 9, 9]


def test_grey_clips_and_single_coloured_pixels_are_spread() -> None:
    assert view_frames(clip({}), CONFIG) == view_frames(clip({7: 1}), CONFIG) == [2, 8, 13]
    spread = CONFIG.model_copy(update={"view_choice": "spread"})
    assert view_frames(clip({4: 50}), spread) == [2, 8, 13]


def test_the_published_profile_reads_the_first() -> None:
    assert view_frames(clip({4: 50}), ECHOPRIME) == [0]
