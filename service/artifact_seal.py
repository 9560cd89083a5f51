"""What the files of a bundle and a bank looked like when they were taken up, and whether they still do.

A look costs one system call a file (LOG L-097). It tells of files that were cut, rewritten, replaced or removed; what
they hold is only read again where something changed. Times of change are set by the kernel, unlike those of content.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from index.bank_files import BankFiles
from index.bank_versions import CURRENT, current_bank
from index.errors import BankError
from index.manifest import MANIFEST_FILE, read_manifest
from model.bundle import MANIFEST, sha256_of, stated_files
from model.errors import BundleError
from service.errors import ArtifactError

State = tuple[int, int, int, int, int] | None  # device, inode, bytes, times of change of content and of all; None: gone
IsIntact = Callable[[], bool]

_TICK_SECONDS: Final = 0.02  # times of files are no finer than a tick of the kernel's clock, 4 or 10 ms


@dataclass
class ArtifactSeal:
    """The files, each with its state and a look at what it holds."""

    states: dict[Path, State] = field(default_factory=dict)
    looks: Mapping[Path, IsIntact] = field(default_factory=dict)

    @classmethod
    def of(cls, bundle: Path, bank: Path) -> Self:
        """The seal of a bundle and of the bank's current version. Raises BundleError, BankError or OSError."""
        looks = {**_bundle_looks(bundle), **_bank_looks(current_bank(bank))}
        states = {path: state_of(path) for path in looks}
        newest_ns = max((state[4] for state in states.values() if state is not None), default=0)
        if time.time_ns() - newest_ns < _TICK_SECONDS * 1e9:
            time.sleep(_TICK_SECONDS)  # a second change within the same tick would leave the same time
        return cls(states, looks)

    def changed(self) -> Path | None:
        """The first file that is not as it was, None where all are."""
        changed = (path for path, state in self.states.items() if state_of(path) != state)
        return next((path for path in changed if not _was_replaced(path)), None)

    def present(self) -> list[State]:
        """How all files are now."""
        return [state_of(path) for path in self.states]

    def mend(self) -> Path | None:
        """Takes files up again that hold what they held; the first that does not, None where all do."""
        for path, known in self.states.items():
            state = state_of(path)
            if state == known or _was_replaced(path):
                continue
            if state is None or not _holds(self.looks[path]) or state_of(path) != state:
                return path
            self.states[path] = state
        return None

    def require_unchanged(self) -> None:
        """Raises ArtifactError naming the file that changed while bundle and bank were loaded."""
        if (path := self.changed()) is not None:
            raise ArtifactError(f"{path}: was changed while it was loaded; start again when it is whole")


def require_pinned(path: Path, actual: str, pinned: str | None, setting: str) -> None:
    """Raises ArtifactError unless a manifest has the hash that a setting asks for."""
    if pinned is not None and actual != pinned.lower():
        raise ArtifactError(f"{path}: sha256 is {actual}, {setting} asks for {pinned.lower()}")


def state_of(path: Path) -> State:
    """What the file system says of a file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and this runs before each study
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _bundle_looks(folder: Path) -> dict[Path, IsIntact]:
    stated = {name: sha256 for name, sha256 in stated_files(folder).items() if Path(name).name == name}
    hashes = {MANIFEST: sha256_of(folder / MANIFEST), **stated}
    return {folder / name: _look(folder / name, sha256) for name, sha256 in hashes.items()}


def _look(path: Path, sha256: str) -> IsIntact:
    return lambda: sha256_of(path) == sha256


def _bank_looks(folder: Path) -> dict[Path, IsIntact]:
    manifest = read_manifest(folder)
    files = BankFiles(folder)

    def look(name: str) -> IsIntact:
        return lambda: all(True for _ in files.check(manifest, [name]))

    own = _look(folder / MANIFEST_FILE, sha256_of(folder / MANIFEST_FILE))
    return {folder / MANIFEST_FILE: own, **{folder / name: look(name) for name in manifest.files}}


def _holds(look: IsIntact) -> bool:
    try:
        return look()
    except (BankError, BundleError, OSError):
        return False


def _was_replaced(path: Path) -> bool:
    """Whether a file is missing because its bank has another version now."""
    folder = path.parent
    return not folder.is_dir() and (folder.parent / CURRENT).is_file()
