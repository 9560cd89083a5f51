"""Results on disk: SQLite in WAL mode through SQLAlchemy. It keeps answers, never uploads and never who it was.

A study is accepted before it runs and settled after. Uploads do not outlive the process, so studies that were accepted
and not settled when it ended are found as `interrupted` by the next one.
"""

import fcntl
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from pydantic import TypeAdapter
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from service.access.caller import DEFAULT_TENANT
from service.causes import cause_of
from service.errors import IdempotencyKeyReused, Interrupted, StoreInUse, StoreUnavailable, UnknownStudy
from service.problem import Problem, code_of
from service.schemas import PhenotypeList, PhenotypeOut, ReportDocument, StudyPhenotypes
from service.store.tenant_column import add_tenant_column, tenant_column, tenant_index

_SCHEMA_VERSION: Final = 1  # PRAGMA user_version
_BUSY_SECONDS: Final = 10.0  # writers are one thread and a few handlers; a backup tool may hold the file briefly
_TROUBLE_SECONDS: Final = 30.0  # after a fault: who is not ready is asked for nothing, so it ends unasked
_PHENOTYPES = TypeAdapter(dict[str, PhenotypeOut])

_metadata = MetaData()
_studies = Table(
    "studies",
    _metadata,
    Column("study_id", String(36), primary_key=True),
    Column("created", String(32), nullable=False, index=True),  # ISO 8601, UTC: sorts as text
    Column("document", Text),
    Column("phenotypes", Text),
    Column("problem", Text),
    Column("key_digest", String(64), unique=True),
    Column("payload_digest", String(64)),
    tenant_column(),
    tenant_index(),
)
_secret = Table("secret", _metadata, Column("key_secret", String(64), nullable=False))


@dataclass(frozen=True)
class KeyedRequest:
    """An idempotency key and the sha256 of the files and options that it was sent with.

    Keys of different tenants never meet.
    """

    key: str
    payload_sha256: str
    tenant: str = DEFAULT_TENANT

    @property
    def digested(self) -> bytes:
        """What is hashed of it; that of the default tenant is as it was before there were tenants."""
        return (self.key if self.tenant == DEFAULT_TENANT else f"{self.tenant}\0{self.key}").encode()


