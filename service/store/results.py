"""The store of results: one contract over SQLite and PostgreSQL. It keeps answers, never uploads and never who it was.

A study is accepted before it runs and settled after. While it is open, its files lie in the upload folder of its
`owner`, which takes it up again after it was killed. Rows whose owner comes back no more are called interrupted.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, and_, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from service.access.caller import DEFAULT_TENANT
from service.causes import cause_of
from service.errors import IdempotencyKeyReused, Interrupted, ServiceError, StoreUnavailable, UnknownStudy
from service.problem import Problem, code_of
from service.schemas import PhenotypeList, ReportDocument, StudyPhenotypes, UnreadableStudy
from service.settings import PostgresPlace
from service.store.database import Database
from service.store.editions import EditionTable
from service.store.postgresql import PostgresDatabase
from service.store.row_reading import ANSWER_COLUMNS, LIST_COLUMNS, iso_utc, listed, outcome_of, row_of
from service.store.schema import migrate
from service.store.sqlite import SqliteDatabase
from service.store.tables import editions as _editions
from service.store.tables import secret as _secret
from service.store.tables import studies as _studies
from service.telemetry import log_event

_TROUBLE_SECONDS: Final = 30.0  # after a fault: who is not ready is asked for nothing, so it ends unasked
NO_OWNER: Final = "0" * 32  # of a store that is opened without an upload folder
_IS_OPEN: Final = and_(_studies.c.document.is_(None), _studies.c.problem.is_(None))


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

    def __init__(self, place: Path | PostgresPlace, owner: str = NO_OWNER) -> None:
        """Opens or makes the store for the owner of an upload folder. Raises StoreInUse or StoreUnavailable."""
        self.owner = owner
        self._trouble: tuple[float, str] | None = None  # seconds and cause of the last fault, None after a success
        self.editions = EditionTable(self._transaction)
        self._database: Database = SqliteDatabase(place) if isinstance(place, Path) else PostgresDatabase(place)
        try:
            self._prepare()
        except ServiceError:
            self.close()
            raise

    def _prepare(self) -> None:
        with self._transaction() as connection:
            self._database.prepare(connection)
            migrate(connection, self._database.place)
            self._key_secret = _own_secret(connection)
        with self._named_faults():
            self._database.begin(self.owner)
        self.settle_orphans()

    @property
    def place(self) -> str:
        """Its name in messages."""
        return self._database.place

    @property
    def trouble(self) -> str | None:
        """Why the store could not be read or written lately, None where it could."""
        seconds, text = self._trouble or (-_TROUBLE_SECONDS, None)
        return text if time.monotonic() - seconds < _TROUBLE_SECONDS else None

    def close(self) -> None:
        """Lets go of the store."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def accept(self, study_id: str, keyed: KeyedRequest | None = None, tenant: str = DEFAULT_TENANT) -> str:
        """The id under which the study is known: its own, or that of an equal request that came with the same key.

        Raises IdempotencyKeyReused when the key came with other files or options.
        """
        row = {"study_id": study_id, "created": _now(), "owner": self.owner, "tenant": tenant}
        if keyed:
            row |= {"key_digest": self._key_digest(keyed), "payload_digest": keyed.payload_sha256}
        with self._transaction() as connection:
            inserted = connection.execute(_insert(connection).values(**row).on_conflict_do_nothing())
            return study_id if inserted.rowcount == 1 or keyed is None else self._first_use(connection, keyed)

    def _first_use(self, connection: Connection, keyed: KeyedRequest) -> str:
        query = select(_studies.c.study_id, _studies.c.payload_digest)
        row = connection.execute(query.where(_studies.c.key_digest == self._key_digest(keyed))).one()
        if row.payload_digest != keyed.payload_sha256:
            raise IdempotencyKeyReused(
                "Idempotency-Key: was used before with other files or options", field="Idempotency-Key"
            )
        return str(row.study_id)

    def complete(self, document: ReportDocument) -> bool:
        """Keeps the answer of an accepted study; False where the study was erased meanwhile."""
        return self._update(document.study_id, row_of(document))

    def fail(self, study_id: str, problem: Problem) -> bool:
        """Keeps why an accepted study has no answer. After a fault of ours its key may be used for another try."""
        return self._update(study_id, _problem_values(problem))

    def _update(self, study_id: str, values: dict[str, Any]) -> bool:
        with self._transaction() as connection:
            changed = connection.execute(update(_studies).where(_studies.c.study_id == study_id).values(**values))
            return changed.rowcount == 1

    def forget(self, study_id: str) -> None:
        """Removes a study that nobody waits for."""
        with self._transaction() as connection:
            connection.execute(delete(_studies).where(_studies.c.study_id == study_id))

    def erase(self, study_id: str, tenant: str = DEFAULT_TENANT) -> None:
        """Removes a tenant's study and what the database would keep of its row. Raises UnknownStudy."""
        its_row = and_(_studies.c.study_id == study_id, _studies.c.tenant == tenant)
        with self._transaction() as connection:
            gone = _delete(connection, its_row)
        with self._named_faults():
            self._database.erase_remains()
        if not gone:
            raise UnknownStudy("study_id: no study of this id", field="study_id")

    def erase_before(self, moment: datetime) -> int:
        """Removes settled studies that are older, as `erase` does; returns how many."""
        with self._transaction() as connection:
            gone = _delete(connection, and_(_studies.c.created < iso_utc(moment), ~_IS_OPEN))
        if gone:
            with self._named_faults():
                self._database.erase_remains()
        return gone

    def find(self, study_id: str, tenant: str = DEFAULT_TENANT) -> ReportDocument | Problem | None:
        """The answer or problem of a tenant's study, as the machine wrote it; None while it is open.

        Raises UnknownStudy or AnswerUnreadable.
        """
        query = select(*ANSWER_COLUMNS).where(_studies.c.study_id == study_id, _studies.c.tenant == tenant)
        with self._transaction() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownStudy("study_id: no study of this id", field="study_id")
        return outcome_of(row)

    def phenotypes(
        self, *, limit: int, after: str | None = None, study_id: str | None = None, tenant: str = DEFAULT_TENANT
    ) -> PhenotypeList:
        """A page of a tenant's answered studies, newest first, after the study `after`. Raises UnknownStudy.

        A row that cannot be read is named and left out.
        """
        query = select(*LIST_COLUMNS).where(_studies.c.document.is_not(None), _studies.c.tenant == tenant)
        query = query.order_by(*_NEWEST_FIRST).limit(limit + 1)
        if study_id is not None:
            query = query.where(_studies.c.study_id == study_id)
        with self._transaction() as connection:
            if after is not None:
                place = self._place_of(connection, after, tenant)
                query = query.where(tuple_(_studies.c.created, _studies.c.study_id) < place)
            rows = connection.execute(query).all()
        page = [listed(row) for row in rows[:limit]]
        unreadable = [each for each in page if isinstance(each, UnreadableStudy)]
        for each in unreadable:
            log_event("row_left_out", level=40, study_id=each.study_id, reason=each.reason)
        return PhenotypeList(
            studies=[each for each in page if isinstance(each, StudyPhenotypes)],
            next=page[-1].study_id if len(rows) > limit else None,
            left_out=unreadable,
        )

    def _place_of(self, connection: Connection, study_id: str, tenant: str) -> tuple[str, str]:
        query = select(_studies.c.created).where(_studies.c.study_id == study_id, _studies.c.tenant == tenant)
        created = connection.execute(query).scalar_one_or_none()
        if created is None:
            raise UnknownStudy("after: no study of this id", field="after")
        return created, study_id

    def open_studies(self) -> set[str]:
        """Studies of this owner that have no outcome yet."""
        query = select(_studies.c.study_id).where(_IS_OPEN, _studies.c.owner == self.owner)
        with self._transaction() as connection:
            return set(connection.execute(query).scalars())

    def take_up(self, study_id: str) -> bool:
        """Whether a study whose files this owner has still waits for its answer: open, or called interrupted."""
        with self._transaction() as connection:
            row = connection.execute(select(*ANSWER_COLUMNS).where(_studies.c.study_id == study_id)).one_or_none()
            if row is None or row.document is not None or not _is_resumable(row.problem):
                return False
            mine = {"owner": self.owner, "problem": None}
            connection.execute(update(_studies).where(_studies.c.study_id == study_id).values(**mine))
            return True

    def settle_orphans(self) -> None:
        """Calls the open studies of owners that live no more interrupted."""
        orphans = select(_studies.c.study_id).where(_IS_OPEN, self._database.of_dead_owners(self.owner))
        with self._transaction() as connection:
            for study_id in connection.execute(orphans).scalars().all():
                values = _problem_values(Problem.of(interrupted(), study_id))
                still = and_(_studies.c.study_id == study_id, _IS_OPEN)
                connection.execute(update(_studies).where(still).values(**values))

    def _key_digest(self, keyed: KeyedRequest) -> str:
        """Keyed, because a short key that names a patient could be found again from a plain hash."""
        return hmac.new(self._key_secret, keyed.digested, hashlib.sha256).hexdigest()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._named_faults(), self._database.engine.begin() as connection:
            yield connection

    @contextmanager
    def _named_faults(self) -> Iterator[None]:
        try:
            yield
            self._trouble = None
        except SQLAlchemyError as error:
            text = f"store {self._database.place}: {cause_of(error)} (ECHOSCRIBE_STORE)"
            self._trouble = time.monotonic(), text
            raise StoreUnavailable(text) from error


