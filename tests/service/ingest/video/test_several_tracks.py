"""Several video tracks in one file: the first that players show is used, the others are named."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests import video_files as make
from tests.service.ingest.reading import read_clip

FIRST = make.clip_rgb(20)
SECOND = np.ascontiguousarray(FIRST[:, :, ::-1])


def tracks(container: str, *clips: NDArray[np.uint8]) -> bytes:
    """A file with a track of H.264 for each clip."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        streams: list[Any] = []
        for clip in clips:
            stream: Any = output.add_stream("libx264", rate=25)
            stream.height, stream.width = clip.shape[1:3]
            stream.pix_fmt, stream.bit_rate, stream.options = "yuv420p", 4_000_000, {"bf": "0"}
            streams.append(stream)
        for stream, clip in zip(streams, clips, strict=True):
            for number, picture in enumerate(clip):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return file.getvalue()


def switched_off(movie: bytes, track: int) -> bytes:
    """The movie with a track's flag `track_enabled` cleared (ISO/IEC 14496-12 8.3.2)."""
    at = -1
    for _ in range(track):
        at = movie.index(b"tkhd", at + 1)
    return movie[: at + 7] + bytes([movie[at + 7] & ~1]) + movie[at + 8 :]


def switched_on(movie: bytes) -> bytes:
    """The movie with every track's flag `track_enabled` set: FFmpeg writes it for one track of a kind only."""
    at = movie.find(b"tkhd")
    while at >= 0:
        movie = movie[: at + 7] + bytes([movie[at + 7] | 1]) + movie[at + 8 :]
        at = movie.find(b"tkhd", at + 1)
    return movie


def shows(folder: Path, data: bytes, clip: NDArray[np.uint8]) -> list[str]:
    """Warnings of the clip that is read, which must show those frames."""
    (folder / "1").write_bytes(data)
    read = read_clip(folder / "1")
    assert np.abs(read.frames_rgb.astype(np.int16) - clip[: len(read.frames_rgb)]).mean() < 5
    return [warning.text for warning in read.warnings if warning.code == "other_video_tracks"]


@pytest.mark.parametrize("container", ["mp4", "mov", "mpegts"])
def test_the_first_of_two_is_used_and_the_other_named(tmp_path: Path, container: str) -> None:
    movie = tracks(container, FIRST, SECOND)
    (told,) = shows(tmp_path, movie if container == "mpegts" else switched_on(movie), FIRST)
    assert "2 video tracks" in told


def test_a_track_that_is_switched_off_is_neither_used_nor_named(tmp_path: Path) -> None:
    movie = switched_on(tracks("mp4", FIRST, SECOND))
    assert shows(tmp_path, switched_off(movie, 1), SECOND) == []
    assert shows(tmp_path, switched_off(movie, 2), FIRST) == []
    assert len(shows(tmp_path, switched_off(switched_off(movie, 1), 2), FIRST)) == 1


def test_one_track_and_a_still_picture_beside_it_are_not_warned_of(tmp_path: Path) -> None:
    assert shows(tmp_path, tracks("mp4", FIRST), FIRST) == []
    assert shows(tmp_path, switched_on(tracks("mp4", SECOND[:1], FIRST)), FIRST) == []
