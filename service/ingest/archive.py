"""One zip of a study, unpacked safely: under numbers instead of its names, and never beyond the limits."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from service.errors import ArchiveRefused, EmptyStudy
from service.ingest.file_list import StoredFile, is_system_name
from service.ingest.limits import IngestLimits

_BLOCK = 1 << 20  # bytes unpacked at a time; any size does, this one keeps memory flat
_LOCAL_HEADER, _EMPTY_ARCHIVE = b"PK\x03\x04", b"PK\x05\x06"  # APPNOTE.TXT 4.3.7 and 4.3.16
_DICOM_PREFIX = slice(128, 132)
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what every tool writes; LZMA may ask for 4 GiB of dictionary
# The directory of a zip is read at once. A kilobyte for each file that is allowed leaves room for long names.
_DIRECTORY_BYTES_PER_FILE = 1024
# What zipfile and zlib raise on archives that contradict themselves; a wrong CRC is a BadZipFile.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    struct.error,
    ValueError,
)


class _MemberDamaged(Exception):
    """One file of the archive cannot be unpacked; the others can."""


class _ZipReader(io.FileIO):
    """The zip file; refuses to read a directory of more entries than are allowed, before it is held in memory.

    largest_directory: bytes of one read while the directory is looked for; None once it is read. Members are read by
    `zipfile` in blocks of a size that it chooses itself, so no such bound may hold for them.
    """

    largest_directory: int | None = 0

    def read(self, size: int | None = -1, /) -> bytes:
        limit = self.largest_directory
        if size is not None and limit is not None and size > limit:
            raise ArchiveRefused(f"The archive's directory exceeds {limit} bytes.", limit=limit)
        return super().read(-1 if size is None else size) or b""


def is_zip(path: Path) -> bool:
    """Whether a file starts as a zip does. A zip that hides behind other content is not one.

    The preamble of a DICOM file may hold anything (PS3.10 7.1), also the start of a zip: then it is the DICOM file.
    """
    with path.open("rb") as file:
        head = file.read(_DICOM_PREFIX.stop)
    return head[:4] in {_LOCAL_HEADER, _EMPTY_ARCHIVE} and head[_DICOM_PREFIX] != b"DICM"


def unpack(archive: Path, folder: Path, limits: IngestLimits) -> list[StoredFile]:
    """The archive's files, written into the folder as 1, 2, …, in archive order. A damaged one carries its fault.

    Raises ArchiveRefused, naming the position or the limit, for unsafe names, links, encryption, too many files or too
    many bytes, be they declared or real; EmptyStudy when the archive holds no file.
    """
    with _ZipReader(archive) as file:
        file.largest_directory = max(1 << 17, limits.max_files * _DIRECTORY_BYTES_PER_FILE)
        try:
            opened = zipfile.ZipFile(file)
        except _ZIP_FAULTS as fault:
            raise ArchiveRefused(f"The archive is damaged and cannot be unpacked ({type(fault).__name__}).") from None
        file.largest_directory = None
        with opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check(members, archive.stat().st_size, limits)
            return _extract_all(opened, members, folder, limits)


def _check(members: list[zipfile.ZipInfo], packed_bytes: int, limits: IngestLimits) -> None:
    """Raises unless everything the directory declares is harmless."""
    if not members:
        raise EmptyStudy("The archive holds no files.")
    if len(members) > limits.max_files:
        text = f"The archive holds {len(members)} files; the limit is {limits.max_files}."
        raise ArchiveRefused(text, limit=limits.max_files)
    if max(packed_bytes, sum(member.file_size for member in members)) > limits.max_study_bytes:
        text = f"The archive exceeds {limits.max_study_bytes} bytes."
        raise ArchiveRefused(text, limit=limits.max_study_bytes)
    for position, member in enumerate(members, start=1):
        name = {position: member.filename}
        if not _is_safe_name(member.orig_filename):
            text = f"File {position} of the archive has an absolute name, or one that leaves its folder."
            raise ArchiveRefused(text, positions=[position], names=name)
        if member.flag_bits & 0x1:  # APPNOTE.TXT 4.4.4
            raise ArchiveRefused(f"File {position} of the archive is encrypted.", positions=[position], names=name)
        kind = stat.S_IFMT(member.external_attr >> 16)  # Unix mode, zero where none was stored
        if kind not in {0, stat.S_IFREG, stat.S_IFIFO}:  # FIFO: what was piped into zip, with its bytes
            text = f"File {position} of the archive is a link or a device."
            raise ArchiveRefused(text, positions=[position], names=name)


def _is_safe_name(name: str) -> bool:
    """Whether a member's name stays inside a folder on any system. We use none, but a zip that tries is hostile."""
    plain = name.replace("\\", "/")
    has_drive = len(plain) > 1 and plain[1] == ":"
    return not (plain.startswith("/") or has_drive or ".." in PurePosixPath(plain).parts or "\0" in plain)


def _extract_all(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, limits: IngestLimits
) -> list[StoredFile]:
    """Writes every member and counts the bytes that really come out."""
    files: list[StoredFile] = []
    left = limits.max_study_bytes
    for position, member in enumerate(members, start=1):
        path = folder / str(position)
        fault = None
        with path.open("wb") as file:
            try:
                for block in _blocks(opened, member):
                    left -= len(block)
                    if left < 0:
                        text = f"The archive unpacks to more than {limits.max_study_bytes} bytes."
                        raise ArchiveRefused(text, limit=limits.max_study_bytes)
                    file.write(block)
            except _MemberDamaged:
                fault = _fault_of(member)
        name = member.filename.replace("\\", "/")
        folder_name = PurePosixPath(name).parent.as_posix()
        files.append(StoredFile(path, is_system_name(name), fault, name=member.filename, folder=folder_name))
    return files


# APPNOTE.TXT 4.4.5
_METHOD_NAMES: Final = {9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}


def _fault_of(member: zipfile.ZipInfo) -> str:
    if member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "This file is damaged inside the archive: what comes out of it is not what went in."
    name = _METHOD_NAMES.get(member.compress_type, f"method {member.compress_type}")
    return f"This file is packed by {name}; only deflate and no packing are read. Pack it again."


def _blocks(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes, block by block. Raises _MemberDamaged where they cannot be unpacked or fail their CRC."""
    if member.compress_type not in _METHODS:
        raise _MemberDamaged
    try:
        with opened.open(member) as packed:
            while block := packed.read(_BLOCK):
                yield block
    except _ZIP_FAULTS:
        raise _MemberDamaged from None
