"""How coarse a clip's texture is, and how fast and how regularly it moves: organs and scanners differ in this.

The embedding of an encoder that has seen only hearts does not separate an abdomen from a heart (LOG L-041: none of 12
were flagged). These few numbers need no training and do not depend on hearts.
"""

from collections.abc import Sequence

import torch

from model.embeddings import PreparedAcquisition

_BANDS = 13  # of spatial frequency, to beyond half the sampling rate, where the corners of the spectrum lie
_LAGS = (1, 2, 4, 8)  # frames
_FAINTEST = 1e-3  # added before logarithms: a picture without texture has no power, not infinitely little


def clip_spectra(clips: Sequence[PreparedAcquisition]) -> torch.Tensor:
    """float32 (N, K) on the host, K by the clips' frames: 26 for 16.

    In order: log power in bands of spatial frequency, mean over frames; log power at each frequency over time, mean
    over pixels; log mean colourfulness; mean correlation of pictures 1, 2, 4 and 8 frames apart. Clips of one channel
    and time, (3, F, S, S) as prepared; others have no spectra. Raises ValueError for those.
    """
    return torch.stack([_spectra(clip.model_input.float()) for clip in clips]).cpu()


def _spectra(pixels: torch.Tensor) -> torch.Tensor:
    """float32 (K,). pixels: float32 (3, F, S, S) normalised."""
    if pixels.ndim != 4:
        raise ValueError(f"spectra are of clips (3, F, S, S), not {tuple(pixels.shape)}")
    grey = pixels.mean(dim=0)
    colour = (pixels.amax(dim=0) - pixels.amin(dim=0)).mean()[None]
    beats = torch.fft.rfft(grey - grey.mean(dim=0), dim=0).abs().square().mean(dim=(1, 2))[1:]
    power = torch.cat([_by_frequency(grey), beats, colour])
    return torch.cat([(power + _FAINTEST).log(), _correlations(grey)])


def _by_frequency(grey: torch.Tensor) -> torch.Tensor:
    """float32 (_BANDS,) mean power by spatial frequency. grey: float32 (F, S, S)."""
    height, width = grey.shape[-2:]
    power = torch.fft.rfft2(grey - grey.mean(dim=(1, 2), keepdim=True)).abs().square().mean(dim=0)
    down = torch.fft.fftfreq(height, device=grey.device)[:, None]
    across = torch.fft.rfftfreq(width, device=grey.device)[None]
    band = ((down.square() + across.square()).sqrt() * 2 * (_BANDS - 1)).long().clamp(max=_BANDS - 1).flatten()
    sums = torch.zeros(_BANDS, device=grey.device).scatter_add(0, band, power.flatten())
    counts = torch.zeros_like(sums).scatter_add(0, band, torch.ones_like(band, dtype=sums.dtype))
    return sums / counts.clamp_min(1)  # a small picture has no frequency in some bands


def _correlations(grey: torch.Tensor) -> torch.Tensor:
    """float32 (len(_LAGS),) mean correlation of pictures some frames apart; 0 where the clip is shorter."""
    flat = grey.flatten(1) - grey.flatten(1).mean(dim=1, keepdim=True)
    flat = flat / flat.norm(dim=1, keepdim=True).clamp_min(_FAINTEST)
    pairs = [(flat[:-lag] * flat[lag:]).sum(dim=1) for lag in _LAGS]
    return torch.stack([pair.mean() if len(pair) else grey.new_zeros(()) for pair in pairs])
