"""The run of kills, short: with an invented pipeline, a few kills, and what it would say of a loss."""

from pathlib import Path

import pytest

from scripts.chaos import Chaos, settings_for
from service.store.results import ResultStore
from tests.service.invented import InventedPipeline, invented_workings


def chaos(folder: Path, kills: int, studies: int) -> Chaos:
    clip = folder / "clip"
    clip.write_bytes(b"a clip" * 20_000)
    return Chaos(
        settings=settings_for(folder, neighbours=5, depth=5),
        workings=invented_workings(InventedPipeline(seconds=0.1)),
        files=[clip],
        folder=folder,
        kills_wanted=kills,
        studies_wanted=studies,
        seed=1,
        decoders=False,
    )


def test_a_few_kills_cost_no_study(tmp_path: Path) -> None:
    result = chaos(tmp_path, kills=2, studies=4).run()
    assert result["ok"], result
    assert result["accepted"] >= 4
    assert result["kills"]["server"] >= 2
    assert result["ends"] == {"equal": result["accepted"]}


def test_a_loss_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(store: ResultStore, study_id: str) -> bool:
        store.forget(study_id)
        return False

    run = chaos(tmp_path, kills=1, studies=1)
    run.accepted.append("11111111-2222-4333-8444-555555555555")  # as if a 202 had said so
    monkeypatch.setattr(ResultStore, "take_up", forgets)
    result = run.run()
    assert not result["ok"]
    assert result["ends"]["unknown_study"] >= 1
