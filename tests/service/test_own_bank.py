"""A bank of own reports in service: the patient's own studies, text that may not be shown, a swap under load."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from index.bank_versions import make_current, next_version, remove_versions_before
from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.phrase_table import PhraseRow, PhraseTable
from model.bundle import sha256_of
from model.device import choose_placement
from service.answer.writing_request import evidence_of
from service.artifacts import ArtifactPaths, load_pipeline, with_current_bank
from service.errors import ArtifactError, ModeUnavailable
from service.http.app import create_app
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.settings import Settings
from service.study.runner import StudyPipeline, Workings
from tests.service.conftest import MakeSettings, wait_until
from tests.service.invented import open_invented
from tests.toy_modality import TOY, toy_clip, write_toy

CPU = choose_placement("cpu")
KEYS = [f"{n:02x}" + "ab" * 15 for n in range(1, 4)]
FILES = [("files", ("a", b"clip"))]
PHRASES = PhraseTable(
    (
        PhraseRow(0, "Brightness", "level", "The picture is bright.", "The picture is bright.", None, "bright"),
        PhraseRow(1, "Brightness", "site", "As Smith says, bright.", "As Smith says, bright.", None),
        PhraseRow(2, "Colour", "free", "<string>", "Words.", "string"),
    )
)


def write_version(bank: Path, bundle: Path, candidates: int, *, shown: bool = True, keyed: bool = True) -> None:
    """A further version; every third candidate is of one patient."""
    vectors = np.random.default_rng(candidates).random((candidates, 3)).astype(np.float32)
    version = next_version(bank)
    with BankWriter(version, PHRASES, TOY.sections, 3, "float32") as writer:
        writer.add_embeddings(vectors)
        for n in range(candidates):
            writer.add_report({"Brightness": [(0, None), (1, None)], "Colour": [(2, f"Secret words of {n}.")]})
        if keyed:
            writer.add_keys([KEYS[n % 3] for n in range(candidates)], [f"{n + 100:032x}" for n in range(candidates)])
        writer.finish(
            BankDescription(
                name="own",
                encoder_sha256=sha256_of(bundle / "weights.safetensors"),
                trained=True,
                domain="clinical",
                licence_notice="none",
                text_may_be_shown=shown,
            )
        )
    make_current(version)


def own_pipeline(folder: Path, *, shown: bool = True, keyed: bool = True) -> ReportPipeline:
    """The toy pipeline over a bank of 30 own candidates; with a stand-in for a decoder when nothing may be quoted."""
    bundle = write_toy(folder).bundle
    write_version(folder / "own", bundle, 30, shown=True, keyed=keyed)
    pipeline = load_pipeline(ArtifactPaths(bundle, folder / "own"), CPU)
    if shown:
        return pipeline
    bank = pipeline.retriever.bank
    hidden = replace(bank, manifest=bank.manifest.model_copy(update={"text_may_be_shown": False}))
    decoder: Any = object()
    return replace(pipeline, retriever=replace(pipeline.retriever, bank=hidden), writer=decoder)


CLIPS = [toy_clip(1, (250, 200, 240))]


def voters(answer: Any) -> set[int]:
    return {found.candidate_id for section in answer.sections for found in section.neighbours}


def test_own_studies_are_left_out_unless_asked_for_and_then_shown(tmp_path: Path) -> None:
    pipeline = own_pipeline(tmp_path)
    own = set(range(0, 30, 3))
    anybody = pipeline.run(CLIPS, RunOptions(neighbours=30))
    without = pipeline.run(CLIPS, RunOptions(neighbours=30, patient_key=KEYS[0]))
    with_own = pipeline.run(CLIPS, RunOptions(neighbours=30, patient_key=KEYS[0], include_prior=True))
    assert voters(anybody) == voters(with_own) == set(range(30))
    assert voters(without) == set(range(30)) - own
    assert without.prior_studies == anybody.prior_studies == []
    assert {prior.candidate_id for prior in with_own.prior_studies} == own
    assert with_own.prior_studies[1].sections["Colour"] == "Secret words of 3."
    assert with_own.prior_studies[1].study_key == f"{103:032x}"
    for answer in (without, with_own):
        assert KEYS[0] not in answer.model_dump_json()
    quoted = {c for s in without.sections for sentence in s.sentences for c in sentence.candidate_ids}
    assert not quoted & own


def test_a_key_that_nobody_has_changes_nothing(tmp_path: Path) -> None:
    pipeline = own_pipeline(tmp_path)
    nobody = pipeline.run(CLIPS, RunOptions(neighbours=5, patient_key="f" * 32, include_prior=True))
    assert voters(nobody) == voters(pipeline.run(CLIPS, RunOptions(neighbours=5)))
    assert nobody.prior_studies == []


def test_a_bank_without_keys_says_that_it_could_not_tell(tmp_path: Path) -> None:
    answer = own_pipeline(tmp_path, keyed=False).run(CLIPS, RunOptions(neighbours=5, patient_key=KEYS[0]))
    assert "bank_without_patient_keys" in {warning.code for warning in answer.warnings}


def test_text_that_may_not_be_shown_is_neither_quoted_nor_offered(tmp_path: Path) -> None:
    pipeline = own_pipeline(tmp_path, shown=False)
    assert pipeline.modes == ("rag", "generate")
    with pytest.raises(ModeUnavailable, match=r"text_may_be_shown false \('own'\)"):
        pipeline.check(RunOptions(mode="retrieval", neighbours=5))
    study = pipeline.embed(CLIPS)
    retrieval = pipeline.retrieve(study.sections, RunOptions(neighbours=5))
    offered = {s.template for part in evidence_of(retrieval, pipeline.retriever.bank).values() for s in part}
    assert offered == {"The picture is bright."}
    shown = evidence_of(retrieval, own_pipeline(tmp_path / "shown").retriever.bank)
    assert {s.template for s in shown["Brightness"]} == {"The picture is bright.", "As Smith says, bright."}


def test_a_bank_that_may_not_be_shown_needs_a_decoder(tmp_path: Path) -> None:
    bundle = write_toy(tmp_path).bundle
    write_version(tmp_path / "own", bundle, 30, shown=False)
    with pytest.raises(ArtifactError, match="text_may_be_shown is false"):
        load_pipeline(ArtifactPaths(bundle, tmp_path / "own"), CPU)


@contextmanager
def served(settings: Settings, folder: Path) -> Iterator[TestClient]:
    """A client of a service over a bank with versions."""
    bundle = write_toy(folder).bundle
    write_version(folder / "own", bundle, 30)
    settings = settings.model_copy(update={"bank": folder / "own"})

    def load(_: Settings) -> StudyPipeline:
        return load_pipeline(ArtifactPaths(bundle, folder / "own"), CPU)

    def swap(pipeline: StudyPipeline, _: Settings) -> StudyPipeline:
        assert isinstance(pipeline, ReportPipeline)
        return with_current_bank(pipeline, ArtifactPaths(bundle, folder / "own"), torch.device("cpu"))

    workings = Workings(load=load, open_study=open_invented, warm_up=lambda: CLIPS, swap_bank=swap)
    with TestClient(create_app(settings, workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.study.bank_watch.POLL_SECONDS", 0.02)


@pytest.mark.usefixtures("quick")
def test_a_new_version_is_taken_up_under_load_without_a_failed_request(
    make_settings: MakeSettings, tmp_path: Path, log: io.StringIO
) -> None:
    with served(make_settings(neighbours=25, depth=25), tmp_path / "toy") as client:
        bank = tmp_path / "toy" / "own"
        before = client.get("/info").json()["provenance"]
        answers: list[tuple[int, str]] = []
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                answer = client.post("/report", files=FILES)
                answers.append(
                    (answer.status_code, answer.json().get("provenance", {}).get("bank_sha256", answer.text))
                )

        asking = threading.Thread(target=ask)
        asking.start()
        for candidates in (40, 20):  # the second is smaller than the default k
            write_version(bank, tmp_path / "toy" / "bundle", candidates)
            remove_versions_before(bank / (bank / "current").read_text().strip())
            sha256 = CandidateBank.open(bank, None).sha256
            # Types: bound at once.
            wait_until(lambda sha256=sha256: client.get("/info").json()["provenance"]["bank_sha256"] == sha256)  # type: ignore[misc]  # a lambda with a default
            count = len(answers)
            if candidates == 40:
                wait_until(lambda count=count: len(answers) > count + 2)  # type: ignore[misc]  # bound at once
        ended.set()
        asking.join(10)
        last = client.post("/report", files=FILES).json()
        assert {status for status, _ in answers} == {200}
        assert last["provenance"]["bank_sha256"] == sha256 != before["bank_sha256"]
        assert last["provenance"]["candidates"] == 20
        wait_until(lambda: client.get("/info").json()["bank_check"] == "ok")
    assert log.getvalue().count('"event": "bank_swapped"') == 2


@pytest.mark.usefixtures("quick")
def test_a_version_that_does_not_fit_is_told_and_the_old_one_serves(
    make_settings: MakeSettings, tmp_path: Path, log: io.StringIO
) -> None:
    with served(make_settings(), tmp_path / "toy") as client:
        before = client.get("/info").json()["provenance"]["bank_sha256"]
        bank = tmp_path / "toy" / "own"
        (next_version(bank)).mkdir()
        make_current(bank / "000002")
        wait_until(lambda: "bank_swap_failed" in log.getvalue())
        assert client.post("/report", files=FILES).json()["provenance"]["bank_sha256"] == before


def test_a_patient_key_is_a_pseudonym_and_is_never_said_again(
    make_settings: MakeSettings, tmp_path: Path, log: io.StringIO
) -> None:
    with served(make_settings(), tmp_path / "toy") as client:
        for value in ("MRN 12345", KEYS[0].upper(), KEYS[0] + "0", ""):
            refused = client.post("/report", files=FILES, data={"patient_key": value})
            assert (refused.status_code, refused.json()["field"]) == (422, "patient_key")
            assert "12345" not in refused.text
        refused = client.post("/report", files=FILES, data={"include_prior": "1"})
        assert (refused.status_code, refused.json()["field"]) == (422, "include_prior")
        answer = client.post("/report", files=FILES, data={"patient_key": KEYS[0], "include_prior": "true"})
        assert len(answer.json()["prior_studies"]) == 10
        assert KEYS[0] not in answer.text
        keyed = [
            client.post(
                "/report", files=FILES, data={"patient_key": key}, headers={"Idempotency-Key": "one"}
            ).status_code
            for key in (KEYS[0], KEYS[0], KEYS[1])
        ]
        assert keyed == [200, 200, 422]
    assert KEYS[0] not in log.getvalue()
    for path in tmp_path.rglob("results.sqlite3*"):
        assert KEYS[0].encode() not in path.read_bytes()
