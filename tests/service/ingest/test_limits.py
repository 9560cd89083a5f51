"""Limits are positive, and together bound what a clip may take in memory."""

from dataclasses import fields
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.limits import DecoderLimits, IngestLimits


@pytest.mark.parametrize("name", [limit.name for limit in fields(IngestLimits)])
def test_every_limit_must_be_positive(name: str) -> None:
    none, one = cast(dict[str, Any], {name: 0}), cast(dict[str, Any], {name: 1})
    with pytest.raises(ValueError, match=name):
        IngestLimits(**none)
    IngestLimits(**one)


@pytest.mark.parametrize("name", [limit.name for limit in fields(DecoderLimits)])
def test_every_limit_of_a_decoder_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        DecoderLimits(**cast(dict[str, Any], {name: 0}))


@given(frames=st.integers(1, 10**7), pixels=st.integers(1, IngestLimits().max_frame_pixels))
def test_a_clip_never_exceeds_its_memory(frames: int, pixels: int) -> None:
    limits = IngestLimits()
    read = limits.frames_to_read(frames, pixels)
    assert 1 <= read <= min(frames, limits.max_frames_read)
    assert read * pixels <= limits.max_pixels_read
