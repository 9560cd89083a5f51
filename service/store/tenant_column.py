"""The column that says whose a study is, also in a store that was made before there were tenants."""

from typing import Final

from sqlalchemy import Column, Connection, Index, String, inspect

from service.access.caller import DEFAULT_TENANT

_TABLE: Final = "studies"
_NAME: Final = "tenant"
_INDEX: Final = "ix_studies_tenant_created"  # the newest of a tenant are found without sorting all


def tenant_column() -> "Column[str]":
    """The column; studies of earlier versions belong to the default tenant."""
    return Column(_NAME, String(32), nullable=False, server_default=DEFAULT_TENANT)


def tenant_index() -> Index:
    """The index that a tenant's list is read from."""
    return Index(_INDEX, _NAME, "created")


def add_tenant_column(connection: Connection) -> None:
    """Adds column and index to a table that lacks them; does nothing to one that has them."""
    if any(column["name"] == _NAME for column in inspect(connection).get_columns(_TABLE)):
        return
    connection.exec_driver_sql(
        f"ALTER TABLE {_TABLE} ADD COLUMN {_NAME} VARCHAR(32) NOT NULL DEFAULT '{DEFAULT_TENANT}'"
    )
    connection.exec_driver_sql(f"CREATE INDEX {_INDEX} ON {_TABLE} ({_NAME}, created)")
