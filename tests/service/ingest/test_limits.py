"""Limits are positive, and together bound what a clip may take in memory."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ingest.limits import IngestLimits


@pytest.mark.parametrize("name", [limit.name for limit in fields(IngestLimits)])
def test_every_limit_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        IngestLimits(**{name: 0})
    IngestLimits(**{name: 1})


@given(frames=st.integers(1, 10**7), pixels=st.integers(1, IngestLimits().max_frame_pixels))
def test_a_clip_never_exceeds_its_memory(frames: int, pixels: int) -> None:
    limits = IngestLimits()
    read = limits.frames_to_read(frames, pixels)
    assert 1 <= read <= min(frames, limits.max_frames_read)
    assert read * pixels <= limits.max_pixels_read
