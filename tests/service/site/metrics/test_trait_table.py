"""The table of traits agrees with scikit-learn, sample by sample, and leaves out what cannot be measured."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

from service.site.metrics.intervals import draws
from service.site.metrics.trait_table import SAMPLES, TraitTable, columns_of, trait_table

RNG = np.random.default_rng(3)
STUDIES = 60
TRUTH = {
    "leak": (RNG.random(STUDIES) < 0.3).astype(np.float64),
    "fraction": RNG.normal(55, 8, STUDIES),
    "never": np.zeros(STUDIES),
}
SAID = {
    "leak": np.where(RNG.random(STUDIES) < 0.8, TRUTH["leak"], 1 - TRUTH["leak"]),
    "fraction": TRUTH["fraction"] + RNG.normal(0, 5, STUDIES),
    "never": np.zeros(STUDIES),
}
SCORES = {"leak": np.round(SAID["leak"] * 0.4 + RNG.random(STUDIES) * 0.6, 1)}  # with ties


def table(said: dict[str, np.ndarray] | None = None) -> TraitTable:
    return trait_table(TRUTH, said or SAID, {"fraction": 55.0}, SCORES)


def test_figures_are_scikit_learns() -> None:
    leak, fraction, never = table().traits
    assert leak.text.value == pytest.approx(balanced_accuracy_score(TRUTH["leak"], SAID["leak"]))
    assert leak.scores is not None
    assert leak.scores.value == pytest.approx(roc_auc_score(TRUTH["leak"], SCORES["leak"]))
    assert fraction.text.value == pytest.approx(r2_score(TRUTH["fraction"], SAID["fraction"]))
    assert fraction.scores is None
    assert np.isnan(never.text.value)
    assert table().undefined == ("never",)
    assert table().core.value == pytest.approx((leak.text.value + fraction.text.value) / 2)


def test_a_sample_is_the_same_as_its_studies_taken_alone() -> None:
    rows = draws(STUDIES, SAMPLES)[7]
    leak, fraction, _ = table().traits
    assert leak.samples[8] == pytest.approx(balanced_accuracy_score(TRUTH["leak"][rows], SAID["leak"][rows]))
    assert fraction.samples[8] == pytest.approx(r2_score(TRUTH["fraction"][rows], SAID["fraction"][rows]))


def test_what_a_text_leaves_unsaid_counts_as_absent_and_as_the_mean() -> None:
    silent = {name: np.full(STUDIES, np.nan) for name in TRUTH}
    leak, fraction, _ = table(silent).traits
    assert leak.text.value == 0.5
    assert fraction.text.value == 0.0  # the mean of training explains nothing, and never less
    assert leak.told == fraction.told == 0.0


def test_studies_without_a_truth_do_not_count() -> None:
    truth = {"leak": TRUTH["leak"].copy()}
    truth["leak"][:20] = np.nan
    (leak,) = trait_table(truth, SAID, {}).traits
    assert leak.studies == 40
    assert leak.text.value == pytest.approx(balanced_accuracy_score(TRUTH["leak"][20:], SAID["leak"][20:]))


def test_two_tables_are_compared_on_the_same_samples() -> None:
    worse = {**SAID, "fraction": np.full(STUDIES, 55.0)}
    less = table().less(table(worse))
    assert less.low > 0
    same = table().less(table())
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_the_page_names_every_trait() -> None:
    lines = table().lines()
    assert any(line.startswith("| fraction R² |") for line in lines)
    assert lines[-1].startswith("| **Core Metric**")


def test_readings_become_columns() -> None:
    columns = columns_of([{"leak": 1.0, "fraction": None}, {}], ("leak", "fraction"))
    assert np.array_equal(columns["leak"], [1.0, np.nan], equal_nan=True)
    assert np.isnan(columns["fraction"]).all()
