"""The faster arithmetic is taken where its answers were found equal on this machine, and nowhere else."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient

from model.device import Placement, choose_placement
from service import arithmetic
from service.arithmetic import Verdict, VerdictCache, key_of, placement_of, to_be_checked
from service.arithmetic_check import compare
from service.artifacts import load_pipeline
from service.http.app import create_app
from service.settings import Settings
from service.study.runner import Workings
from tests.service.conftest import MakeSettings, wait_until
from tests.service.invented import InventedPipeline, invented_workings
from tests.toy_modality import toy_clip, write_toy

GOOD = Verdict(0.01, 0.99, 4.0, 1.0, "2026-11-30")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a bundle with networks of some size, on a machine that multiplies bfloat16."""
    paths = write_toy(tmp_path)
    monkeypatch.setattr(arithmetic, "SMALL_NETWORK_BYTES", 1)
    monkeypatch.setattr(arithmetic, "multiplies_bfloat16", lambda _: True)
    return Settings(bundle=paths.bundle, bank=paths.bank, device="cpu")


@pytest.mark.parametrize(
    ("verdict", "dtype", "said"),
    [
        (GOOD, torch.bfloat16, "4.0 times as fast"),
        (replace(GOOD, votes_differ=0.03), torch.float32, "differ"),
        (replace(GOOD, overlap=0.97), torch.float32, "differ"),
        (replace(GOOD, bfloat16_seconds=3.9), torch.float32, "no faster"),
    ],
)
def test_what_was_found_decides(
    settings: Settings, tmp_path: Path, verdict: Verdict, dtype: torch.dtype, said: str
) -> None:
    cache = VerdictCache(tmp_path / "cache" / "arithmetic.json")
    assert placement_of(settings, cache).dtype == torch.float32
    key = to_be_checked(settings, cache)
    assert key == key_of(settings.bundle, torch.device("cpu"))
    cache.keep(key, verdict)
    assert to_be_checked(settings, cache) is None
    placement = placement_of(settings, cache)
    assert placement.dtype == dtype
    assert said in placement.reason


def test_a_setting_overrides_and_another_bundle_is_checked_anew(settings: Settings, tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "arithmetic.json")
    cache.keep(key_of(settings.bundle, torch.device("cpu")), GOOD)
    plain = Settings(bundle=settings.bundle, bank=settings.bank, device="cpu", dtype="float32")
    assert placement_of(plain, cache).dtype == torch.float32
    assert to_be_checked(plain, cache) is None
    manifest = settings.bundle / "bundle.json"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert to_be_checked(settings, cache) is not None


def test_small_networks_and_machines_without_bfloat16_need_no_check(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "multiplies_bfloat16", lambda _: False)
    assert to_be_checked(settings) is None
    monkeypatch.setattr(arithmetic, "multiplies_bfloat16", lambda _: True)
    monkeypatch.setattr(arithmetic, "SMALL_NETWORK_BYTES", 1 << 20)
    assert to_be_checked(settings) is None
    assert "small" in placement_of(settings).reason


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', "no json"])
def test_a_cache_that_cannot_be_read_counts_as_empty(settings: Settings, tmp_path: Path, text: str) -> None:
    path = tmp_path / "arithmetic.json"
    path.write_text(text, encoding="utf-8")
    cache = VerdictCache(path)
    assert cache.find("x") is None
    cache.keep("y", GOOD)
    assert cache.find("y") == GOOD
    nowhere = VerdictCache(tmp_path / "arithmetic.json" / "below")
    nowhere.keep("y", GOOD)
    assert nowhere.find("y") is None


def test_equal_pipelines_are_found_equal_and_others_not(tmp_path: Path) -> None:
    slow = load_pipeline(write_toy(tmp_path / "one"), choose_placement("cpu"))
    study = list(slow.modality.prepare(toy_clip(1, (128, 120, 140))))
    same = compare(slow, slow, study)  # type: ignore[arg-type]  # nothing of it was skipped
    assert (same.votes_differ, same.overlap) == (0.0, 1.0)
    other = compare(slow, replace(slow, modality=_Turned(slow.modality)), study)  # type: ignore[arg-type]  # as above
    assert not other.equal


class _Turned:
    """A modality whose vectors point elsewhere."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def encode(self, clips: Any) -> Any:
        found = self._own.encode(clips)
        return replace(found, clip_embeddings=found.clip_embeddings.roll(1, 1) * torch.tensor([1.0, 0.1, 0.0]))


def test_a_service_takes_it_up_when_no_study_is_there(make_settings: MakeSettings) -> None:
    slow, fast, asked = InventedPipeline(), InventedPipeline(), threading.Event()
    fast.provenance = {**slow.provenance, "dtype": "bfloat16"}

    def settle(_: object, __: Settings) -> InventedPipeline:
        asked.wait(10)
        return fast

    workings = replace(invented_workings(slow), settle_arithmetic=settle)
    assert isinstance(workings, Workings)
    with TestClient(create_app(make_settings(), workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        files = [("files", ("a", b"clip"))]
        assert client.post("/report", files=files).json()["provenance"].get("dtype") is None
        asked.set()
        wait_until(lambda: client.get("/info").json()["provenance"].get("dtype") == "bfloat16")
        assert client.post("/report", files=files).json()["provenance"]["dtype"] == "bfloat16"


def test_placements_say_why() -> None:
    assert Placement(torch.device("cpu"), torch.float32, GOOD.reason).reason.endswith("checked 2026-11-30")
