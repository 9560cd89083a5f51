"""A multipart form written to disk as it arrives. Files are named by position; what the client called them is lost.

Parsed by hand (on python-multipart's push parser) because FastAPI's own form parsing reads the whole body before the
first check, keeps client file names and lets a field come twice.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import InvalidField, MalformedUpload, UnsupportedUpload, UploadTooLarge
from service.study.report_form import FIELDS, ReportForm

_HASHERS: Final = ThreadPoolExecutor(min(8, os.cpu_count() or 1), "hasher")
_SYNCERS: Final = ThreadPoolExecutor(8, "syncer")  # they wait for the disk, which takes several files at once
_MOST_SYNCING: Final = 32  # files of one upload that are open at once
_WORTH_A_THREAD: Final = 1 << 18  # bytes; hashed in 0.2 ms
_MOST_EMPTY: Final = 8  # file inputs that a browser left empty; a page has one or two
_MAX_FIELD_BYTES: Final = 64  # "retrieval" and any k fit
_PLAIN_ENCODINGS: Final = {b"7bit", b"8bit", b"binary"}  # RFC 7578 section 4.7 deprecates the others


@dataclass(frozen=True)
class UploadLimits:
    """Largest body and file in bytes, and most files."""

    max_body_bytes: int
    max_files: int
    max_file_bytes: int


FormCheck = Callable[[ReportForm], None]


class MultipartReceiver:
    """Takes the body in pieces: files go to `folder`, fields to `form`. Use as a context; raises on the first fault."""

    def __init__(self, boundary: bytes, folder: Path, limits: UploadLimits, check: FormCheck) -> None:
        self.form = ReportForm()
        self.files: list[Path] = []
        self.sha256: dict[Path, str] = {}
        self.ended = False
        self._folder, self._limits, self._check = folder, limits, check
        self._payload = hashlib.sha256()
        self._seen: set[str] = set()
        self._parts = self._empty = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._part: _FilePart | _FieldPart | None = None
        self._syncing: deque[Future[None]] = deque()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_content,
                    "on_part_data": self._take_content,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise MalformedUpload("Content-Type: its boundary is too long", field="Content-Type") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._part, _FilePart):
            self._part.file.close()
        wait(self._syncing)

    def wait_until_on_disk(self) -> None:
        """Waits until every file's bytes are on disk. Raises OSError."""
        while self._syncing:
            self._syncing.popleft().result()

    def write(self, piece: bytes) -> None:
        """Takes the next bytes of the body."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedUpload("the body breaks the multipart format") from error

    def payload_sha256(self) -> str:
        """Hex sha256 of all files in order and of the fields: equal for equal requests, whatever their boundary."""
        digest = self._payload.copy()
        digest.update(f"mode={self.form.mode} k={self.form.k}".encode())
        if self.form.patient_key is not None:
            digest.update(f" patient_key={self.form.patient_key} prior={self.form.include_prior}".encode())
        if self.form.samples is not None:
            digest.update(f" samples={self.form.drawn}".encode())
        return digest.hexdigest()

    def _begin_part(self) -> None:
        self._parts += 1
        limit = self._limits.max_files + len(FIELDS) + _MOST_EMPTY
        if self._parts > limit:
            raise UploadTooLarge(f"the form has more than {limit} parts", limit=limit)
        self._headers.clear()

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).strip().lower()] = bytes(value).strip()
        self._header = (bytearray(), bytearray())

    def _begin_content(self) -> None:
        encoding = self._headers.get(b"content-transfer-encoding", b"binary").lower()
        if encoding not in _PLAIN_ENCODINGS:
            raise UnsupportedUpload("Content-Transfer-Encoding: parts must come as they are")
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if disposition != b"form-data" or not name:
            raise MalformedUpload("a part has no Content-Disposition of form-data with a name")
        name = "lang" if name == "language" else name  # what some call it
        if name == "files":
            self._part = self._new_file(unnamed=options.get(b"filename") == b"")
        elif name in FIELDS:
            self._part = self._new_field(name)
        else:
            known = f"files, {', '.join(FIELDS)}"
            # by position: the name is the client's text and may be a patient's
            raise InvalidField(f"part {self._parts} of the form: an unknown field; there are {known}")

    def _new_file(self, *, unnamed: bool) -> "_FilePart":
        position = len(self.files) + 1
        if position > self._limits.max_files:
            limit = self._limits.max_files
            raise UploadTooLarge(f"files: more than {limit} files", field="files", limit=limit)
        path = self._folder / f"{position:05d}"
        return _FilePart(path, path.open("xb"), unnamed=unnamed)

    def _new_field(self, name: str) -> "_FieldPart":
        if name in self._seen:
            raise InvalidField(f"{name}: was sent twice", field=name)
        self._seen.add(name)
        return _FieldPart(name)

    def _take_content(self, data: bytes, start: int, end: int) -> None:
        part, piece = self._part, memoryview(data)[start:end]
        if isinstance(part, _FilePart):
            if part.take(piece) > self._limits.max_file_bytes:
                position, limit = len(self.files) + 1, self._limits.max_file_bytes
                text = f"files: file {position} is larger than {limit} bytes"
                raise UploadTooLarge(text, field="files", limit=limit, positions=[position])
        elif part is not None:
            part.value.extend(piece)
            if len(part.value) > _MAX_FIELD_BYTES:
                text = f"{part.name}: longer than {_MAX_FIELD_BYTES} bytes"
                raise InvalidField(text, field=part.name, limit=_MAX_FIELD_BYTES)

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if isinstance(part, _FilePart):
            if part.unnamed and part.size == 0:
                part.file.close()
                part.path.unlink()  # what a browser sends for a file input that was left empty
                self._count_empty()
                return
            self._syncing.append(_SYNCERS.submit(_sync_and_close, part.file))
            if len(self._syncing) > _MOST_SYNCING:
                self._syncing.popleft().result()
            self.files.append(part.path)
            self.sha256[part.path] = part.digest().hexdigest()
            self._payload.update(part.digest().digest())
        elif part is not None:
            self.form = self.form.with_field(part.name, part.value.decode("utf-8", "replace"))
            self._check(self.form)

    def _count_empty(self) -> None:
        self._empty += 1
        if self._empty > _MOST_EMPTY:
            text = f"files: more than {_MOST_EMPTY} file inputs are empty"
            raise UploadTooLarge(text, field="files", limit=_MOST_EMPTY)

    def _end(self) -> None:
        self.ended = True


def _sync_and_close(file: BinaryIO) -> None:
    """Has a file on disk while the next ones arrive. Raises OSError."""
    with file:
        file.flush()
        os.fsync(file.fileno())


class _FieldPart:
    """A form field while it arrives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value = bytearray()


class _FilePart:
    """A file while it arrives; its last piece is hashed while the next is written."""

    def __init__(self, path: Path, file: BinaryIO, *, unnamed: bool) -> None:
        self.path, self.file, self.unnamed = path, file, unnamed
        self.size = 0
        self._digest = hashlib.sha256()
        self._hashed: Future[None] | None = None

    def take(self, piece: memoryview) -> int:
        """Writes the bytes; returns the size so far."""
        self.size += len(piece)
        if len(piece) >= _WORTH_A_THREAD:
            self.digest()
            self._hashed = _HASHERS.submit(self._digest.update, piece)
        else:
            self.digest().update(piece)
        self.file.write(piece)
        return self.size

    def digest(self) -> "hashlib._Hash":
        """The hash of all bytes so far."""
        if self._hashed is not None:
            self._hashed.result()
            self._hashed = None
        return self._digest
