"""The command line without networks."""

import pytest

from tests.service.invented import InventedPipeline


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[InventedPipeline]:
    """No networks; each loading is counted."""
    loaded: list[InventedPipeline] = []

    def load(_: object) -> InventedPipeline:
        loaded.append(InventedPipeline())
        return loaded[-1]

    monkeypatch.setattr("service.cli.commands._pipeline", load)
    return loaded
