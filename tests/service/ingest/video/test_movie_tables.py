"""Tables of an MP4 or AVI that state more than they hold: refused before FFmpeg builds anything from them."""

import io
import resource
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.limits import IngestLimits
from service.ingest.video.avi_tables import bounded_avi
from service.ingest.video.movie_tables import bounded_movie
from service.ingest.video.patched_file import PatchedFile
from tests import dicom_files
from tests import video_files as make
from tests.reference import REFERENCE
from tests.service.ingest.reading import LIMITS, read_clip, read_skip

RGB = make.clip_rgb(12)
MP4 = make.encoded(RGB, options={"g": "6", "bf": "2"})
FRAGMENTED = make.encoded(RGB, container_options={"movflags": "frag_keyframe+empty_moov"})
AVI = make.encoded(RGB, "mpeg4", "avi")
_MANY = 60_000_000


def with_count(data: bytes, table: bytes, offset: int, count: int) -> bytes:
    """The file with another number in a table: `offset` bytes after its name."""
    at = data.index(table) + 4 + offset
    return data[:at] + struct.pack(">I", count) + data[at + 4 :]


def of_one_size(data: bytes, count: int) -> bytes:
    """A table of sample sizes that states one size for all, as many as wanted (ISO/IEC 14496-12 8.7.3.2)."""
    return with_count(with_count(data, b"stsz", 4, 100), b"stsz", 8, count)


TOO_MANY = {
    "samples of one size": of_one_size(MP4, _MANY),
    "samples in a fragment": with_count(FRAGMENTED, b"trun", 4, _MANY),
    "times": with_count(MP4, b"stts", 4, _MANY),
    "offsets between times": with_count(MP4, b"ctts", 4, _MANY),
    "chunks": with_count(MP4, b"stco", 4, _MANY),
    "key pictures": with_count(MP4, b"stss", 4, _MANY),
    "samples in chunks": with_count(MP4, b"stsc", 4, _MANY),
    "edits": with_count(MP4, b"elst", 4, _MANY),
    "samples, times a few edits": of_one_size(
        MP4 + make.box(b"free", make.box(b"elst", struct.pack(">II", 0, 90), bytes(90 * 12))),
        100_000,
    ),
    "in a box where none belongs": MP4
    + make.box(b"udta", make.box(b"meta", make.box(b"stsz", struct.pack(">III", 0, 1, _MANY)))),
}


@pytest.mark.parametrize("name", TOO_MANY)
def test_more_entries_than_a_clip_has_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "1").write_bytes(TOO_MANY[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    skipped = read_skip(tmp_path / "1")
    assert skipped.reason in {SkipReason.TOO_LARGE, SkipReason.UNREADABLE}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


@pytest.mark.parametrize("name", TOO_MANY)
def test_they_are_refused_inside_dicom_too(tmp_path: Path, name: str) -> None:
    path = dicom_files.write_encoded(
        tmp_path / "1", [TOO_MANY[name]], RGB, "YBR_PARTIAL_420", uid.MPEG4HP41, offset_table=False
    )
    assert read_skip(path).reason in {SkipReason.TOO_LARGE, SkipReason.UNREADABLE}


def test_the_limit_is_the_limit(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(MP4)
    assert read_clip(tmp_path / "1", IngestLimits(max_frames_stored=12)).frames_total == 12
    skipped = read_skip(tmp_path / "1", IngestLimits(max_frames_stored=11))
    assert (skipped.reason, "11" in skipped.text) == (SkipReason.TOO_LARGE, True)


@pytest.mark.parametrize(("kind", "word"), [(b"cmov", "compressed"), (b"encv", "encrypted"), (b"senc", "encrypted")])
def test_what_is_not_read_is_named(kind: bytes, word: str) -> None:
    data = MP4 + make.box(b"udta", make.box(kind, bytes(8)))
    with pytest.raises(ClipRejected, match=word):
        bounded_movie(io.BytesIO(data), LIMITS)


def test_without_a_movie_header_the_recording_was_not_finished(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(MP4[: MP4.index(b"moov") - 4])
    assert "not finished" in read_skip(tmp_path / "1").text


@pytest.mark.parametrize("handler", [b"soun", b"text", b"tmcd", b"meta", b"hint"])
def test_tracks_without_pictures_are_hidden_and_cost_nothing(handler: bytes) -> None:
    track = MP4[MP4.index(b"trak") - 4 :]
    track = of_one_size(track[: struct.unpack(">I", track[:4])[0]], _MANY).replace(b"vide", handler)
    start = MP4.index(b"moov") - 4
    size = struct.unpack(">I", MP4[start : start + 4])[0]
    longer = MP4[:start] + struct.pack(">I", size + len(track)) + MP4[start + 4 : start + size] + track
    bounded = bounded_movie(io.BytesIO(longer + MP4[start + size :]), LIMITS)
    assert isinstance(bounded, PatchedFile)
    bounded.seek(0)
    text = bounded.read()
    assert (text.count(b"trak"), text.count(b"free" + track[8:20])) == (1, 1)


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=60),
    patches=st.dictionaries(st.integers(0, 55), st.binary(min_size=4, max_size=4), max_size=3),
    size=st.integers(1, 20),
)
def test_a_patched_file_reads_alike_in_any_pieces(data: bytes, patches: dict[int, bytes], size: int) -> None:
    expected = bytearray(data)
    for at, patch in sorted(patches.items()):
        expected[at : at + 4] = patch[: max(0, len(data) - at)]
    expected = expected[: len(data)]
    patched = PatchedFile(io.BytesIO(data), patches)
    pieces = []
    while piece := patched.read(size):
        pieces.append(piece)
    assert b"".join(pieces) == expected
    assert (patched.tell(), patched.seek(0), patched.read()) == (len(data), 0, bytes(expected))


@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(MP4) - 1), st.binary(min_size=1, max_size=4)), max_size=6),
    kept=st.integers(len(MP4) // 2, len(MP4)),
)
def test_any_movie_is_bounded_or_refused(changes: list[tuple[int, bytes]], kept: int) -> None:
    data = bytearray(MP4)
    for at, patch in changes:
        data[at : at + len(patch)] = patch
    try:
        bounded_movie(io.BytesIO(bytes(data[:kept])), LIMITS)
    except ClipRejected as rejected:
        assert rejected.text.isprintable()  # noqa: PT017 - any outcome but another exception is right


def test_an_avi_with_a_long_index_is_refused(tmp_path: Path) -> None:
    at = AVI.index(b"idx1")
    (tmp_path / "1").write_bytes(AVI[:at] + b"idx1" + struct.pack("<I", 1_000_000 * 16) + bytes(1_000_000 * 16))
    assert read_skip(tmp_path / "1").reason is SkipReason.TOO_LARGE


def test_an_avi_with_many_streams_is_refused() -> None:
    streams = (b"LIST" + struct.pack("<I", 4) + b"strh") * 20
    at = AVI.index(b"movi") - 8
    with pytest.raises(ClipRejected, match="streams"):
        bounded_avi(io.BytesIO(AVI[:at] + streams + AVI[at:]), LIMITS)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "reason"),
    [("mp4_60M_samples_2GB.mp4", SkipReason.TOO_LARGE), ("dicom_holding_mp4_60M_samples_2GB.dcm", SkipReason.TOO_LARGE),
     ("snow_avi_16384x8100_1.9GB.avi", SkipReason.UNSUPPORTED_FORMAT)],
)  # fmt: skip
def test_the_collected_attacks_cost_nothing(name: str, reason: SkipReason) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_skip(REFERENCE / "attacks" / name).reason is reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
