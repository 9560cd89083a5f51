"""The versions of reports in the store. They are only ever added, and go with their study."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row, and_, literal, select, tuple_
from sqlalchemy.exc import IntegrityError

from service.access.caller import DEFAULT_TENANT
from service.editing.edition import Edition
from service.editing_errors import VersionConflict
from service.errors import AnswerUnreadable, UnknownStudy
from service.store.row_reading import iso_utc
from service.store.tables import editions, studies


@dataclass(frozen=True)
class _Changes:
    """The JSON of a row."""

    sections: dict[str, str]
    impression: tuple[str, ...] | None


_CHANGES: Final = TypeAdapter(_Changes)
Transaction = Callable[[], AbstractContextManager[Connection]]


class EditionTable:
    """Adds and reads versions; `transaction` begins one of the store's."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, study_id: str, edition: Edition) -> None:
        """Keeps the next version. Raises VersionConflict where another one was quicker, UnknownStudy."""
        row = {
            "study_id": study_id,
            "number": edition.number,
            "state": edition.state,
            "created": iso_utc(edition.created),
            "key": edition.key,
            "signed_by": edition.signed_by,
            "amends": edition.amends,
            "reason": edition.reason,
            "changes": _CHANGES.dump_json(_Changes(dict(edition.sections), edition.impression)).decode(),
        }
        # Written without a read before it: SQLite refuses at once to write in a transaction that began with a read.
        values = [literal(value, editions.c[name].type).label(name) for name, value in row.items()]
        of_its_study = select(*values).where(select(studies.c.study_id).where(studies.c.study_id == study_id).exists())
        with self._transaction() as connection:
            try:
                insert = editions.insert().from_select(list(row), of_its_study).returning(editions.c.number)
                added = connection.execute(insert).one_or_none()
            except IntegrityError as error:
                text = f"version: {edition.number - 1} is not the newest any more: read the report and change that"
                raise VersionConflict(text, field="version") from error
        if added is None:
            raise UnknownStudy("study_id: no study of this id", field="study_id")

    def of(self, study_id: str) -> list[Edition]:
        """All versions of a report, the oldest first. Raises AnswerUnreadable."""
        query = select(editions).where(editions.c.study_id == study_id).order_by(editions.c.number)
        with self._transaction() as connection:
            return [_edition(row) for row in connection.execute(query).all()]

    def newest(self, study_id: str) -> Edition | None:
        """The newest version, None where nobody has changed the draft. Raises AnswerUnreadable."""
        query = select(editions).where(editions.c.study_id == study_id).order_by(editions.c.number.desc()).limit(1)
        with self._transaction() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _edition(row)

    def signed(
        self, *, limit: int, after: tuple[str, str] | None = None, tenant: str = DEFAULT_TENANT
    ) -> list[tuple[str, Edition]]:
        """Final versions of a tenant with the ids of their studies, newest first. after: created and id of one."""
        of_tenant = and_(studies.c.study_id == editions.c.study_id, studies.c.tenant == tenant)
        query = select(editions).join(studies, of_tenant).where(editions.c.state == "final")
        if after is not None:
            query = query.where(tuple_(editions.c.created, editions.c.study_id) < after)
        query = query.order_by(editions.c.created.desc(), editions.c.study_id.desc()).limit(limit)
        with self._transaction() as connection:
            return [(str(row.study_id), _edition(row)) for row in connection.execute(query).all()]


def _edition(row: Row[*tuple[Any, ...]]) -> Edition:
    try:
        changes = _CHANGES.validate_json(row.changes)
        created = datetime.fromisoformat(row.created)
    except (ValidationError, ValueError, TypeError) as error:
        raise AnswerUnreadable(f"version {row.number} of this report is damaged") from error
    return Edition(
        number=row.number,
        state=row.state,
        created=created,
        key=row.key,
        signed_by=row.signed_by,
        amends=row.amends,
        reason=row.reason,
        sections=changes.sections,
        impression=changes.impression,
    )
