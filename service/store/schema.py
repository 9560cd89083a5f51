"""Brings the tables of a store to what this program knows, by Alembic's migrations; refuses those of a newer one."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from service.errors import StoreUnavailable

NEWEST: Final = "0004"  # a test holds it against the folder of migrations
_BEFORE_MIGRATIONS: Final = "0001"  # what a store without a mark holds, if it holds anything
_KNOWN_USER_VERSIONS: Final = {0, 1, 2}  # PRAGMA user_version, which stores were marked with before; 2: migrated


def migrate(connection: Connection, place: str) -> None:
    """Makes or changes the tables. Raises StoreUnavailable where a newer program has changed them."""
    _check_user_version(connection, place)
    found = inspect(connection).get_table_names()
    marked = "alembic_version" in found
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if marked else None
    if revision == NEWEST:
        return
    if revision is not None and revision not in _revisions():
        raise StoreUnavailable(f"store {place}: has schema {revision}, this program knows up to {NEWEST}")
    _upgrade(connection, stamp_first="studies" in found and revision is None)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA user_version=2")


def _check_user_version(connection: Connection, place: str) -> None:
    """Stores of a SQLite file were marked so before; programs of that time refuse a file with a higher number."""
    if connection.dialect.name != "sqlite":
        return
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version not in _KNOWN_USER_VERSIONS:
        raise StoreUnavailable(
            f"store {place}: has schema version {version}, this program knows {max(_KNOWN_USER_VERSIONS)}"
        )


def _revisions() -> set[str]:
    folder = Path(__file__).parent / "migrations" / "versions"
    return {path.name[1:5] for path in folder.glob("r[0-9]*.py")}


def _upgrade(connection: Connection, *, stamp_first: bool) -> None:
    from alembic import command  # noqa: PLC0415 - takes 0.3 s, and a store needs it once
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if stamp_first:
        command.stamp(config, _BEFORE_MIGRATIONS)
    command.upgrade(config, "head")