_NEWEST_FIRST: Final[tuple[ColumnElement[Any], ...]] = (_studies.c.created.desc(), _studies.c.study_id.desc())


def _delete(connection: Connection, which: ColumnElement[bool]) -> int:
    """Removes studies with their versions; returns how many."""
    connection.execute(delete(_editions).where(_editions.c.study_id.in_(select(_studies.c.study_id).where(which))))
    return connection.execute(delete(_studies).where(which)).rowcount


def _insert(connection: Connection) -> "sqlite.Insert | postgresql.Insert":
    return sqlite.insert(_studies) if connection.dialect.name == "sqlite" else postgresql.insert(_studies)


def _problem_values(problem: Problem) -> dict[str, Any]:
    values: dict[str, Any] = {"problem": problem.model_dump_json()}
    if problem.status >= 500 or problem.code == code_of(Interrupted):
        values |= {"key_digest": None}
    return values


def _is_resumable(problem: str | None) -> bool:
    """Whether a row without an answer was given up only because its files were not there."""
    if problem is None:
        return True
    try:
        return Problem.model_validate_json(problem).code == code_of(Interrupted)
    except ValueError:
        return False


def interrupted() -> Interrupted:
    """What a study is answered whose files are gone although it was accepted."""
    return Interrupted("the service ended before the study was answered, and its files are gone; post it again")


def _own_secret(connection: Connection) -> bytes:
    """The random secret of this store, made on first use."""
    kept = connection.execute(select(_secret.c.key_secret)).scalar_one_or_none()
    if kept is None:
        kept = secrets.token_hex(32)
        connection.execute(_secret.insert().values(key_secret=kept))
    return bytes.fromhex(kept)


def _now() -> str:
    return iso_utc(datetime.now(UTC))
