"""The store in a PostgreSQL database that several service processes share, each with an upload folder of its own."""

import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, exists, func, make_url, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from service.errors import StoreInUse, StoreUnavailable
from service.settings import PostgresPlace
from service.store.tables import owners, studies
from service.telemetry import log_event

_DRIVER: Final = "postgresql+psycopg"
_CONNECT_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 30  # an answer is written in milliseconds
_LOCK_SECONDS: Final = 10  # as long as a SQLite file is waited for
_BEAT_SECONDS: Final = 10.0
# An owner whose host is mended takes its studies up again. After a day without it they are called interrupted; should
# it come back later with their files, it answers them all the same.
_DEAD_AFTER: Final = timedelta(days=1)
_LOCK_TRIES: Final = 10  # the server notices within milliseconds that a killed process is gone
_LOCK_PAUSE_SECONDS: Final = 0.5
_MIGRATION_LOCK: Final = 0x65636873  # "echs": any number that nothing else in the database locks


class PostgresDatabase:
    """A database and a schema in it. An owner is alive while its process beats, and locked while it is connected."""

    def __init__(self, place: PostgresPlace) -> None:
        """Raises StoreUnavailable where the driver is missing or the address is none."""
        self._schema = place.schema
        try:
            url = make_url(place.url.get_secret_value()).set(drivername=_DRIVER)
            self.engine = _engine(url.render_as_string(hide_password=False), place.schema)
        except ImportError as error:
            text_ = "store: PostgreSQL needs the package psycopg: pip install 'echoscribe[postgresql]'"
            raise StoreUnavailable(text_) from error
        except SQLAlchemyError as error:
            raise StoreUnavailable("store: ECHOSCRIBE_STORE is no address of a PostgreSQL database") from error
        self.place = url.set(drivername="postgresql").render_as_string(hide_password=True)
        self._beat: _Heartbeat | None = None

    def server_version(self) -> str:
        """What answers there. Raises StoreUnavailable."""
        try:
            with self.engine.connect() as connection:
                return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"store {self.place}: cannot be reached ({type(error).__name__})") from error

    def prepare(self, connection: Connection) -> None:
        """Makes the schema; processes that start together come one after the other."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"'))

    def begin(self, owner: str) -> None:
        """Locks the owner and lets it beat."""
        beat = _Heartbeat(self.engine, owner)
        for _ in range(_LOCK_TRIES):
            if beat.once():
                self._beat = beat
                beat.start()
                return
            time.sleep(_LOCK_PAUSE_SECONDS)
        beat.stop()
        raise StoreInUse(
            f"store {self.place}: another process with a copy of this upload folder uses it; give each its own "
            "ECHOSCRIBE_UPLOAD_FOLDER"
        )

    def of_dead_owners(self, owner: str) -> ColumnElement[bool]:
        """Those that were not seen for a day, by the clock of the database."""
        alive = exists().where(owners.c.owner == studies.c.owner, owners.c.seen > func.now() - _DEAD_AFTER)
        return or_(studies.c.owner.is_(None), (studies.c.owner != owner) & ~alive)

    def erase_remains(self) -> None:
        """Lets the room of deleted rows be written over. What log archives and backups hold is the operator's."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM studies"))

    def close(self) -> None:
        """Ends the beat and closes the connections."""
        if self._beat is not None:
            self._beat.stop()
        self.engine.dispose()


def documents_of(place: PostgresPlace, study_id: str | None) -> list[str]:
    """The kept answers as JSON, newest first, read beside the services that write them. Raises StoreUnavailable."""
    query = (
        select(studies.c.document)
        .where(studies.c.document.is_not(None))
        .order_by(studies.c.created.desc(), studies.c.study_id.desc())
    )
    if study_id is not None:
        query = query.where(studies.c.study_id == study_id)
    database = PostgresDatabase(place)
    try:
        with database.engine.connect() as connection:
            return list(connection.execute(query).scalars())
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"store {database.place}: cannot be read ({type(error).__name__})") from error
    finally:
        database.close()


class _Heartbeat:
    """A connection of its own that holds the owner's lock and writes down when it was alive."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine, self._owner = engine, owner
        self._connection: Connection | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store heartbeat", daemon=True)

    def start(self) -> None:
        """Beats in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the beat and lets go of the lock."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(_CONNECT_SECONDS)
        self._disconnect()

    def once(self) -> bool:
        """Beats; False where another process holds the owner's lock. Raises SQLAlchemyError."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            key = {"owner": self._owner}
            locked = text("SELECT pg_try_advisory_lock(hashtextextended(:owner, 0))")
            if not self._connection.execute(locked, key).scalar_one():
                self._disconnect()
                return False
        seen = insert(owners).values(owner=self._owner)
        self._connection.execute(seen.on_conflict_do_update(index_elements=["owner"], set_={"seen": func.now()}))
        return True

    def _run(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            try:
                if not self.once():
                    log_event("store_owner_taken", level=50)
            except SQLAlchemyError as error:  # the server restarts, or the network fails: the next beat tries again
                log_event("store_heartbeat_failed", level=30, fault=error)
                self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # it is broken already
                connection.invalidate()
                connection.close()


def _engine(url: str, schema: str) -> Engine:
    settings = {
        "search_path": schema,
        "synchronous_commit": "on",  # an answer that was sent is on disk
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "lock_timeout": f"{_LOCK_SECONDS}s",
    }
    options = " ".join(f"-c{name}={value}" for name, value in settings.items())
    arguments = {"connect_timeout": _CONNECT_SECONDS, "options": options, "application_name": "echoscribe"}
    return create_engine(url, connect_args=arguments, pool_pre_ping=True)
