"""A threshold that came with a bundle is kept unless one set on the bank is better; the answer says which."""

import json
from pathlib import Path

import numpy as np
import pytest

from model.bundle import read_bundle, write_bundle
from model.device import choose_placement
from service.artifacts import ArtifactPaths, load_pipeline
from service.site.calibration.published_thresholds import (
    LabelledVotes,
    ThresholdOptions,
    judge,
    judge_thresholds,
    table_lines,
    with_thresholds,
)
from tests.service.cli.command_line import run
from tests.toy_modality import toy_clip, write_toy

RNG = np.random.default_rng(1)
LABELS = (RNG.random(600) < 0.3).astype(np.float64)
VOTES = np.clip(0.15 + 0.35 * LABELS + RNG.normal(0, 0.1, 600), 0, 1)


def votes(**others: np.ndarray) -> LabelledVotes:
    return LabelledVotes({"is_bright": VOTES, **others}, {"is_bright": LABELS, **dict.fromkeys(others, LABELS)})


def test_a_misplaced_threshold_is_replaced_and_a_good_one_kept() -> None:
    (bad,) = judge(votes(), {"is_bright": 0.02}, ["is_bright"])
    assert bad.published is not None
    assert bad.ours is not None
    assert bad.gain is not None
    assert (bad.decision, bad.threshold) == ("replaced", bad.ours.threshold)
    assert bad.published.specificity < 0.5 < bad.ours.specificity
    assert bad.gain.low > 0
    (good,) = judge(votes(), {"is_bright": 0.33}, ["is_bright"])
    assert (good.decision, good.threshold) == ("kept", 0.33)


def test_both_are_measured_on_studies_that_set_neither() -> None:
    (one,) = judge(votes(), {"is_bright": 0.02}, ["is_bright"])
    assert one.studies == 300
    true, called = LABELS[1::2] >= 0.5, VOTES[1::2] >= 0.02
    assert one.published is not None
    assert one.published.sensitivity == pytest.approx(called[true].mean())
    assert one.published.specificity == pytest.approx((~called[~true]).mean())


def test_without_enough_of_either_kind_nothing_is_decided() -> None:
    few = LabelledVotes({"x": VOTES}, {"x": np.where(np.arange(600) < 8, 1.0, 0.0)})
    (one,) = judge(few, {"x": 0.5}, ["x"])
    assert (one.decision, one.threshold, one.gain) == ("not judged", 0.5, None)
    silent = LabelledVotes({"x": np.full(600, np.nan)}, {"x": LABELS})
    assert judge(silent, {}, ["x"])[0].threshold is None


def test_a_phenotype_without_a_threshold_gets_one() -> None:
    (one,) = judge(votes(), {}, ["is_bright"])
    assert one.decision == "added"
    assert any("| added |" in line for line in table_lines([one]))


def test_the_answer_says_where_a_threshold_is_from(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    manifest = read_bundle(paths.bundle)
    bank = load_pipeline(paths, choose_placement("cpu")).retriever.bank.manifest.identity
    for published, source in ((0.02, "bank"), (0.33, "release")):
        judged = judge(votes(), {"is_bright": published}, ["is_bright"])
        changed = with_thresholds(manifest.model_copy(update={"threshold_sources": {}}), judged, bank)
        write_bundle(paths.bundle, changed)
        answer = load_pipeline(paths, choose_placement("cpu")).run([toy_clip(1, (128, 120, 140))])
        assert answer.phenotypes["is_bright"].threshold_source == source
        assert answer.phenotypes["hue"].threshold_source is None


def test_the_command_asks_the_bank_itself_and_writes_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = write_toy(tmp_path)
    out = tmp_path / "B2"
    assert run(monkeypatch, "thresholds", "--bundle", paths.bundle, "--bank", paths.bank, "--out", out) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(printed) == {"is_bright"}
    assert read_bundle(out).evaluation["thresholds"].keys() == {"is_bright"}
    assert load_pipeline(ArtifactPaths(out, paths.bank), choose_placement("cpu"))
    with pytest.raises(FileExistsError, match="--out"):
        judge_thresholds(ThresholdOptions(bundle=paths.bundle, bank=paths.bank, out=out))
