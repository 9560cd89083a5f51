"""The training loop: it learns, it can be stopped and resumed without a trace, it never leaves a broken file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.report.writing.build import load_decoder
from service.answer.evidence import evidence_sentences
from service.site.decoder_training.decoder_loop import Plan
from service.site.decoder_training.losses import Objective
from service.site.decoder_training.measure_writing import WritingMeasurer
from service.site.decoder_training.rows import DisturbedRow, Recipe
from service.site.training.checkpoint import CHECKPOINT, load_checkpoint
from service.site.training.fit import LOG
from tests.model.report.bridge import CPU, LANGUAGE, config, tokenizer
from tests.model.report.bridge_training import PHRASES, trained, trainer, training_rows

PLAN = Plan(steps=12, rows_per_step=4, learning_rate=1e-2, log_every=1, checkpoint_every=5)


def test_a_stopped_and_resumed_training_equals_an_unbroken_one(tmp_path: Path) -> None:
    rows = training_rows(6)
    unbroken = trainer().train(rows, PLAN, tmp_path / "one")
    # The rate follows the number of steps: the plan stays, the run is cut short by its checkpoint.
    trainer().train(rows, replace(PLAN, checkpoint_every=5), tmp_path / "two")
    state = torch.load(tmp_path / "two" / CHECKPOINT, weights_only=True)
    assert state["step"] == 12
    interrupted = tmp_path / "three"
    with pytest.raises(KeyboardInterrupt):
        _train_interrupted(interrupted)
    at_five = load_checkpoint(interrupted, state["fingerprint"])
    assert at_five is not None
    assert at_five["step"] == 5
    resumed = trainer().train(rows, PLAN, interrupted)
    for name, weight in unbroken.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], weight, rtol=0, atol=0)


def _train_interrupted(out: Path) -> None:
    """Trains until the seventh batch, then stops as Ctrl-C would."""
    calls, original = iter(range(100)), Objective.forward

    def stopping(*given: object) -> object:
        if next(calls) == 6:
            raise KeyboardInterrupt
        return original(*given)  # type: ignore[arg-type]  # passed on

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Objective, "forward", stopping)
        trainer().train(training_rows(6), PLAN, out)


def test_log_and_weights_are_written(tmp_path: Path) -> None:
    decoder = trainer().train(training_rows(6), PLAN, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 13))
    written = [line["written"] for line in lines]  # of the vocabulary alone: no batch has it easier by its evidence
    assert sum(written[-3:]) < sum(written[:3])
    stored = load_decoder(tmp_path, config()).state_dict()
    assert all(weight.half().float().equal(stored[name]) for name, weight in decoder.state_dict().items())


def test_another_configuration_does_not_take_over_a_checkpoint(tmp_path: Path) -> None:
    trainer().train(training_rows(6), replace(PLAN, steps=2), tmp_path)
    with pytest.raises(ValueError, match=CHECKPOINT):
        trainer(Recipe(own=0.7, none=0.0)).train(training_rows(6), PLAN, tmp_path)


def test_the_time_limit_ends_a_training_with_its_rate_at_zero() -> None:
    plan = Plan(steps=1000, seconds=10.0)
    assert plan.limits.progress(5, 10.0) == 1
    assert plan.rate(1.0) == pytest.approx(0)
    assert plan.rate(0.5) == pytest.approx(plan.learning_rate / 2)
    assert 0 < plan.rate(0.0) < plan.learning_rate / 10


def test_seconds_of_training_teach_the_invented_language() -> None:
    measurer = WritingMeasurer(trained(), tokenizer(), LANGUAGE, CPU)
    rows = [
        DisturbedRow(row.study, row.section, row.targets, evidence_sentences(row.neighbours, PHRASES), "own")
        for row in training_rows(10, seed=9)
    ]
    measures = measurer.measure(rows)
    assert measures.rows == 30
    assert measures.well_formed >= 0.95
    assert measures.finished >= 0.95
    assert measures.recall >= 0.8
    assert measures.precision >= 0.6
    assert 0 < measures.retrieved <= 1
    assert measurer.naive_tokens_per_second(rows[:1]) > 0
