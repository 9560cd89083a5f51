"""What the store needs of a database beyond SQL: SQLite and PostgreSQL each bring it."""

from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.sql.elements import ColumnElement


class Database(Protocol):
    """An open database. `place`: its name in messages, without a password."""

    place: str
    engine: Engine

    def prepare(self, connection: Connection) -> None:
        """What comes before the migrations, in their transaction."""

    def begin(self, owner: str) -> None:
        """Says that the owner lives, from now to `close`. Raises StoreInUse where another process says so."""

    def of_dead_owners(self, owner: str) -> ColumnElement[bool]:
        """Which rows are of owners that live no more; never those of this one."""

    def erase_remains(self) -> None:
        """Removes what deleted rows left behind, where the database is able to. Raises SQLAlchemyError."""

    def close(self) -> None:
        """Lets go of it."""
