"""The keys that open the service now: read again when their file changes, and shut when it cannot be read."""

import threading
from pathlib import Path

from service.access.caller import ANYBODY, Caller
from service.access.key_file import read_keys
from service.access.keys import Key, key_of
from service.errors import KeyMissing, KeyRefused, KeysUnreadable
from service.telemetry import log_event

_Stamp = tuple[int, int, int] | None  # of the file: inode, time of change, size; None where there is none


class KeyRing:
    """Finds who calls. Where there was a key once, nobody calls without one again in this process."""

    def __init__(self, path: Path) -> None:
        """Reads nothing yet."""
        self._path = path
        self._lock = threading.Lock()
        self._stamp: _Stamp = None
        self._keys: dict[str, Key] = {}
        self._locked = False

    @property
    def is_locked(self) -> bool:
        """Whether a key is asked for. Raises KeysUnreadable."""
        return self._current() is not None

    def caller(self, text: str | None) -> Caller:
        """Who calls with this text of a key. Raises KeyMissing, KeyRefused or KeysUnreadable."""
        keys = self._current()
        if keys is None:
            return ANYBODY
        if text is None:
            raise KeyMissing("Authorization: a key is needed: `Authorization: Bearer KEY`", field="Authorization")
        key = key_of(text, keys)
        if key is None:
            raise KeyRefused("Authorization: the key is unknown or was revoked", field="Authorization")
        return key.caller

    def _current(self) -> dict[str, Key] | None:
        """The keys by id, None while there never was one. Raises KeysUnreadable."""
        stamp = self._look()
        with self._lock:
            if stamp != self._stamp:
                self._keys = {key.id: key for key in read_keys(self._path)}  # an error leaves the stamp: tried again
                self._stamp = stamp
                self._locked = self._locked or bool(self._keys)
                log_event("keys_read", keys=sum(key.revoked is None for key in self._keys.values()))
            return self._keys if self._locked else None

    def _look(self) -> _Stamp:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeysUnreadable(f"keys {self._path}: cannot be read ({error.strerror})") from error
        return found.st_ino, found.st_ctime_ns, found.st_size
