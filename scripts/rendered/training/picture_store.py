"""What a planar encoder reads of every clip of a store, as bytes on disk: a third of the size, and already mixed.

It is made once from the clips. Varying a picture costs 0.6 ms; varying and mixing a clip's frames costs 4.5.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from model.echo.networks.planar_encoder import picture_channels
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from scripts.rendered.training.clip_augmentation import Variation
from scripts.rendered.training.clip_store import ClipStore

PICTURES_FILE, MADE_FILE = "pictures.npy", "pictures_made.txt"
# Grey levels per unit of normalised colour, and the level of no colour: the range of ±5.5 fits into a byte.
_COLOUR_LEVELS, _NO_COLOUR = 22.0, 128
_PLANES = 4  # channels that OpenCV moves at once
_AT_ONCE = 256  # clips between two marks of progress


@dataclass(frozen=True, eq=False)
class PictureForm:
    """How normalised colours are kept as bytes. mix: float64 (2, 4) RGB and 1 → grey and colour levels."""

    mix: NDArray[np.float64]
    scale: tuple[float, float]
    middle: tuple[float, float]

    @classmethod
    def of(cls, config: EchoPreprocessing) -> Self:
        """The form for a preprocessing's normalisation."""
        mean, std = np.array(config.mean), np.array(config.std)
        grey = 1 / std / (1 / std).sum()  # 0..255 again
        colour = np.array([1 / std[0], 0, -1 / std[2]]) * _COLOUR_LEVELS
        none = _NO_COLOUR / _COLOUR_LEVELS + mean[0] / std[0] - mean[2] / std[2]
        return cls(
            np.array([[*grey, 0], [*colour, _NO_COLOUR]]),
            (float((1 / std).mean()), 1 / _COLOUR_LEVELS),
            (float((mean / std).mean()), float(none)),
        )

    def picture(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (S, S, C), grey channels first. frames: uint8 (F, S, S, 3) RGB."""
        count, size = frames.shape[:2]
        pair = cv2.transform(frames.reshape(count * size, size, 3), self.mix).reshape(count, size, size, 2)
        kept = np.concatenate([pair[::2], pair.max(axis=0)[None], pair.min(axis=0)[None]])
        return np.ascontiguousarray(kept.transpose(1, 2, 3, 0)).reshape(size, size, -1)

    def normalise(self, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """bfloat16 (B, C, S, S), channels last: `planar_picture` of the normalised clips, to a grey level."""
        batch = torch.from_numpy(np.stack(pictures))
        half = batch.shape[-1] // 2
        scale = torch.tensor(self.scale, dtype=torch.bfloat16).repeat_interleave(half)
        # bfloat16 holds every whole number to 256, so that nothing is lost before the middle is taken off.
        middle = torch.tensor([m / s for m, s in zip(self.middle, self.scale, strict=True)]).repeat_interleave(half)
        return ((batch.to(torch.bfloat16) - middle.to(torch.bfloat16)) * scale).permute(0, 3, 1, 2)


def vary(picture: NDArray[np.uint8], variation: Variation) -> NDArray[np.uint8]:
    """The picture of a clip whose frames were so varied, but for rounding. picture: uint8 (S, S, C)."""
    size, half = picture.shape[1::-1], picture.shape[2] // 2
    grey = cv2.LUT(picture[..., :half], variation.greys[0, :, 1])  # the middle colour's levels
    whole = np.concatenate([grey, picture[..., half:]], axis=2)
    parts = []
    for first in range(0, whole.shape[2], _PLANES):
        part = np.ascontiguousarray(whole[..., first : first + _PLANES])
        beyond = [0 if first + place < half else _NO_COLOUR for place in range(part.shape[2])]
        moved = cv2.warpAffine(part, variation.place, size, flags=cv2.INTER_LINEAR, borderValue=beyond)
        parts.append(moved.reshape(*part.shape))
    return variation.sharpened(np.concatenate(parts, axis=2))


@dataclass(frozen=True, eq=False)
class PictureStore:
    """pictures: uint8 (N, S, S, C), in memory where they fit, else memory-mapped."""

    pictures: NDArray[np.uint8]
    form: PictureForm

    @classmethod
    def beside(cls, clips: ClipStore, folder: Path, config: EchoPreprocessing) -> Self:
        """The pictures of a store's clips, kept in its folder; makes what is missing."""
        form, size = PictureForm.of(config), clips.recipe.size
        shape = (clips.done, size, size, picture_channels(clips.recipe.frames))
        path, made = folder / PICTURES_FILE, folder / MADE_FILE
        done = int(made.read_text(encoding="utf-8")) if made.exists() else 0
        if done < clips.done:
            known = path.exists() and np.load(path, mmap_mode="r").shape == shape
            stored = open_memmap(path, mode="r+" if known else "w+", dtype=np.uint8, shape=shape)
            for first in range(done if known else 0, clips.done, _AT_ONCE):
                for clip in range(first, min(first + _AT_ONCE, clips.done)):
                    stored[clip] = form.picture(np.asarray(clips.pixels[clip]))
                stored.flush()
                made.write_text(f"{min(first + _AT_ONCE, clips.done)}\n", encoding="utf-8")
        return cls(np.load(path, mmap_mode=None if _fits(path) else "r"), form)


def _fits(path: Path) -> bool:
    """Whether a file may be held in memory whole. A mapped one is read again whenever other work pushes it out."""
    return path.stat().st_size < 0.4 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
