"""Uploads on disk: limits while they arrive, slow and broken bodies, and nothing left behind."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from service.errors import InvalidField, ServiceError, UploadCutOff, UploadFolderFull, UploadTimeout, UploadTooLarge
from service.study.durable.upload_folders import UploadFolders
from service.study.multipart import MultipartReceiver, UploadLimits
from service.study.report_form import ReportForm
from service.study.upload import UploadDesk, UploadPace, boundary_of

LIMITS = UploadLimits(max_body_bytes=10_000, max_files=3, max_file_bytes=5_000)
HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


def accept(_: ReportForm) -> None:
    return


def receive(folders: UploadFolders, body: AsyncIterator[bytes], pace: UploadPace) -> None:
    desk = UploadDesk(folders=folders, limits=LIMITS, pace=pace, check=accept)
    asyncio.run(desk.receive(b"x", body))


def left(folders: UploadFolders) -> list[str]:
    return [path.name for path in folders.root.iterdir() if path.name != "owner"]


async def endless() -> AsyncIterator[bytes]:
    yield HEAD
    while True:
        yield b"y" * 100
        await asyncio.sleep(0.001)


async def stalled() -> AsyncIterator[bytes]:
    yield HEAD
    await asyncio.sleep(60)


async def cut_off() -> AsyncIterator[bytes]:
    yield HEAD
    raise ClientDisconnect


async def broken_disk() -> AsyncIterator[bytes]:
    yield HEAD
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("body", "pace", "error"),
    [
        (endless, UploadPace(5, 10), UploadTooLarge),
        (endless, UploadPace(5, 0.01), UploadTimeout),
        (stalled, UploadPace(0.05, 10), UploadTimeout),
        (cut_off, UploadPace(5, 10), UploadCutOff),
        (broken_disk, UploadPace(5, 10), UploadFolderFull),
    ],
)
def test_nothing_is_left_of_an_upload_that_fails(
    tmp_path: Path, body: object, pace: UploadPace, error: type[ServiceError]
) -> None:
    assert callable(body)
    with UploadFolders(tmp_path) as folders:
        with pytest.raises(error):
            receive(folders, body(), pace)
        assert left(folders) == []


def test_nothing_is_left_of_an_upload_that_is_cancelled(tmp_path: Path) -> None:
    async def cancelled(folders: UploadFolders) -> None:
        desk = UploadDesk(folders=folders, limits=LIMITS, pace=UploadPace(5, 10), check=accept)
        task = asyncio.create_task(desk.receive(b"x", stalled()))
        await asyncio.sleep(0.05)
        assert len(left(folders)) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with UploadFolders(tmp_path) as folders:
        asyncio.run(cancelled(folders))
        assert left(folders) == []


@pytest.mark.parametrize("size", [10, 200_000])
def test_what_is_wrong_is_told_though_the_client_sends_no_more(tmp_path: Path, size: int) -> None:
    async def wrong_field() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="surprise"\r\n\r\n' + b"y" * size
        await asyncio.sleep(60)

    limits = UploadLimits(max_body_bytes=1 << 20, max_files=3, max_file_bytes=1 << 20)
    with UploadFolders(tmp_path) as folders:
        desk = UploadDesk(folders=folders, limits=limits, pace=UploadPace(50, 60), check=accept)
        with pytest.raises(InvalidField, match="unknown field"):
            asyncio.run(desk.receive(b"x", wrong_field()))
        assert left(folders) == []


def test_pieces_that_come_while_others_are_written_stay_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [bytes([number]) * 150_000 for number in range(40)]
    write = MultipartReceiver.write

    def slow(receiver: MultipartReceiver, piece: bytes) -> None:
        time.sleep(0.01)
        write(receiver, piece)

    async def fast() -> AsyncIterator[bytes]:
        yield HEAD
        for piece in pieces:
            yield piece
            await asyncio.sleep(0)
        yield b"\r\n--x--\r\n"

    monkeypatch.setattr(MultipartReceiver, "write", slow)
    limits = UploadLimits(max_body_bytes=1 << 23, max_files=3, max_file_bytes=1 << 23)
    with UploadFolders(tmp_path) as folders:
        desk = UploadDesk(folders=folders, limits=limits, pace=UploadPace(5, 10), check=accept)
        upload = asyncio.run(desk.receive(b"x", fast()))
        assert upload.files[0].read_bytes() == b"".join(pieces)


def test_a_full_disk_while_writing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MultipartReceiver, "write", full)
    with UploadFolders(tmp_path) as folders, pytest.raises(UploadFolderFull):
        receive(folders, endless(), UploadPace(5, 10))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-length": "0"}, "EmptyStudy"),
        ({}, "EmptyStudy"),
        ({"content-type": "text/plain", "content-length": "5"}, "UnsupportedUpload"),
        ({"content-type": "multipart/form-data; boundary=x", "content-encoding": "gzip"}, "UnsupportedUpload"),
        ({"content-type": "multipart/form-data; boundary=x", "content-length": "10001"}, "UploadTooLarge"),
        ({"content-type": "multipart/form-data", "content-length": "5"}, "MalformedUpload"),
    ],
)
def test_headers_are_judged_before_the_body(headers: dict[str, str], code: str) -> None:
    with pytest.raises(ServiceError) as error:
        boundary_of(headers, LIMITS)
    assert type(error.value).__name__ == code


def test_a_boundary_may_be_quoted_and_the_body_of_unknown_length() -> None:
    headers = {"content-type": 'Multipart/Form-Data; boundary="a b"', "transfer-encoding": "chunked"}
    assert boundary_of(headers, LIMITS) == b"a b"
