"""The audit log: who did what to which study. A line is only ever added, and each one holds the hash of the one before.

A line has a key's id, never a name, and of what a client sent only ids that this service could have given. A line is
on disk before what it tells is shown. The file is opened for each line, so that it can be moved away while the service
runs; the new one's first line names the last line of the old one. The hash of the last line stands in a second file too
(`.end`), so that a log that was cut at its end, or taken away, is noticed.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from service.errors import AuditUnavailable

_BEGIN: Final = "0" * 64  # hash before the first line
_TAIL_BYTES: Final = 1 << 16  # longer than any line: a page of 100 studies has 4 kB of ids
_STUDY_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class AuditLog:
    """Adds lines to a file that its owner alone may read."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet."""
        self._path = path

    def note(
        self, action: str, *, key_id: str | None, tenant: str, studies: Sequence[str] = (), **facts: str | int | None
    ) -> None:
        """Adds one line. Raises AuditUnavailable, and then what was to be noted must not happen."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "key": key_id,
            "tenant": tenant,
            "action": action,
            "studies": [study for study in studies if _STUDY_ID.fullmatch(study)],  # else it may name a patient
            **facts,
        }
        try:
            self._append(line)
        except OSError as error:
            raise AuditUnavailable("the audit log cannot be written, so nothing is shown or taken") from error

    def _append(self, line: dict[str, Any]) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            tail = os.pread(handle, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
            cut_off = bool(tail) and not tail.endswith(b"\n")  # by a killed process or a full disk
            last = tail.rstrip(b"\n").rsplit(b"\n", 1)[-1] if tail else b""
            line["before"] = _hash(last) if last else _BEGIN
            line |= _gap(last, _end_of(self._path))
            new = json.dumps(line).encode()
            text = (b"\n" if cut_off else b"") + new + b"\n"
            if os.write(handle, text) != len(text):
                raise OSError("the line was cut off")
            os.fsync(handle)
            _write_end(self._path, _hash(new))
        finally:
            os.close(handle)


def is_cut_at_its_end(path: Path) -> bool:
    """Whether the line that was noted as the last one is missing. False for a log that was moved away. Raises OSError.

    Lines after it are none of a cut: a killed process may have written one and not noted it.
    """
    end = _end_of(path)
    if end is None:
        return False
    with path.open("rb") as file:
        return all(_hash(raw.rstrip(b"\n")) != end for raw in file)


def broken_links(path: Path) -> Iterator[int]:
    """Numbers of the lines, from 1, that do not follow the line before them, or found it missing. Raises OSError."""
    before = _BEGIN
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.rstrip(b"\n")
            if _field(line, "before") != before or _field(line, "missing"):
                yield number
            before = _hash(line)


def _end_path(path: Path) -> Path:
    return path.with_name(path.name + ".end")


def _end_of(path: Path) -> str | None:
    """Hash of the last line that was noted, of this file or of the one before it."""
    try:
        return _end_path(path).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def _write_end(path: Path, end: str) -> None:
    """Called under the log's lock. Not forced to disk: after a power cut it names an earlier line, which is there."""
    handle = os.open(_end_path(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.pwrite(handle, end.encode("ascii"), 0)  # always as long as before
    finally:
        os.close(handle)


def _gap(last: bytes, end: str | None) -> dict[str, str]:
    """What a new line says of the lines before it, where the last that was noted is not there.

    A killed process may have written the last line and not noted it: then the line before that is the noted one.
    """
    if end is None or end in {_hash(last), _field(last, "before")}:
        return {}
    return {"missing": end} if last else {"continues": end}


def _field(line: bytes, name: str) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found.get(name) if isinstance(found, dict) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
