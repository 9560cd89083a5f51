"""The tracing part: tables from rows of known error, and bars that fail where nothing can be measured."""

import numpy as np
import pytest

from model.echo.tracing.judging import Judge, Judgement
from scripts.rendered.evaluation.parts.tracing import (
    DICE_BARS,
    EF_BARS,
    TRACING_SEED,
    error_table,
    measure_tracing,
)
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.seed_ranges import purpose_of
from scripts.rendered.tracing.measured_rows import MeasuredRow

KIND = "lv_ejection_fraction:disks_A4C"


def rows() -> list[MeasuredRow]:
    """Half of them sure and two points too low, half unsure and ten points too high."""
    truths = np.linspace(20, 70, 40)
    sure = [MeasuredRow(KIND, truth - 2, truth, {"certainty": 1.0}, 1.0) for truth in truths[::2]]
    unsure = [MeasuredRow(KIND, truth + 10, truth, {"certainty": 0.0}, 1.0) for truth in truths[1::2]]
    return sure + unsure


def test_errors_of_all_and_of_those_that_are_stated() -> None:
    judgement = Judgement(intercept=-2, weights={"certainty": 4}, limit=0.5, low=1.5, high=2.5, tolerance=8)
    table = error_table(rows(), Judge({KIND: judgement}))[KIND]
    assert table["clips"] == 40
    assert table["mae"] == pytest.approx(6)
    assert table["bias"] == pytest.approx(4)
    assert table["stated"] == 0.5
    assert table["mae_stated"] == pytest.approx(2)
    assert table["interval_holds"] == 1.0


def test_what_nobody_judged_has_no_share_that_is_stated() -> None:
    assert "stated" not in error_table(rows(), Judge({}))[KIND]


def test_every_bar_fails_without_a_tracer() -> None:
    results = Results()
    measure_tracing(None, results)
    assert len(results.bars) == len(DICE_BARS) + len(EF_BARS)
    assert not any(bar.ok for bar in results.bars)


def test_the_seed_is_one_of_the_test_range() -> None:
    assert purpose_of(TRACING_SEED) == "test"
