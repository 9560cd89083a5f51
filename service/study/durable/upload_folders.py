"""The folder of uploads: held by one process, with a folder for each study that is uploading or not yet settled."""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from service.causes import cause_of
from service.errors import ServiceError, StoreInUse, StoreUnavailable, UploadFolderFull, UploadsUnusable
from service.store.held_inode import AlreadyHeld, HeldInode
from service.study.durable.job_record import RECORD
from service.study.upload import NO_SPACE, sync_folder

_STUDY: Final = "study-"
_OWNER: Final = "owner"
_OWNER_CHARACTERS: Final = 32
# Before uploads outlived their process, each process had a folder of this name with a lock file in it.
_FORMER: Final = "echoscribe-uploads-*"
_FORMER_LOCK: Final = "in-use"
_RETRY_SECONDS: Final = 10  # an operator must make room; studies that end make some
_LEFT_OVER_SECONDS: Final = (
    3600.0  # what nobody owns and is older; a folder that was just made may be about to be owned
)


class UploadFolders:
    """Holds the folder as long as it is open. Studies that were accepted stay in it for the next process."""

    def __init__(self, root: Path) -> None:
        """Makes and holds the folder. Raises StoreInUse when another process does, StoreUnavailable."""
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = HeldInode(root, folder=True)
        except AlreadyHeld as error:
            text = f"upload folder {root}: another process holds it; give each its own ECHOSCRIBE_UPLOAD_FOLDER"
            raise StoreInUse(text) from error
        except OSError as error:
            raise StoreUnavailable(f"upload folder {root}: {cause_of(error)} (ECHOSCRIBE_UPLOAD_FOLDER)") from error
        try:
            self.owner = _owner_in(root)
        except OSError as error:
            self._held.release()
            raise StoreUnavailable(f"upload folder {root}: {cause_of(error)} (ECHOSCRIBE_UPLOAD_FOLDER)") from error
        for place in {root, Path(tempfile.gettempdir())}:
            _remove_former(place)

    def new(self) -> Path:
        """An empty folder for one upload. Raises UploadFolderFull or UploadsUnusable."""
        try:
            return Path(tempfile.mkdtemp(prefix=_STUDY, dir=self.root))
        except OSError as error:
            raise self.refusal(error) from error

    def refusal(self, error: OSError) -> ServiceError:
        """What a fault of writing is answered with: its cause, the folder and the setting."""
        kind = UploadFolderFull if error.errno in NO_SPACE else UploadsUnusable
        text = f"upload folder {self.root}: {cause_of(error)} (ECHOSCRIBE_UPLOAD_FOLDER)"
        return kind(text, retry_after_seconds=_RETRY_SECONDS)

    def studies(self) -> Iterator[Path]:
        """The folder of each study."""
        return (path for path in self.root.glob(f"{_STUDY}*") if path.is_dir() and not path.is_symlink())

    def _without_record(self) -> list[Path]:
        """Folders of studies that were never accepted."""
        return [path for path in self.studies() if not (path / RECORD).exists()]

    def sweep(self, owned: Collection[Path], upload_seconds: float) -> int:
        """Removes folders that no study of this process owns and that are older than any upload; returns how many."""
        oldest = max(_LEFT_OVER_SECONDS, 2 * upload_seconds)
        left = [path for path in self._without_record() if path not in owned and _seconds_old(path) > oldest]
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        _remove_former(self.root)
        return len(left)

    def close(self) -> None:
        """Removes what was not accepted and lets go of the folder. Where no study is left in it, nothing is."""
        for path in self._without_record():
            shutil.rmtree(path, ignore_errors=True)
        if not any(self.studies()):
            (self.root / _OWNER).unlink(missing_ok=True)
        self._held.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _owner_in(root: Path) -> str:
    """The name under which the store knows whose studies these are: drawn once, and moved with the folder."""
    path = root / _OWNER
    with suppress(FileNotFoundError):
        kept = path.read_text(encoding="ascii", errors="replace").strip()
        if len(kept) == _OWNER_CHARACTERS and kept.isalnum():
            return kept
    drawn = secrets.token_hex(_OWNER_CHARACTERS // 2)
    part = root / f"{_OWNER}.part"
    with part.open("w", encoding="ascii") as file:
        file.write(drawn)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    sync_folder(root)
    return drawn


def _remove_former(place: Path) -> None:
    """Removes what killed processes of former versions left: nobody holds its lock, and it is old."""
    for folder in place.glob(_FORMER):
        try:
            if folder.is_symlink() or _seconds_old(folder) <= _LEFT_OVER_SECONDS:
                continue
            with (folder / _FORMER_LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # its owner lives, or it is another user's


def _seconds_old(path: Path) -> float:
    """Since it was last changed; negative after the clock was set back, so that nothing is removed then."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