class ResultStore:
    """Keeps what studies were answered. Safe to use from several threads of the one process that opened it."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StoreInUse or StoreUnavailable."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = path.with_name(path.name + ".lock").open("w")
        except OSError as error:
            raise StoreUnavailable(f"store {path}: {cause_of(error)} (ECHOSCRIBE_STORE)") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise StoreInUse(f"store {path}: another process holds it; give each its own ECHOSCRIBE_STORE") from error
        self._path = path
        self._trouble: tuple[float, str] | None = None  # seconds and cause of the last fault, None after a success
        self._engine = _open_engine(path)
        try:
            self._prepare(path)
        except StoreUnavailable:
            self.close()
            raise

    def _prepare(self, path: Path) -> None:
        with self._transaction() as connection:
            _check_version(connection, path)
            _metadata.create_all(connection)
            add_tenant_column(connection)
            self._key_secret = _own_secret(connection)
            self._settle_interrupted(connection)
        path.chmod(0o600)

    def close(self) -> None:
        """Lets go of the file."""
        self._engine.dispose()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trouble(self) -> str | None:
        """Why the store could not be read or written lately, None where it could."""
        seconds, text = self._trouble or (-_TROUBLE_SECONDS, None)
        return text if time.monotonic() - seconds < _TROUBLE_SECONDS else None

    def accept(self, study_id: str, keyed: KeyedRequest | None = None, tenant: str = DEFAULT_TENANT) -> str:
        """The id under which the study is known: its own, or that of an equal request that came with the same key.

        Raises IdempotencyKeyReused when the key came with other files or options.
        """
        row = {"study_id": study_id, "created": _now(), "tenant": tenant}
        if keyed:
            row |= {"key_digest": self._key_digest(keyed), "payload_digest": keyed.payload_sha256}
        with self._transaction() as connection:
            inserted = connection.execute(insert(_studies).values(**row).on_conflict_do_nothing())
            return study_id if inserted.rowcount == 1 or keyed is None else self._first_use(connection, keyed)

    def _first_use(self, connection: Connection, keyed: KeyedRequest) -> str:
        query = select(_studies.c.study_id, _studies.c.payload_digest)
        row = connection.execute(query.where(_studies.c.key_digest == self._key_digest(keyed))).one()
        if row.payload_digest != keyed.payload_sha256:
            raise IdempotencyKeyReused(
                "Idempotency-Key: was used before with other files or options", field="Idempotency-Key"
            )
        return str(row.study_id)

    def complete(self, document: ReportDocument) -> None:
        """Keeps the answer of an accepted study."""
        values = {
            "created": _utc(document.created),
            "document": document.model_dump_json(),
            "phenotypes": _PHENOTYPES.dump_json(document.phenotypes).decode(),
        }
        with self._transaction() as connection:
            connection.execute(update(_studies).where(_studies.c.study_id == document.study_id).values(**values))

    def fail(self, study_id: str, problem: Problem) -> None:
        """Keeps why an accepted study has no answer. After a fault of ours its key may be used for another try."""
        with self._transaction() as connection:
            _set_problem(connection, study_id, problem)

    def forget(self, study_id: str) -> None:
        """Removes a study that nobody waits for."""
        with self._transaction() as connection:
            connection.execute(delete(_studies).where(_studies.c.study_id == study_id))

    def find(self, study_id: str, tenant: str = DEFAULT_TENANT) -> ReportDocument | Problem | None:
        """The answer or the problem of a tenant's study; None while it is processed. Raises UnknownStudy."""
        with self._transaction() as connection:
            query = select(_studies.c.document, _studies.c.problem)
            query = query.where(_studies.c.study_id == study_id, _studies.c.tenant == tenant)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownStudy("study_id: no study of this id", field="study_id")
        if row.document is not None:
            return ReportDocument.model_validate_json(row.document)
        return Problem.model_validate_json(row.problem) if row.problem is not None else None

    def phenotypes(
        self, *, limit: int, after: str | None = None, study_id: str | None = None, tenant: str = DEFAULT_TENANT
    ) -> PhenotypeList:
        """A page of a tenant's answered studies, newest first, after the study `after`. Raises UnknownStudy."""
        newest_first = (_studies.c.created.desc(), _studies.c.study_id.desc())
        query = select(_studies.c.study_id, _studies.c.created, _studies.c.phenotypes)
        query = query.where(_studies.c.document.is_not(None), _studies.c.tenant == tenant)
        query = query.order_by(*newest_first).limit(limit + 1)
        if study_id is not None:
            query = query.where(_studies.c.study_id == study_id)
        with self._transaction() as connection:
            if after is not None:
                place = self._place(connection, after, tenant)
                query = query.where(tuple_(_studies.c.created, _studies.c.study_id) < place)
            rows = connection.execute(query).all()
        studies = [
            StudyPhenotypes(
                study_id=row.study_id,
                created=datetime.fromisoformat(row.created),
                phenotypes=_PHENOTYPES.validate_json(row.phenotypes),
            )
            for row in rows[:limit]
        ]
        return PhenotypeList(studies=studies, next=studies[-1].study_id if len(rows) > limit else None)

    def _place(self, connection: Connection, study_id: str, tenant: str) -> tuple[str, str]:
        query = select(_studies.c.created).where(_studies.c.study_id == study_id, _studies.c.tenant == tenant)
        created = connection.execute(query).scalar_one_or_none()
        if created is None:
            raise UnknownStudy("after: no study of this id", field="after")
        return created, study_id

    def _settle_interrupted(self, connection: Connection) -> None:
        """Studies that an earlier process accepted and did not settle; their uploads went with it."""
        open_rows = select(_studies.c.study_id).where(_studies.c.document.is_(None), _studies.c.problem.is_(None))
        for study_id in connection.execute(open_rows).scalars().all():
            _set_problem(connection, study_id, Problem.of(interrupted(), study_id))

    def _key_digest(self, keyed: KeyedRequest) -> str:
        """Keyed, because a short key that names a patient could be found again from a plain hash."""
        return hmac.new(self._key_secret, keyed.digested, hashlib.sha256).hexdigest()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
            self._trouble = None
        except SQLAlchemyError as error:
            text = f"store {self._path}: {cause_of(error)} (ECHOSCRIBE_STORE)"
            self._trouble = time.monotonic(), text
            raise StoreUnavailable(text) from error


def _set_problem(connection: Connection, study_id: str, problem: Problem) -> None:
    values: dict[str, str | None] = {"problem": problem.model_dump_json()}
    if problem.status >= 500 or problem.code == code_of(Interrupted):
        values |= {"key_digest": None}
    connection.execute(update(_studies).where(_studies.c.study_id == study_id).values(**values))


def interrupted() -> Interrupted:
    """What a study is answered that was accepted and could not run before the process ended."""
    return Interrupted("the service stopped before the study was answered and deleted its files; post it again")


def _open_engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an answer that was sent is on disk, also after a power cut
        cursor.close()

    return engine


def _check_version(connection: Connection, path: Path) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version not in {0, _SCHEMA_VERSION}:
        raise StoreUnavailable(f"store {path}: has schema version {version}, this program knows {_SCHEMA_VERSION}")
    connection.exec_driver_sql(f"PRAGMA user_version={_SCHEMA_VERSION}")


def _own_secret(connection: Connection) -> bytes:
    """The random secret of this store, made on first use."""
    kept = connection.execute(select(_secret.c.key_secret)).scalar_one_or_none()
    if kept is None:
        kept = secrets.token_hex(32)
        connection.execute(insert(_secret).values(key_secret=kept))
    return bytes.fromhex(kept)


def _now() -> str:
    return _utc(datetime.now(UTC))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
