"""Bundle and bank that change under the service: nothing is answered from them until they are what they were."""

import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index import bank_files
from index.candidate_bank import BlockChecked, CandidateBank
from model.device import choose_placement
from service.artifact_seal import ArtifactSeal
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ArtifactError, NotReady
from service.http.app import create_app
from service.settings import Settings
from service.study.artifact_watch import ArtifactWatch
from service.study.bank_check import BankCheck
from service.study.runner import StudyPipeline, Workings
from tests.service.conftest import MakeSettings, wait_until
from tests.service.invented import open_invented
from tests.toy_modality import toy_clip, write_toy

FILES = [("files", ("a", b"clip"))]


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))


def rewrite_with_its_times(path: Path) -> None:
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_another(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"x" * path.stat().st_size)
    other.replace(path)


CHANGES = [cut, rewrite, rewrite_with_its_times, replace_by_another, Path.unlink]


@contextmanager
def served(settings: Settings, paths: ArtifactPaths) -> Iterator[TestClient]:
    sealed = replace(paths, spare=settings.keys_file.parent)

    def load(_: Settings) -> StudyPipeline:
        return load_pipeline(sealed, choose_placement("cpu"))

    workings = Workings(
        load, open_invented, lambda: [toy_clip(1, (9, 9, 9))], seal=lambda _: ArtifactSeal.of(paths.bundle, paths.bank)
    )
    with TestClient(create_app(settings, workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


def without_ids(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in {"study_id", "created", "stage_seconds"}}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", ["bank/embeddings.npy", "bank/bank.json", "bundle/weights.safetensors"])
def test_a_changed_file_is_named_and_nothing_is_answered_until_it_is_back(
    name: str, change: Callable[[Path], None], make_settings: MakeSettings, tmp_path: Path, log: io.StringIO
) -> None:
    paths = write_toy(tmp_path / "toy")
    path = tmp_path / "toy" / name
    with served(make_settings(), paths) as client:
        before = without_ids(client.post("/report", files=FILES).json())
        content = path.read_bytes()
        change(path)
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert f"{path}: was changed while it was served" in ready.json()["reason"]
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert str(path) in refused.json()["detail"]
        assert refused.headers["retry-after"] == "5"
        path.write_bytes(content)
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert without_ids(client.post("/report", files=FILES).json()) == before
    events = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert events.count("artifact_changed") == 1
    assert events.count("artifact_mended") == 1


def test_a_study_that_runs_while_a_file_changes_is_not_answered(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    watch = ArtifactWatch(BankCheck())
    watch.take_up(ArtifactSeal.of(paths.bundle, paths.bank))
    watch.require_intact()
    rewrite(paths.bank / "labels_00.npy")
    with pytest.raises(NotReady, match=r"labels_00\.npy"):
        watch.require_intact()
    watch.stop(5)


def test_a_file_that_changes_while_it_is_loaded_fails_the_start(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    seal = ArtifactSeal.of(paths.bundle, paths.bank)
    seal.require_unchanged()
    (paths.bundle / "weights.safetensors").write_bytes(b"toy")  # the same content: nobody knows what was read between
    with pytest.raises(ArtifactError, match=r"weights\.safetensors: was changed while it was loaded"):
        seal.require_unchanged()


def test_an_older_version_of_a_bank_may_vanish(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    versions = tmp_path / "versions"
    for name in ("000001", "000002"):
        shutil.copytree(paths.bank, versions / name)
    (versions / "current").write_text("000001\n")
    seal = ArtifactSeal.of(paths.bundle, versions)
    (versions / "current").write_text("000002\n")
    shutil.rmtree(versions / "000001")
    assert seal.changed() is None
    assert seal.mend() is None


def test_a_look_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    """By counting system calls and not by the clock: one stat a file."""
    paths = write_toy(tmp_path)
    seal = ArtifactSeal.of(paths.bundle, paths.bank)
    named = {path.name for path in (*paths.bundle.iterdir(), *paths.bank.iterdir())}
    assert {path.name for path in seal.states} == named
    assert len(seal.states) == len(named)


def test_answers_before_the_check_of_a_large_bank_ended_say_so(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_files, "MEMORY_BYTES", 0)
    held, blocks = threading.Event(), CandidateBank.verify_blocks

    def slowly(bank: CandidateBank) -> Iterator[BlockChecked]:
        held.wait(20)
        return blocks(bank)

    monkeypatch.setattr(CandidateBank, "verify_blocks", slowly)
    with served(make_settings(), write_toy(tmp_path / "toy")) as client:
        first = client.post("/report", files=FILES).json()
        held.set()
        wait_until(lambda: client.get("/info").json()["bank_check"] == "ok")
        second = client.post("/report", files=FILES).json()
    assert said(first) == ("running", True)
    assert said(second) == (None, False)


def said(document: Mapping[str, Any]) -> tuple[str | None, bool]:
    codes = {warning["code"] for warning in document["warnings"]}
    return document["provenance"].get("bank_check"), "bank_not_checked_yet" in codes


@pytest.mark.parametrize("which", ["bundle", "bank"])
def test_a_pinned_hash(which: str, tmp_path: Path) -> None:
    paths, cpu = write_toy(tmp_path), choose_placement("cpu")
    actual = str(load_pipeline(paths, cpu).provenance[f"{which}_sha256"])
    load_pipeline(pinned(paths, which, actual.upper()), cpu)
    said = rf"{which}\.json: sha256 is {actual}, ECHOSCRIBE_{which.upper()}_SHA256 asks for 0000"
    with pytest.raises(ArtifactError, match=said):
        load_pipeline(pinned(paths, which, "0" * 64), cpu)


def pinned(paths: ArtifactPaths, which: str, sha256: str) -> ArtifactPaths:
    return replace(paths, bundle_sha256=sha256) if which == "bundle" else replace(paths, bank_sha256=sha256)
