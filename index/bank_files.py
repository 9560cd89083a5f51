"""Where the files of a bank are read: where they lie, or in private copies that nobody else can cut or change.

A mapped file that somebody cuts ends the process that reads it (SIGBUS), and one that somebody rewrites changes what
it says. A copy lies in sealed memory, or, where it is large, in a file on disk without a name; on a file system that
shares blocks (btrfs, XFS) that takes neither time nor space.
"""

import errno
import fcntl
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from index.errors import BankCorrupt
from index.manifest import MANIFEST_FILE, BankManifest, check_blocks

# Bytes of a bank that may lie in memory: 200,000 candidates, up to which FAISS too holds all vectors in memory
# (index.search.FLAT_LIMIT), are 205 MB of vectors and about as much of reports and labels.
MEMORY_BYTES: Final = 512 << 20
_PIECE: Final = 64 << 20
_SHARE_BLOCKS: Final = 0x40049409  # FICLONE of <linux/fs.h>
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(eq=False)
class BankFiles:
    """The files of the bank in a folder.

    copies: name → descriptor of its private copy. checked: whether every block was found to be the recorded one, which
    stays true of copies.
    """

    folder: Path
    copies: Mapping[str, int] = field(default_factory=dict)
    checked: bool = False

    @classmethod
    def copied(cls, folder: Path, manifest: BankManifest, spare: Path) -> Self:
        """Private copies of all files. spare: folder for the nameless ones of a bank that is too large for memory.

        Raises BankCorrupt for a file that is missing or not as long as recorded, or that there is no room for.
        """
        sizes = {name: record.size_bytes for name, record in manifest.files.items()}
        place = None if sum(sizes.values()) <= MEMORY_BYTES else spare
        copies: dict[str, int] = {}
        files = cls(folder, copies)
        weakref.finalize(files, _close, copies)
        for name, size in sizes.items():
            copies[name] = _copy(folder / name, size, place)
        return files

    def path(self, name: str) -> Path:
        """Where a file is to be opened."""
        copy = self.copies.get(name)
        return self.folder / name if copy is None else Path(f"/proc/self/fd/{copy}")

    def check(self, manifest: BankManifest, names: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Names and positions of blocks, each after it was found right. Raises BankCorrupt at a wrong one."""
        for name in names:
            for position in check_blocks(self.folder, manifest, name, self.path(name)):
                yield name, position

    @property
    def in_memory(self) -> bool:
        """Whether all of it is copied into memory, so that looking at every block takes no time worth mentioning."""
        return bool(self.copies) and sum(os.fstat(copy).st_size for copy in self.copies.values()) <= MEMORY_BYTES


def _copy(path: Path, size: int, place: Path | None) -> int:
    """A descriptor of a copy that is `size` long. place: None for memory."""
    try:
        copy = _sealable(path.name) if place is None else _nameless(place)
    except OSError as error:
        raise BankCorrupt(f"{place}: no private copy of {path} can be made there ({error.strerror})") from error
    try:
        with path.open("rb") as file:
            _fill(copy, file.fileno(), size)
        if os.fstat(copy).st_size != size:
            raise BankCorrupt(f"{path}: is not {size} bytes long, as {MANIFEST_FILE} says")
        if place is None:
            fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as error:
        os.close(copy)
        text = f"{path}: cannot be copied into {place or 'memory'} ({error.strerror})"
        raise BankCorrupt(text) from error
    except BankCorrupt:
        os.close(copy)
        raise
    return copy


def _sealable(name: str) -> int:
    return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def _nameless(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)


def _fill(copy: int, file: int, size: int) -> None:
    """Copies a file: blocks shared where both lie on a file system that can, else through the kernel."""
    try:
        fcntl.ioctl(copy, _SHARE_BLOCKS, file)
        return
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EIO}:
            raise
    done = 0
    # one byte more than there should be, so that a file that is too long is seen
    while done <= size and (sent := os.sendfile(copy, file, done, min(_PIECE, size + 1 - done))):
        done += sent


def _close(copies: Mapping[str, int]) -> None:
    for copy in copies.values():
        os.close(copy)
