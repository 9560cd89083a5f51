"""When a vote is called yes or no, and when nobody may call it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.manifest import MANIFEST_FILE, BankManifest
from index.retrieval import PhenotypeVote
from model.bundle import read_bundle, write_bundle
from model.device import choose_placement
from model.taxonomy import Phenotype
from service.answer.calling import CallingRules
from service.artifacts import load_pipeline
from service.run_options import RunOptions
from service.settings import shipped_bank, shipped_bundle
from tests.toy_modality import toy_clip, write_toy

RULES = CallingRules({"tavr": 0.4}, {"tavr": {"slope": 5.0, "intercept": -2.0}})
TAVR = Phenotype("tavr", "Aortic Valve", "binary")
BRIGHT = toy_clip(1, (250, 200, 240))


def vote(labelled: int, value: float | None = 0.9, reason: str | None = None) -> PhenotypeVote:
    return PhenotypeVote(value, value, value, labelled, 50, reason)


@pytest.mark.parametrize(("labelled", "called"), [(9, None), (10, True), (50, True)])
def test_ten_labelled_neighbours_are_needed(labelled: int, called: bool | None) -> None:
    assert RULES.called("tavr", vote(labelled)) is called
    assert RULES.calls({"tavr": vote(labelled)}) == ({} if called is None else {"tavr": True})
    assert (RULES.curve("tavr", vote(labelled)) is None) == (called is None)
    assert RULES.reason(TAVR, vote(labelled)) == (None if called else "too_few_labelled")


@given(st.integers(0, 50), st.floats(0, 1), st.integers(1, 50))
def test_a_call_is_never_made_from_fewer_than_the_setting_says(labelled: int, value: float, least: int) -> None:
    called = replace(RULES, min_labelled=least).called("tavr", vote(labelled, value))
    assert (called is None) == (labelled < least)
    assert called is None or called == (value >= 0.4)


def test_the_reason_that_there_is_no_value_comes_first() -> None:
    assert RULES.reason(TAVR, vote(0, None, "not_labelled_in_bank")) == "not_labelled_in_bank"
    assert CallingRules().reason(TAVR, vote(50)) == "no_threshold"
    assert CallingRules(of_another_bank=True).reason(TAVR, vote(50)) == "threshold_of_another_bank"


def test_thresholds_of_another_bank_do_not_apply_and_the_answer_says_so(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    own = load_pipeline(paths, choose_placement("cpu"))
    manifest = read_bundle(paths.bundle)
    for stated, applies in ((own.retriever.bank.manifest.identity, True), ("0" * 64, False), (None, True)):
        write_bundle(paths.bundle, manifest.model_copy(update={"thresholds_bank": stated}))
        answer = load_pipeline(paths, choose_placement("cpu")).run([BRIGHT])
        bright = answer.phenotypes["is_bright"]
        assert (bright.positive is not None, bright.threshold is not None) == (applies, applies)
        assert ("thresholds_of_another_bank" in {w.code for w in answer.warnings}) is not applies
        assert bright.value is not None
        assert bright.reason == (None if applies else "threshold_of_another_bank")


def test_fewer_neighbours_than_needed_call_nothing(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    pipeline = load_pipeline(paths, choose_placement("cpu"), min_labelled=10)
    few = pipeline.run([BRIGHT], RunOptions(neighbours=9)).phenotypes["is_bright"]
    enough = pipeline.run([BRIGHT], RunOptions(neighbours=10)).phenotypes["is_bright"]
    assert (few.positive, few.reason, few.labelled) == (None, "too_few_labelled", 9)
    assert enough.positive is not None


def test_the_shipped_thresholds_are_those_of_the_shipped_bank() -> None:
    bank = BankManifest.model_validate_json((shipped_bank() / MANIFEST_FILE).read_bytes())
    rules = CallingRules.of(read_bundle(shipped_bundle()), bank, 10)
    assert rules.thresholds
    assert not rules.of_another_bank


def test_a_banks_identity_stays_from_version_to_version(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    manifest = BankManifest.model_validate_json((paths.bank / MANIFEST_FILE).read_bytes())
    later = manifest.model_copy(update={"candidates": 61, "files": {}})
    assert manifest.lineage == manifest.identity == later.identity
    other = write_toy(tmp_path / "other", candidates=61)
    assert BankManifest.model_validate_json((other.bank / MANIFEST_FILE).read_bytes()).identity != manifest.identity
