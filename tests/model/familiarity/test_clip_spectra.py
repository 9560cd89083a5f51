"""Texture and motion as numbers: what each says, and that sizes and lengths may differ."""

import pytest
import torch

from model.echo.prepared_clip import PreparedClip
from model.familiarity.clip_spectra import clip_spectra

BANDS, BEATS = 13, 8


def prepared(pixels: torch.Tensor) -> PreparedClip:
    view = torch.zeros(1, 3, 4, 4)
    return PreparedClip(position=1, sha256="0" * 64, model_input=pixels, view_input=view, start_frame=0)


def spectra(pixels: torch.Tensor) -> torch.Tensor:
    return clip_spectra([prepared(pixels)])[0]


def waves(cycles: float, size: int = 64) -> torch.Tensor:
    """(3, 16, S, S) vertical stripes, so many across the picture."""
    across = torch.sin(torch.arange(size) * 2 * torch.pi * cycles / size)
    return across.expand(3, 16, size, size).clone()


def test_finer_stripes_lie_in_a_higher_band_whatever_the_size() -> None:
    found = [int(spectra(waves(cycles))[:BANDS].argmax()) for cycles in (2, 8, 24)]
    assert found == sorted(set(found))
    assert int(spectra(waves(16, 128))[:BANDS].argmax()) == int(spectra(waves(8, 64))[:BANDS].argmax())


def test_faster_beats_lie_at_a_higher_frequency_and_a_still_picture_has_none() -> None:
    frames = torch.arange(16)[None, :, None, None]
    for cycles in (1, 3, 7):
        beating = waves(4) * (1 + torch.sin(2 * torch.pi * cycles * frames / 16))
        assert int(spectra(beating)[BANDS : BANDS + BEATS].argmax()) == cycles - 1
    still = spectra(waves(4))
    assert still[BANDS : BANDS + BEATS].max() < -6
    torch.testing.assert_close(still[-4:], torch.ones(4), rtol=0, atol=1e-3)


def test_colour_is_seen() -> None:
    grey, coloured = waves(4), waves(4)
    coloured[0] += 1
    assert spectra(coloured)[BANDS + BEATS] > spectra(grey)[BANDS + BEATS] + 3


def test_every_clip_has_a_row_and_blank_or_short_clips_stay_finite() -> None:
    both = clip_spectra([prepared(waves(3)), prepared(torch.zeros(3, 16, 32, 32))])
    assert both.shape == (2, BANDS + BEATS + 1 + 4)
    assert torch.isfinite(both).all()
    assert torch.isfinite(clip_spectra([prepared(torch.rand(3, 1, 8, 8))])).all()
    with pytest.raises(ValueError, match="spectra are of clips"):
        clip_spectra([prepared(torch.zeros(3, 8, 8))])
