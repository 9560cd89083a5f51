"""The two places that a store may be in: each test of the contract runs in both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import PostgresPlace
from tests.service.store.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; skipped with the reason where none is installed."""
    with postgres_server() as server:
        if isinstance(server, str):
            pytest.skip(server)
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | PostgresPlace:
    """An empty store of either kind."""
    if request.param == "sqlite":
        return tmp_path / "s.sqlite3"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.place()
