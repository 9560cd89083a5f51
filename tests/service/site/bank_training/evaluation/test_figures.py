"""Figures of arms: known differences are found, and a page shows them."""

import numpy as np

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader
from service.site.bank_training.evaluation.figures import Scorer, Truth, without_nan
from service.site.bank_training.evaluation.page import evaluation_page
from service.site.bank_training.evaluation.reading import Read, TextReader

ILL, WELL = ("S", Finding("leak", "severe")), ("S", Finding("leak", "none"))
RNG = np.random.default_rng(0)
SICK = RNG.random(60) < 0.3


def reports(sick: np.ndarray) -> list[Read]:
    return [Read(frozenset({ILL if one else WELL}), {"a": float(one)}) for one in sick]


def scorer() -> Scorer:
    labels = SICK.astype(np.float64)
    labels[:5] = np.nan  # nobody knows
    truth = Truth(reports(SICK), {"a": labels}, {})
    return Scorer(truth, TextReader(english(), PhraseReader(english()).findings_in))


def test_the_truth_itself_is_without_fault_and_its_opposite_is_nothing() -> None:
    own = scorer()
    right, wrong = reports(SICK), reports(~SICK)
    assert own.findings == (ILL,)
    assert own.figures(right)["macro_f1"] == 1
    assert own.figures(right)["core_metric"] == 1
    assert own.figures(wrong)["macro_f1"] == 0
    assert own.figures(wrong)["core_metric"] == 0
    difference = own.difference(right, wrong)
    assert (difference.value, difference.low, difference.high) == (1, 1, 1)


def test_chance_is_half_and_its_interval_says_how_sure_that_is() -> None:
    own = scorer()
    halves = np.zeros(60, np.bool_)  # every second of the ill and of the well
    for side in (SICK, ~SICK):
        halves[np.flatnonzero(side)[::2]] = True
    guessed = own.figures(reports(halves))
    assert guessed["core_metric_low"] < 0.5 < guessed["core_metric_high"]
    assert own.core_difference(reports(SICK), reports(SICK)).value == 0


def test_json_gets_no_nan_and_no_numpy() -> None:
    assert without_nan({"a": [np.float64(1), float("nan"), np.bool_(True)], "b": "c"}) == {
        "a": [1.0, None, True],
        "b": "c",
    }


def test_the_page_shows_every_arm_difference_and_bar() -> None:
    own = scorer()
    arms = {name: own.figures(reports(RNG.random(60) < 0.5)) for name in ("rag", "generate", "quoted", "consensus")}
    interval = {"value": 0.1, "low": -0.1, "high": None}
    result = {
        "studies": 60,
        "held_out": "invented",
        "findings": ["S: leak=severe"],
        "arms": without_nan(arms),
        "differences": {name: {"macro_f1": interval, "core_metric": interval} for name in ("quoted", "consensus")},
        "bars": [{"name": "a bar", "value": None, "asked": "> 0", "met": False}],
    }
    page = evaluation_page(result)
    assert page.count("\n| nearest candidate's section, quoted |") == 2
    assert "| a bar |  | > 0 | NO |" in page
    assert "| a | " in page
