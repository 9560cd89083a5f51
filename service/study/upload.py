"""Uploads: headers are judged before the body is read, the body streams to disk; one that fails leaves nothing."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from anyio import to_thread
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from service.errors import (
    EmptyStudy,
    MalformedUpload,
    ServiceError,
    UnsupportedUpload,
    UploadCutOff,
    UploadTimeout,
    UploadTooLarge,
)
from service.study.multipart import FormCheck, MultipartReceiver, UploadLimits
from service.study.pressure.upload_places import UploadPlace, UploadPlaces, nothing
from service.study.report_form import ReportForm

NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT}
_HELD: Final = 1 << 20  # bytes of a request in memory while its earlier ones are written
_LITTLE: Final = 1 << 16  # bytes; a fast client's pieces are larger


@dataclass(frozen=True)
class Upload:
    """The files of one request on disk, in upload order, and the fields that came with them.

    sha256: of each file, taken as it came in.
    """

    folder: Path
    files: tuple[Path, ...]
    form: ReportForm
    payload_sha256: str
    sha256: Mapping[Path, str] = field(default_factory=dict)

    def remove(self) -> None:
        """Deletes the files; doing it twice is fine."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_scratch(self) -> None:
        """Deletes what a reader unpacked into folders beside the files."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class UploadPace:
    """Longest silence and longest time of one upload, in seconds."""

    idle_seconds: float
    total_seconds: float


class NewFolders(Protocol):
    """Where uploads go."""

    def new(self) -> Path:
        """An empty folder for one upload. Raises UploadFolderFull or UploadsUnusable."""

    def refusal(self, error: OSError) -> ServiceError:
        """What a fault of writing is answered with: its cause, the folder and the setting."""


def sync_folder(folder: Path) -> None:
    """Has the names in a folder on disk, as fsync has what files hold. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def boundary_of(headers: Mapping[str, str], limits: UploadLimits) -> bytes:
    """The multipart boundary of a request whose headers announce an upload that can be read.

    Raises UnsupportedUpload, UploadTooLarge, MalformedUpload or EmptyStudy.
    """
    kind, options = parse_options_header(headers.get("content-type"))
    length = headers.get("content-length", "")
    if length == "0" or (not kind and not length and "transfer-encoding" not in headers):
        raise EmptyStudy("files: the request has no body", field="files")
    if kind != b"multipart/form-data":
        raise UnsupportedUpload("Content-Type: must be multipart/form-data", field="Content-Type")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedUpload("Content-Encoding: encoded bodies are not unpacked", field="Content-Encoding")
    if length.isdecimal() and int(length) > limits.max_body_bytes:
        raise _body_too_large(limits)
    if not options.get(b"boundary"):
        raise MalformedUpload("Content-Type: has no boundary", field="Content-Type")
    return options[b"boundary"]


