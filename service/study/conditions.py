"""What a running service needs of the machine: room for answers and uploads, and file descriptors."""

import os
import resource
import shutil
import time
from pathlib import Path
from typing import Final

from service.causes import cause_of
from service.settings import PostgresPlace

# An answer is about 100 KiB, and SQLite's log grows to 4 MiB before it is written back (sqlite.org/wal.html).
LEAST_STORE_BYTES: Final = 16 << 20
LEAST_UPLOAD_BYTES: Final = 64 << 20  # a few clips as MP4 (0.5 to 1.3 MB each) for each place in the queue
# Beside what is open: a study being read opens some twenty files, a connection takes one.
LEAST_DESCRIPTORS: Final = 64
_KEPT_SECONDS: Final = 1.0  # readiness is asked more often than disks fill up


class Conditions:
    """Looks at the store's folder, the upload folder and the process. store, uploads: the paths in use."""

    def __init__(self, store: Path | PostgresPlace, uploads: Path) -> None:
        self.store, self.uploads = store, uploads
        self._looked_seconds, self._found = -_KEPT_SECONDS, ""

    @property
    def trouble(self) -> str | None:
        """The first thing that is missing, with its path and its setting; None where all is there."""
        now = time.monotonic()
        if now - self._looked_seconds >= _KEPT_SECONDS:
            self._looked_seconds, self._found = now, next(filter(None, self._looks()), "")
        return self._found or None

    def _looks(self) -> list[str]:
        return [
            descriptor_trouble(),
            folder_trouble(self.uploads, "upload folder", "ECHOSCRIBE_UPLOAD_FOLDER", LEAST_UPLOAD_BYTES),
            self._store_trouble(),
        ]

    def _store_trouble(self) -> str:
        """Of a file; a database looks after its own disk."""
        if not isinstance(self.store, Path):
            return ""
        return folder_trouble(self.store.parent, f"store {self.store}", "ECHOSCRIBE_STORE", LEAST_STORE_BYTES)


def folder_trouble(folder: Path, what: str, setting: str, least_bytes: int) -> str:
    """What is wrong with a folder that is written into, empty where nothing is."""
    named = what if " /" in what else f"{what} {folder}"
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{named}: {cause_of(error)} ({setting})"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{named}: this user may not write in {folder} ({setting})"
    if free_bytes < least_bytes:
        text = f"{named}: no space is left on its disk ({free_bytes >> 20} MiB free, {least_bytes >> 20} MiB needed)"
        return f"{text}; free some, or move it ({setting})"
    return ""


def descriptor_trouble() -> str:
    """What is wrong with the number of open files, empty where nothing is."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        used = open_descriptors()
    except OSError as error:
        return f"file descriptors: {cause_of(error)}"
    if limit != resource.RLIM_INFINITY and limit - used < LEAST_DESCRIPTORS:
        return f"file descriptors: {used} of {limit} are in use; raise the limit of this process (ulimit -n)"
    return ""


def open_descriptors() -> int:
    """How many files, sockets and pipes this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path for each would take ten times as long
