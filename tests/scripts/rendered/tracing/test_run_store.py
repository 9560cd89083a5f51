"""Runs on disk: what is there is not rendered again, and another store's folder is refused."""

from pathlib import Path

import pytest

from scripts.rendered.tracing import run_store
from scripts.rendered.tracing.run_store import RunStore
from scripts.rendered.tracing.shards import open_shards, render_shards


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_store, "SHARD", 2)


def test_a_store_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    store = RunStore(size=32)
    assert list(render_shards(store, tmp_path, 1)) == [0]
    first = open_shards(tmp_path, RunStore.name)[0].copy()
    stamp = (tmp_path / "runs_0000.npy").stat().st_mtime_ns
    assert list(render_shards(store, tmp_path, 2)) == [0, 1]
    assert (tmp_path / "runs_0000.npy").stat().st_mtime_ns == stamp
    shards = open_shards(tmp_path, RunStore.name)
    assert [shard.shape for shard in shards] == [(2, 2, 4, 32, 32)] * 2
    assert (shards[0] == first).all()


def test_another_store_is_refused(tmp_path: Path) -> None:
    list(render_shards(RunStore(size=32), tmp_path, 1))
    with pytest.raises(ValueError, match="another store"):
        list(render_shards(RunStore(size=48), tmp_path, 1))