@dataclass(frozen=True, kw_only=True)
class UploadDesk:
    """Receives uploads into `folders` within `limits` and `pace`; `check` judges the form as soon as a field is in."""

    folders: NewFolders
    limits: UploadLimits
    pace: UploadPace
    check: FormCheck
    places: UploadPlaces = field(default_factory=UploadPlaces)

    async def receive(self, boundary: bytes, body: AsyncIterator[bytes], client: str | None = None) -> Upload:
        """The upload on disk. Raises QueueFull, an UploadError, InvalidField or EmptyStudy; then nothing is on disk."""
        with self.places.place(client) as place:
            return await self._receive(boundary, body, place)

    async def _receive(self, boundary: bytes, body: AsyncIterator[bytes], place: UploadPlace) -> Upload:
        folder = self.folders.new()
        try:
            return await self._receive_into(folder, boundary, body, place)
        except ClientDisconnect as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise UploadCutOff("the client went away during the upload") from error
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise self.folders.refusal(error) from error
        except BaseException:  # cancellation too: nothing of the patient may stay behind
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def _receive_into(
        self, folder: Path, boundary: bytes, body: AsyncIterator[bytes], place: UploadPlace
    ) -> Upload:
        with MultipartReceiver(boundary, folder, self.limits, self.check) as receiver:
            try:
                async with asyncio.timeout(self.pace.total_seconds):
                    await self._copy(body, receiver, place)
            except TimeoutError as error:
                raise self._too_slow(place) from error
            if not receiver.ended:
                raise MalformedUpload("the body ends before its closing boundary")
            if not receiver.files:
                raise EmptyStudy("files: the form has none", field="files")
            await to_thread.run_sync(receiver.wait_until_on_disk)
            return Upload(
                folder, tuple(receiver.files), receiver.form, receiver.payload_sha256(), dict(receiver.sha256)
            )

    def _too_slow(self, place: UploadPlace) -> UploadTimeout:
        pace, rate = self.pace, place.bytes_per_second
        if place.is_stopped:
            return UploadTimeout("another upload waited for the place, and this was the slowest", limit=rate)
        text = f"the upload may pause for {pace.idle_seconds:g} s and take {pace.total_seconds:g} s"
        if rate:
            text += f", and must bring {rate:g} bytes a second"
        return UploadTimeout(text, limit=pace.total_seconds)

    async def _copy(self, body: AsyncIterator[bytes], receiver: MultipartReceiver, place: UploadPlace) -> None:
        """Every piece of the body into the receiver. Raises TimeoutError when one takes too long to come."""
        writer, loop = _WriteBehind(receiver, place), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as silence:  # one for all pieces, of which there are thousands
                place.stop = lambda: None if silence.expired() else silence.reschedule(loop.time())
                while (piece := await self._next(body, silence, place)) is not None:
                    if place.received_bytes > self.limits.max_body_bytes:
                        raise _body_too_large(self.limits)
                    await writer.take(piece)
            place.stop = nothing
            await writer.end()
        except TimeoutError:
            await writer.end()  # what is wrong with earlier bytes says more
            raise
        finally:
            place.stop = nothing
            await writer.settle()

    async def _next(self, body: AsyncIterator[bytes], silence: asyncio.Timeout, place: UploadPlace) -> bytes | None:
        """The next piece; the timeout runs only while it is waited for. Raises TimeoutError when its place is gone."""
        if place.is_stopped:
            raise TimeoutError
        patience = place.patience_seconds(self.pace.idle_seconds)
        silence.reschedule(asyncio.get_running_loop().time() + patience)
        place.wait()
        piece = await anext(body, None)
        place.take(len(piece or b""))
        silence.reschedule(None)
        return piece


class _WriteBehind:
    """Writes pieces in a thread while the next ones come.

    They are held until the thread is free, so that it is not woken for each 64 KiB, and no more than _HELD bytes.
    place: of the upload, which is stopped when a piece is at fault: its client may send no more, and wait.
    """

    def __init__(self, receiver: MultipartReceiver, place: UploadPlace) -> None:
        self._receiver, self._place = receiver, place
        self._held: list[bytes] = []
        self._bytes_held = 0
        self._writing: asyncio.Task[None] | None = None

    async def take(self, piece: bytes) -> None:
        """Takes the next piece. Raises what was wrong with earlier ones, or with a little one itself."""
        self._held.append(piece)
        self._bytes_held += len(piece)
        if self._writing is not None and (self._writing.done() or self._bytes_held >= _HELD):
            await self._written()
        if self._writing is None:
            little = self._bytes_held < _LITTLE
            self._write()
            if little:
                await self._written()

    async def end(self) -> None:
        """Waits until all is written. Raises what was wrong with it."""
        await self._written()
        self._write()
        await self._written()

    async def settle(self) -> None:
        """Waits until nothing is written any more, whatever came of it: the folder must not vanish under the thread."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
            _ = self._writing.cancelled() or self._writing.exception()

    def _write(self) -> None:
        if self._held:
            self._writing = asyncio.create_task(to_thread.run_sync(self._write_all, self._held))
            self._writing.add_done_callback(self._look)
            self._held, self._bytes_held = [], 0

    def _look(self, written: asyncio.Task[None]) -> None:
        if not written.cancelled() and written.exception() is not None:
            self._place.stop()

    def _write_all(self, pieces: list[bytes]) -> None:
        # Joined: hashing and writing let go of the interpreter's lock, and each time it must be waited for again.
        self._receiver.write(b"".join(pieces))

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing
            self._writing = None


def _body_too_large(limits: UploadLimits) -> UploadTooLarge:
    limit = limits.max_body_bytes
    return UploadTooLarge(f"the request body is larger than {limit} bytes", limit=limit)
