"""Neighbours of the known attacks: other elements, sizes, codecs and containers; each costs its file and no more.

Most of what is written here is refused from raw lengths. What is read is small, or of the largest size there is.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.study import Clip, SkippedClip, SkipReason
from service.ingest.decoding.decoder_pool import decoder_pool
from service.ingest.limits import DecoderLimits, IngestLimits
from tests.service.ingest.attacks.codestreams import codestream_attacks
from tests.service.ingest.attacks.elements import element_attacks
from tests.service.ingest.attacks.videos import exotic_attacks, video_attacks
from tests.service.ingest.reading import open_anything

# A third of what one file may take by default: a neighbour that needs more has found a way past the bounds. The largest
# frames that are read take 310 MiB (H.264 at 3840×2160, LOG L-097).
LIMITS = IngestLimits(decoders=DecoderLimits(memory_bytes=384 << 20))
ATTACKS = {**element_attacks(), **codestream_attacks(), **video_attacks()}
# What the header states is wrong or the table is harmless, and the pictures are good: they are used.
USED = {
    *(
        "stated_high_bit_beyond",
        "stated_negative_frames",
        "large_libx264",
        "large_mpeg2video",
        "large_mpeg4",
        "large_mjpeg",
    ),
    *(
        f"{prefix}{name}"
        for prefix in ("video_", "dicom_video_")
        for name in (
            *("stts_one_entry", "stsc_large_chunk", "sidx", "size_65535", "mov_size_65535"),
            *("avi_size_65535", "avi_size_16384"),
        )
    ),
}
MEANT = {
    SkipReason.UNREADABLE,
    SkipReason.TOO_LARGE,
    SkipReason.UNSUPPORTED_COMPRESSION,
    SkipReason.UNSUPPORTED_FORMAT,
    SkipReason.NOT_AN_IMAGE,
}
LIGHT = IngestLimits(decoders=DecoderLimits(file_cpu_seconds=60, file_seconds=300))


@pytest.fixture(autouse=True, scope="module")
def _decoders() -> Iterator[None]:
    decoder_pool().wait_until_ready()
    yield
    decoder_pool().close()


def outcome(path: Path, limits: IngestLimits) -> Clip | SkippedClip:
    with open_anything([path], limits) as study:
        (found,) = study.read()
    return found


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_a_neighbour_is_refused_by_name_or_read_within_a_third_of_the_memory(name: str, tmp_path: Path) -> None:
    found = outcome(ATTACKS[name](tmp_path / "f"), LIMITS)
    if isinstance(found, Clip):
        assert name in USED, found.frames_rgb.shape
    else:
        assert found.reason in MEANT | {SkipReason.STILL_IMAGE}, found
        assert name not in USED, found


@pytest.mark.parametrize("name", sorted(exotic_attacks()))
def test_a_codec_that_nobody_exports_is_named_or_small(name: str, tmp_path: Path) -> None:
    build: Callable[[Path], Path] = exotic_attacks()[name]
    try:
        path = build(tmp_path / "f")
    except Exception as error:  # PyAV writes no such pair; whatever it raises, there is no file to test
        pytest.skip(f"PyAV cannot write it ({type(error).__name__})")
    found = outcome(path, LIGHT)
    codec = name.split("_in_", maxsplit=1)[0]
    if isinstance(found, Clip):
        assert codec in {"cinepak", "msmpeg4v2", "ljpeg", "rawvideo"}, "allowed although it is exotic"
        return
    assert found.reason in MEANT | {SkipReason.STILL_IMAGE}, found
