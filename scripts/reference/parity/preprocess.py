"""Golden model inputs and masked frames against model.echo.preprocessing.preprocess under the profile `echoprime`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from model.echo.sector_geometry.pictures import shown_of
from model.errors import ClipRejected
from model.study import Clip
from scripts.reference.parity.comparison import Comparison, Missing
from scripts.reference.parity.golden_arrays import ClipNotFound, arrays_of, clip_of

# Tolerances of the golden README; held by every frame, not only on average, so that one wrong frame is found.
MEAN_GREY = 1.0
NEAR_GREY = 4
NEAR_SHARE = 0.99
MASK_IOU = 0.98
MASKED = {"masked_first_frame_bgr": 0, "masked_last_frame_bgr": -1}
CPU = torch.device("cpu")


def check_preprocess(golden_file: Path, clip_folders: tuple[Path, ...]) -> list[Comparison | Missing]:
    """One entry per array of `echoprime_preprocess_mp4.npz` or `..._dicom.npz`."""
    arrays = arrays_of(golden_file)
    video = golden_file.stem.endswith("mp4")
    found: list[Comparison | Missing] = []
    clips: list[Clip] = []
    for key in [key for key in arrays if video or key not in MASKED]:
        name = f"{golden_file.name}:{key}"
        try:
            clip = clip_of(key, video=video, clip_folders=clip_folders)
            prepared = prepare_clip(clip, ECHOPRIME, CPU)
        except (ClipNotFound, ClipRejected) as error:
            found.append(Missing(name, str(error)))
            continue
        clips.append(clip)
        found.append(compare_pictures(name, before_normalising(prepared.model_input), arrays[key]))
    masked = [key for key in arrays if not video and key in MASKED]
    return found + [_check_masked(f"{golden_file.name}:{key}", MASKED[key], arrays[key], clips) for key in masked]


def before_normalising(model_input: torch.Tensor) -> NDArray[np.uint8]:
    """uint8 (F, S, S, 3): the model input with normalisation undone; padding reads as the rounded mean."""
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (ECHOPRIME.mean, ECHOPRIME.std))
    return (model_input * std + mean).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()


def compare_pictures(name: str, ours: NDArray[np.uint8], golden: NDArray[Any]) -> Comparison:
    """Pictures (F, H, W, 3) compared frame by frame; the worst frame counts."""
    if ours.shape != golden.shape or golden.dtype != np.uint8:
        return Comparison(name, False, {}, f"golden is {golden.dtype} {golden.shape}, ours uint8 {ours.shape}")
    difference = np.abs(ours.astype(np.int16) - golden)
    mean = float(difference.mean(axis=(1, 2, 3)).max())
    near = float((difference <= NEAR_GREY).mean(axis=(1, 2, 3)).min())
    text = f"mean difference {mean:.4f} ≤ {MEAN_GREY}, {near:.4%} ≥ {NEAR_SHARE:.0%} within {NEAR_GREY} (worst frame)"
    return Comparison(
        name, mean <= MEAN_GREY and near >= NEAR_SHARE, {"mean_grey_difference": mean, "share_beyond_4": 1 - near}, text
    )


def _check_masked(name: str, frame: int, golden: NDArray[Any], clips: list[Clip]) -> Comparison | Missing:
    """A masked frame against that of the one clip of this file that it fits best."""
    fitting = [clip for clip in clips if clip.frames_rgb.shape[1:] == golden.shape]
    if not fitting:
        return Missing(name, f"no clip of this file was read that has the shape {golden.shape}")
    compared = [_compare_masked(name, clip, frame, golden) for clip in fitting]
    return max(compared, key=lambda each: (each.ok, -each.measured.get("mask_iou_lacks", 1.0)))


def _compare_masked(name: str, clip: Clip, frame: int, golden: NDArray[Any]) -> Comparison:
    """Mask overlap and grey levels of one masked frame."""
    mask = shown_of(clip, torch.from_numpy(clip.frames_rgb.copy()), ECHOPRIME).mask
    kept = np.ones(golden.shape[:2], bool) if mask is None else mask.numpy()
    ours = clip.frames_rgb[frame][..., ::-1] * kept[..., None]
    lit, golden_lit = ours.any(axis=2), golden.any(axis=2)
    iou = float((lit & golden_lit).sum() / max(1, (lit | golden_lit).sum()))
    pictures = compare_pictures(name, ours[None], golden[None])
    measured = {**pictures.measured, "mask_iou_lacks": 1 - iou}
    return Comparison(name, pictures.ok and iou >= MASK_IOU, measured, f"IoU {iou:.4f} ≥ {MASK_IOU}; {pictures.text}")
