"""Zips: unpacked under numbers, refused as a whole when hostile, skipped file by file when damaged."""

import io
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.study import Clip, SkippedClip, SkipReason
from service.errors import ArchiveRefused, EmptyStudy, StudyError
from service.ingest import archive
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS

RGB = make.moving_frames()


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@pytest.fixture
def cines(tmp_path: Path) -> list[bytes]:
    files = [make.write_native(tmp_path / str(n), np.roll(RGB, n, axis=1), "RGB").read_bytes() for n in range(2)]
    return [*files, make.encode_video(RGB)]


def test_a_zip_is_a_study_in_archive_order_and_leaves_nothing_behind(tmp_path: Path, cines: list[bytes]) -> None:
    members = {"b/IM0": cines[0], "b/": b"", "a/IM1": cines[1], "__MACOSX/._IM1": b"\0\5\x16\7", "clip": cines[2]}
    with open_study([_zip(tmp_path / "study.zip", members)], LIMITS) as study:
        folder = study.paths[0].parent
        assert folder.is_dir()
        results = sorted(study.read(), key=lambda result: result.position)
    assert not folder.exists()
    assert [type(result) for result in results] == [Clip, Clip, SkippedClip, Clip]
    assert isinstance(results[2], SkippedClip)
    assert results[2].reason is SkipReason.NOT_AN_IMAGE
    assert study.files == 4


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "C:/evil", "\\\\host\\evil", "..\\evil", "a\\..\\..\\evil"],
)
def test_names_that_leave_the_folder_refuse_the_archive(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "1.zip", {"good": b"x", name: b"y"})
    with pytest.raises(ArchiveRefused, match="File 2") as refused:
        open_study([path], LIMITS)
    assert refused.value.positions == (2,)
    assert "evil" not in str(refused.value)


def test_links_refuse_the_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as file:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveRefused, match="link"):
        open_study([tmp_path / "1.zip"], LIMITS)


