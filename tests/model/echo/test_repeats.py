"""The same loop counts once: whatever it was encoded as, and however it was cut."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import interpolate

from model.echo.prepared_clip import PreparedClip
from model.echo.repeats import find_repeats


def clip(position: int, seed: int, frames: int = 16, side: int = 112) -> PreparedClip:
    """A moving texture: coarse shapes that are common to all seeds, speckle that is not."""
    shapes = torch.Generator().manual_seed(1)
    own = torch.Generator().manual_seed(seed)
    coarse = interpolate(torch.randn(1, 1, 6, 6, generator=shapes), (side, side), mode="bicubic")[0, 0]
    speckle = interpolate(torch.randn(1, 1, side // 4, side // 4, generator=own), (side, side), mode="bicubic")[0, 0]
    grey = torch.stack([coarse + torch.roll(speckle, (number, 2 * number), (0, 1)) for number in range(frames)])
    pixels = grey.expand(3, *grey.shape).contiguous()
    view = torch.zeros(1, 3, 4, 4)
    return PreparedClip(
        position=position, sha256=f"{seed:02d}{position:062d}", model_input=pixels, view_input=view, start_frame=0
    )


def changed(original: PreparedClip, position: int, pixels: torch.Tensor) -> PreparedClip:
    return replace(original, position=position, sha256=f"99{position:062d}", model_input=pixels)


def encoded_again(pixels: torch.Tensor) -> torch.Tensor:
    """A little noise and blur, as of a lossy codec."""
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(9))
    return torch.nn.functional.avg_pool2d(pixels, 3, 1, 1) + 0.1 * noise


@pytest.mark.parametrize(
    "change",
    [
        encoded_again,
        lambda pixels: 0.6 * pixels + 0.3,
        lambda pixels: torch.roll(pixels, (3, -7), (2, 3)),
        lambda pixels: torch.roll(pixels, 2, 1),
    ],
    ids=["encoded again", "other brightness", "shifted crop", "begun later"],
)
def test_the_same_loop_is_found(change: object) -> None:
    original = clip(1, seed=3)
    again = changed(original, 2, change(original.model_input))  # type: ignore[operator]  # one of the functions above
    assert find_repeats([again, clip(3, seed=4), original]) == {(2, None): (1, None)}


def test_other_speckle_is_another_loop() -> None:
    assert find_repeats([clip(number, seed=number) for number in range(1, 5)]) == {}


def test_three_of_a_kind_all_give_way_to_one_whatever_the_order() -> None:
    original = clip(5, seed=3)
    copies = [changed(original, number, encoded_again(original.model_input)) for number in (1, 2)]
    assert (
        find_repeats([*copies, original])
        == find_repeats([original, *copies])
        == {(1, None): (5, None), (2, None): (5, None)}
    )


def test_no_clip_and_one_clip_repeat_nothing() -> None:
    assert find_repeats([]) == {} == find_repeats([clip(1, seed=1)])


def test_the_dicom_counts_and_its_copies_do_not() -> None:
    dicom = replace(clip(2, seed=5), source="dicom", sha256="f" * 64)
    copies = [changed(dicom, number, encoded_again(dicom.model_input)) for number in (1, 3)]
    copies = [replace(copy, source="video") for copy in copies]
    assert find_repeats([copies[0], dicom, copies[1]]) == {(1, None): (2, None), (3, None): (2, None)}
