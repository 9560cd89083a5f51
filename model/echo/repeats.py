"""Clips that show the same loop: a DICOM file and its video, re-encodings, shifted crops, a copy under another UID.

Two clips are the same loop when their pictures, laid over each other in the best of all small shifts in time and place,
are nearly equal. Speckle decides: another beat of the same heart in the same view has other speckle.
"""

from collections.abc import Mapping, Sequence

import torch
from torch.nn.functional import adaptive_avg_pool2d

from model.echo.prepared_clip import PreparedClip
from model.embeddings import ClipName

_SIDE = 56  # pixels: speckle of a 112-pixel picture is still there, blocking of lossy codecs is not
_COARSE_SIDE = 14
# Correlations from which loops are equal. Measured on rendered studies and the real clips: LOG 2026-11-29.
_LEAST_COARSE = 0.85
_LEAST_FINE = 0.93
_MOST_SHIFT = 6  # pixels of _SIDE: a tenth of the picture
_MOST_DELAY = 12  # frames of the window


def find_repeats(clips: Sequence[PreparedClip]) -> Mapping[ClipName, ClipName]:
    """Name of a clip that shows a loop again → name of the clip that shows it and counts.

    A DICOM clip counts rather than a copy of it, for it states more; else the clip of the smallest sha256, so that the
    order of the upload changes nothing. Pictures of one frame are
    never held against each other: each has its own place in the answer.
    """
    ordered = sorted(clips, key=lambda clip: (clip.source != "dicom", clip.sha256, clip.position, clip.panel or 0))
    coarse = [_spectrum(_grey(clip, _COARSE_SIDE)) for clip in ordered]
    fine: dict[int, torch.Tensor] = {}
    repeats: dict[ClipName, ClipName] = {}
    for second in range(len(ordered)):
        for first in range(second):
            alone = ordered[first].position == ordered[second].position or ordered[first].name in repeats
            if alone or _peak(coarse[first], coarse[second], 2, 4) < _LEAST_COARSE:
                continue
            for number in (first, second):
                if number not in fine:
                    fine[number] = _spectrum(_grey(ordered[number], _SIDE))
            if _peak(fine[first], fine[second], _MOST_SHIFT, _MOST_DELAY) >= _LEAST_FINE:
                repeats[ordered[second].name] = ordered[first].name
                break
    return repeats


def _grey(clip: PreparedClip, side: int) -> torch.Tensor:
    """float32 (F, side, side) on the host: brightness, the mean of each pixel over time taken off half, norm 1."""
    grey = adaptive_avg_pool2d(clip.model_input.float().mean(dim=0).cpu(), side)
    grey = grey - grey.mean()
    unit: torch.Tensor = grey / grey.norm().clamp(min=1e-6)
    return unit


def _spectrum(grey: torch.Tensor) -> torch.Tensor:
    """complex64: of the clip in a box of twice the frames, so that a delay wraps around nothing."""
    found: torch.Tensor = torch.fft.rfftn(grey, s=(2 * grey.shape[0], grey.shape[1], grey.shape[2]))
    return found


def _peak(first: torch.Tensor, second: torch.Tensor, most_shift: int, most_delay: int) -> float:
    """The largest correlation over the allowed shifts, in parts of what the overlapping frames can give."""
    frames, side = first.shape[0] // 2, first.shape[1]
    found = torch.fft.irfftn(first * second.conj(), s=(2 * frames, side, side))
    delays = range(-min(most_delay, frames // 2), min(most_delay, frames // 2) + 1)
    shifts = [*range(most_shift + 1), *range(-most_shift, 0)]
    near = found[:, shifts][:, :, shifts]
    return max(float(near[delay].max()) * frames / (frames - abs(delay)) for delay in delays)
