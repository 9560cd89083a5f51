"""The audit log: who did what to which study. A line is only ever added, and each one holds the hash of the one before.

A line has a key's id, never a name, and of what a client sent only ids that this service could have given. The file is
opened for each line, so that it can be moved away while the service runs; a new one then begins a new chain.
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
            text = (b"\n" if cut_off else b"") + json.dumps(line).encode() + b"\n"
            if os.write(handle, text) != len(text):
                raise OSError("the line was cut off")
        finally:
            os.close(handle)


def broken_links(path: Path) -> Iterator[int]:
    """Numbers of the lines, from 1, that do not follow the line before them. Raises OSError."""
    before = _BEGIN
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.rstrip(b"\n")
            if _before(line) != before:
                yield number
            before = _hash(line)


def _before(line: bytes) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found.get("before") if isinstance(found, dict) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
