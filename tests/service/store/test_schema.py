"""The migrations lead to the tables that the program uses, in both places."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.settings import PostgresPlace
from service.store.postgresql import PostgresDatabase
from service.store.results import ResultStore
from service.store.schema import NEWEST
from service.store.sqlite import SqliteDatabase
from service.store.tables import metadata

VERSIONS = Path(__file__).parents[3] / "service" / "store" / "migrations" / "versions"


def test_the_newest_migration_is_the_last_file() -> None:
    assert max(path.name[1:5] for path in VERSIONS.glob("r*.py")) == NEWEST


def test_migrations_make_the_tables_that_are_used(place: Path | PostgresPlace) -> None:
    with ResultStore(place):
        pass
    database = SqliteDatabase(place) if isinstance(place, Path) else PostgresDatabase(place)
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []
