"""Load and soak against the invented service: few studies, seconds, and what a bar says when something is lost."""

from pathlib import Path

import pytest

from scripts import load, soak
from scripts.client_load import Post, percentiles
from service.access.key_file import add_key
from tests.service.http.test_serve import invented_process


def test_load_counts_what_was_answered_kept_and_waited_for(tmp_path: Path) -> None:
    keys = {tenant: add_key(tmp_path / "keys.json", tenant, ("submit", "read"))[1] for tenant in load.TENANTS}
    with invented_process(tmp_path, 0.02, ECHOSCRIBE_QUEUE_SIZE="4") as service:
        result = load.measured(service, tmp_path, keys, studies=24, clients=12)
    assert (result["studies"], result["clients"], result["tenants"]) == (24, 12, 4)
    assert result["bars"]["all_answered"]
    assert result["bars"]["all_kept_and_where_they_belong"]
    assert result["p50_seconds"] <= result["p95_seconds"] <= result["p99_seconds"]


def test_soak_looks_at_memory_and_descriptors_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "LOOKS", 8)
    _, key = add_key(tmp_path / "keys.json", "default", ("submit", "read"))
    with invented_process(tmp_path, 0.02) as service:
        result = soak.measured(service, tmp_path, key, seconds=4)
    assert result["studies"] > 0
    assert result["bars"]["no_faults"], result["faults"]
    assert result["bars"]["alive"]
    assert min(result["memory_mib"]) > 10


def test_percentiles_are_of_what_clients_waited() -> None:
    posts = [Post("a", str(number), float(number)) for number in range(101)]
    assert percentiles(posts) == {"p50_seconds": 50.0, "p95_seconds": 95.0, "p99_seconds": 99.0}
