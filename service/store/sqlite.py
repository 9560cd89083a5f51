"""The store as one SQLite file in WAL mode, which one process holds."""

import os
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, or_
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ColumnElement

from service.causes import cause_of
from service.errors import StoreInUse, StoreUnavailable
from service.store.held_inode import AlreadyHeld, HeldInode
from service.store.tables import studies

_BUSY_SECONDS: Final = 10.0  # writers are one thread and a few handlers; a backup tool may hold the file briefly
_CHECKPOINT_TRIES: Final = 20  # a reader that is in the way needs milliseconds
_CHECKPOINT_PAUSE_SECONDS: Final = 0.1


class SqliteDatabase:
    """A file that is made readable to its owner alone, and held by its inode."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StoreInUse or StoreUnavailable."""
        self.place = str(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = HeldInode(path, folder=False)
        except AlreadyHeld as error:
            text = f"store {path}: another process holds it; give each its own ECHOSCRIBE_STORE"
            raise StoreInUse(text) from error
        except OSError as error:
            raise StoreUnavailable(f"store {path}: {cause_of(error)} (ECHOSCRIBE_STORE)") from error
        _close_to_others(path, self._held.descriptor)
        self.engine = _engine(path)

    def prepare(self, connection: Connection) -> None:
        """The file is there."""

    def begin(self, owner: str) -> None:
        """The lock on the file says it."""

    def of_dead_owners(self, owner: str) -> ColumnElement[bool]:
        """All others: nobody else can have the file open."""
        return or_(studies.c.owner.is_(None), studies.c.owner != owner)

    def erase_remains(self) -> None:
        """Moves the write-ahead log into the file and empties it; `secure_delete` has overwritten what was deleted."""
        for _ in range(_CHECKPOINT_TRIES):
            if not self._checkpoint():
                return
            time.sleep(_CHECKPOINT_PAUSE_SECONDS)
        raise OperationalError("PRAGMA wal_checkpoint", None, TimeoutError("a reader keeps the write-ahead log"))

    def _checkpoint(self) -> int:
        """0 where the log was emptied; outside any transaction, as SQLite wants it."""
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (blocked, *_rest), *_no_more = cursor.fetchall()
            return int(blocked)
        finally:
            connection.close()

    def close(self) -> None:
        """Closes the connections, and only then lets go of the file."""
        self.engine.dispose()
        self._held.release()


def _close_to_others(path: Path, descriptor: int) -> None:
    """Files of before may be readable to others. SQLite gives its log the rights of the file."""
    os.fchmod(descriptor, 0o600)
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        beside = path.with_name(name)
        if beside.exists():
            beside.chmod(0o600)


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # the driver would begin no transaction before a CREATE or an ALTER
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an answer that was sent is on disk, also after a power cut
        cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
