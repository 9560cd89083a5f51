"""A file or folder that one process holds: the lock is on the inode itself, so that no other name of it leads past it.

A lock file beside what it guards can be renamed, deleted or reached past through another path. `flock` on the guarded
inode cannot: a symbolic link, a hard link and a bind mount all lead to it. The lock ends with the process.
"""

import fcntl
import os
import threading
from pathlib import Path
from typing import Final, Self

Inode = tuple[int, int]  # device and number

# SQLite's own locks are POSIX locks, which a process loses when it closes any descriptor of the file (fcntl(2)). So a
# second holder in this process is refused before the file is opened again.
_held_here: set[Inode] = set()
_guard: Final = threading.Lock()


class AlreadyHeld(OSError):
    """Another holder has it: another process, or this one."""


class HeldInode:
    """An exclusive lock on what a path leads to, from its making to `release`."""

    def __init__(self, path: Path, *, folder: bool) -> None:
        """Holds the folder, which must be there, or the file, which is made with mode 0600 where it is not.

        Raises AlreadyHeld, or OSError where it cannot be opened or locked.
        """
        self.path = path
        flags = os.O_RDONLY | os.O_DIRECTORY if folder else os.O_RDWR | os.O_CREAT
        with _guard:
            while not self._take(flags):
                pass  # the path led elsewhere by the time that it was locked

    def _take(self, flags: int) -> bool:
        """Whether the path still leads to what was locked."""
        if (found := _inode_at(self.path)) in _held_here:
            raise AlreadyHeld(f"{self.path} is held by this process")
        descriptor = os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, self.path)
            found = _inode_of(os.fstat(descriptor))
            if found != _inode_at(self.path):
                os.close(descriptor)
                return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor, self._inode = descriptor, found
        _held_here.add(found)
        return True

    @property
    def is_named_so_still(self) -> bool:
        """Whether the path leads to what is held, and not to something that was put in its place."""
        return _inode_at(self.path) == self._inode

    @property
    def descriptor(self) -> int:
        """The open file or folder."""
        return self._descriptor

    def release(self) -> None:
        """Lets go. Of a SQLite file only after its last connection was closed."""
        with _guard:
            _held_here.discard(self._inode)
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyHeld(f"{path} is held by another process") from error


def _inode_at(path: Path) -> Inode | None:
    try:
        return _inode_of(path.stat())
    except FileNotFoundError:
        return None


def _inode_of(status: os.stat_result) -> Inode:
    return status.st_dev, status.st_ino
