"""A bank that was altered on disk: found in the background, told to operators, and no longer answered from."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.bank_files import BankFiles
from index.candidate_bank import CandidateBank
from model.device import choose_placement
from service.artifacts import load_pipeline
from service.http.app import create_app
from service.settings import Settings
from service.study.bank_check import BankCheck
from service.study.runner import StudyPipeline, Workings
from tests.service.conftest import MakeSettings, wait_until
from tests.service.invented import open_invented
from tests.toy_modality import toy_clip, write_toy

FILES = [("files", ("a", b"clip"))]


@contextmanager
def served_bank(settings: Settings, folder: Path, *, altered: bool) -> Iterator[TestClient]:
    """A client of a service whose bank is looked at as soon as it is loaded."""
    paths = write_toy(folder)
    values = paths.bank / "sentence_values.npy"
    if altered:
        content = bytearray(values.read_bytes())
        content[-1] ^= 0xFF
        values.write_bytes(content)

    def load(_: Settings) -> StudyPipeline:
        return load_pipeline(paths, choose_placement("cpu"))

    workings = Workings(load=load, open_study=open_invented, warm_up=lambda: [toy_clip(1, (9, 9, 9))])
    with TestClient(create_app(settings, workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/info").json()["bank_check"] in {"ok", "failed"})
        yield client


def test_an_intact_bank_is_found_so(make_settings: MakeSettings, tmp_path: Path, log: io.StringIO) -> None:
    with served_bank(make_settings(), tmp_path / "toy", altered=False) as client:
        assert client.get("/info").json()["bank_check"] == "ok"
        wait_until(lambda: client.get("/readyz").status_code == 200)
    assert '"event": "bank_checked"' in log.getvalue()


def test_an_altered_bank_fails_readiness_and_is_not_answered_from(
    make_settings: MakeSettings, tmp_path: Path, log: io.StringIO
) -> None:
    with served_bank(make_settings(), tmp_path / "toy", altered=True) as client:
        wait_until(lambda: client.get("/readyz").json()["phase"] == "failed")
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "bank differs" in ready.json()["reason"]
        assert client.get("/info").json()["bank_check"] == "failed"
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert "echoscribe_ready 0.0" in client.get("/metrics").text
        assert client.get("/livez").status_code == 200
    reported = [json.loads(line) for line in log.getvalue().splitlines() if "bank_check_failed" in line]
    assert len(reported) == 1
    assert "sentence_values.npy" in reported[0]["message"]


def test_a_bank_smaller_than_the_default_k_is_served_with_all_its_candidates(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    with served_bank(make_settings(neighbours=1000), tmp_path / "toy", altered=False) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        info = client.get("/info").json()
        assert info["provenance"]["candidates"] == 60


@pytest.mark.parametrize("blocks", [0, 1000])
def test_it_ends_when_it_is_told_to(blocks: int) -> None:
    looked_at = threading.Event()

    class Endless:
        files = BankFiles(Path())

        def verify_blocks(self) -> Iterator[int]:
            for block in range(blocks):
                looked_at.set()
                yield block

    bank: Any = Endless()
    check = BankCheck()
    check.start(bank)
    if blocks:
        assert looked_at.wait(5)
        check.stop(5)
        assert check.state == "running"
    else:
        wait_until(lambda: check.state == "ok")
        check.stop(5)
    check.require_intact()


def test_a_bank_whose_file_is_gone_counts_as_altered(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    bank = CandidateBank.open(paths.bank, None)
    (paths.bank / "sentence_values.npy").unlink()
    check = BankCheck()
    check.start(bank)
    wait_until(lambda: check.state == "failed")
