"""The file of keys: JSON, readable by its owner alone, replaced as a whole, one writer at a time."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from service.access.caller import Scope
from service.access.keys import Key, new_key
from service.errors import KeysUnreadable, UnknownKey

_OWNER_ALONE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class _Kept(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file, none where there is no file. Raises KeysUnreadable, which quotes nothing of the file."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise KeysUnreadable(f"keys {path}: others may read or write it; chmod 600 it")
            return _Kept.model_validate_json(file.read()).keys
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise KeysUnreadable(f"keys {path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise KeysUnreadable(f"keys {path}: is no file of keys, or a damaged one") from error


def add_key(path: Path, tenant: str, scopes: tuple[Scope, ...], label: str = "") -> tuple[Key, str]:
    """A new key, kept, and its text, which is nowhere else. Raises InvalidField or KeysUnreadable."""
    with _one_writer(path):
        keys = read_keys(path)
        key, text = new_key(tenant, scopes, label)
        _replace(path, (*keys, key))
        return key, text


def revoke_key(path: Path, key_id: str) -> Key:
    """The key, which opens nothing from now on. Raises UnknownKey or KeysUnreadable."""
    with _one_writer(path):
        keys = {key.id: key for key in read_keys(path)}
        if key_id not in keys:
            raise UnknownKey(f"key: none of the {len(keys)} keys in {path} has this id", field="key")
        key = keys[key_id]
        if key.revoked is None:
            key = key.model_copy(update={"revoked": datetime.now(UTC)})
            _replace(path, tuple((keys | {key_id: key}).values()))
        return key


@contextmanager
def _one_writer(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ALONE)
    except OSError as error:
        raise KeysUnreadable(f"keys {path}: cannot be written ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _replace(path: Path, keys: tuple[Key, ...]) -> None:
    """Writes a new file beside the old one, and puts it in its place once it is on disk."""
    try:
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # 0600 from the first moment
        new = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(_Kept(keys=keys).model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise KeysUnreadable(f"keys {path}: cannot be written ({error.strerror})") from error