def test_encrypted_files_refuse_the_archive(tmp_path: Path) -> None:
    data = bytearray(_zip(tmp_path / "1.zip", {"a": b"secret"}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "1.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="encrypted"):
        open_study([tmp_path / "1.zip"], LIMITS)


def test_too_many_files_and_too_many_declared_bytes_refuse_the_archive(tmp_path: Path) -> None:
    path = _zip(tmp_path / "1.zip", {str(n): bytes(1000) for n in range(5)})
    for limits, number in ((IngestLimits(max_files=4), 4), (IngestLimits(max_study_bytes=4999), 4999)):
        with pytest.raises(ArchiveRefused, match=str(number)) as refused:
            open_study([path], limits)
        assert refused.value.limit == number


def test_ten_gigabytes_in_a_zip_are_refused_unopened(tmp_path: Path) -> None:
    block = bytes(1 << 20)
    with zipfile.ZipFile(tmp_path / "1.zip", "w", zipfile.ZIP_DEFLATED) as file, file.open("bomb", "w") as member:
        member.write(block)
    data = bytearray((tmp_path / "1.zip").read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # uncompressed size in the directory (APPNOTE.TXT 4.3.12)
    data[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    (tmp_path / "1.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="exceeds"):
        open_study([tmp_path / "1.zip"], IngestLimits(max_study_bytes=4 << 20))


def test_a_directory_that_declares_too_little_yields_no_more_than_it_declares(tmp_path: Path) -> None:
    data = bytearray(_zip(tmp_path / "1.zip", {"bomb": bytes(5 << 20), "b": b"other"}).read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    (tmp_path / "1.zip").write_bytes(data)
    with open_study([tmp_path / "1.zip"], LIMITS) as study:
        assert study.paths[0].stat().st_size <= 100
        results = sorted(study.read(), key=lambda result: result.position)
    assert isinstance(results[0], SkippedClip)
    assert (results[0].reason, "archive" in results[0].text) == (SkipReason.UNREADABLE, True)


def test_bytes_that_really_come_out_are_counted(tmp_path: Path) -> None:
    path = _zip(tmp_path / "1.zip", {"a": bytes(3000), "b": bytes(3000)})
    with zipfile.ZipFile(path) as opened, pytest.raises(ArchiveRefused, match="5000"):
        archive._extract_all(opened, opened.infolist(), tmp_path, IngestLimits(max_study_bytes=5000))


def test_a_directory_too_large_to_hold_is_not_read(tmp_path: Path) -> None:
    path = _zip(tmp_path / "1.zip", {f"{n:0200d}": b"" for n in range(1000)})
    with pytest.raises(ArchiveRefused, match="directory"):
        open_study([path], IngestLimits(max_files=100))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("packed_bytes", [1_024_001, 1 << 20, 3 << 20])
def test_members_may_be_larger_than_the_directory_may(tmp_path: Path, packed_bytes: int, method: int) -> None:
    """Noise does not shrink, so what is packed is as long as what comes out."""
    noise = np.random.default_rng(1).bytes(packed_bytes)
    path = _zip(tmp_path / "1.zip", {"a": noise, "b": noise[::-1]}, method)
    with open_study([path], IngestLimits(max_files=2)) as study:  # the smallest bound on the directory
        assert [file.read_bytes() for file in study.paths] == [noise, noise[::-1]]


def test_a_dicom_file_whose_preamble_looks_like_a_zip_is_a_dicom_file(tmp_path: Path, cines: list[bytes]) -> None:
    (tmp_path / "1").write_bytes(b"PK\x03\x04" + cines[0][4:])
    with open_study([tmp_path / "1"], LIMITS) as study:
        (result,) = study.read()
    assert isinstance(result, Clip)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_oddly_packed_file_is_skipped_and_the_others_count(
    tmp_path: Path, cines: list[bytes], method: int
) -> None:
    path = _zip(tmp_path / "1.zip", {"a": cines[0], "b": cines[1]}, method)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x03\x04") + 2000
    data[at : at + 8] = bytes(byte ^ 0xFF for byte in data[at : at + 8])
    path.write_bytes(data)
    with open_study([path], LIMITS) as study:
        first, second = sorted(study.read(), key=lambda result: result.position)
    assert isinstance(first, SkippedClip)
    assert first.reason is SkipReason.UNREADABLE
    assert isinstance(second, Clip if method in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} else SkippedClip)


def test_an_archive_inside_or_beside_other_files_stays_closed(tmp_path: Path, cines: list[bytes]) -> None:
    inner = _zip(tmp_path / "inner.zip", {"a": cines[0]})
    outer = _zip(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes(), "b": cines[1]})
    (tmp_path / "b").write_bytes(cines[1])
    for paths in ([outer], [inner, tmp_path / "b"]):
        with open_study(paths, LIMITS) as study:
            first, second = sorted(study.read(), key=lambda result: result.position)
        assert isinstance(first, SkippedClip)
        assert "archive" in first.text
        assert isinstance(second, Clip)


def test_an_empty_archive_is_an_empty_study(tmp_path: Path) -> None:
    with pytest.raises(EmptyStudy):
        open_study([_zip(tmp_path / "1.zip", {})], LIMITS)
    with pytest.raises(EmptyStudy):
        open_study([_zip(tmp_path / "2.zip", {"only/": b""})], LIMITS)


_SAMPLE = io.BytesIO()
with zipfile.ZipFile(_SAMPLE, "w", zipfile.ZIP_DEFLATED) as _file:
    _file.writestr("a", b"some text " * 40)
    _file.writestr("b", bytes(range(256)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(4, len(_SAMPLE.getvalue()) - 1), st.integers(0, 255)), max_size=6),
    kept=st.integers(0, len(_SAMPLE.getvalue())),
)
def test_any_tampered_zip_is_refused_or_read(tmp_path: Path, changes: list[tuple[int, int]], kept: int) -> None:
    data = bytearray(_SAMPLE.getvalue())
    for at, byte in changes:
        data[at] = byte
    (tmp_path / "1.zip").write_bytes(data[: max(4, kept)])
    with (
        suppress(StudyError),
        open_study([tmp_path / "1.zip"], IngestLimits(max_study_bytes=1 << 20)) as study,
    ):
        assert all(isinstance(result, SkippedClip) for result in study.read())
