"""Measurements whose signs tell how good they are get a limit that holds; others are never stated."""

import numpy as np

from model.echo.tracing.judging import Judgement
from scripts.rendered.tracing.judgement_fit import fit_judgement, fit_judgements
from scripts.rendered.tracing.measured_rows import MeasuredRow

KIND = "lv_ejection_fraction:disks_A4C"


def rows(telling: bool, count: int = 400) -> list[MeasuredRow]:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        certainty, truth = rng.uniform(0.5, 1.0), rng.uniform(20, 70)
        spread = 15.0 if not telling else 2.0 if certainty > 0.75 else 11.0
        signs = {"certainty": certainty, "beats": 1.0}
        found.append(MeasuredRow(KIND, truth + rng.normal(0, spread), truth, signs, 1.0))
    return found


def test_a_telling_sign_separates_good_from_bad() -> None:
    judgement = fit_judgement(KIND, rows(telling=True))
    assert judgement is not None
    assert judgement.weights["certainty"] > 0
    assert judgement.fills_slot
    stated = [row for row in rows(telling=True) if judgement.quality(row.signs) >= judgement.limit]
    assert 0.25 * 400 <= len(stated) < 0.95 * 400
    assert np.mean([abs(judgement.corrected(row.measured) - row.truth) <= 8 for row in stated]) >= 0.85
    held = [judgement.low <= row.truth - judgement.corrected(row.measured) <= judgement.high for row in stated]
    assert 0.75 <= np.mean(held) <= 0.85


def test_what_cannot_be_told_is_never_stated() -> None:
    judgement = fit_judgement(KIND, rows(telling=False))
    assert judgement is not None
    assert judgement.limit == 1.0
    assert not judgement.fills_slot


def test_too_few_rows_teach_nothing() -> None:
    assert fit_judgement(KIND, rows(telling=True, count=10)) is None
    assert isinstance(fit_judgements(rows(telling=True))[KIND], Judgement)


def test_what_is_always_right_is_stated() -> None:
    exact = [MeasuredRow(KIND, row.truth, row.truth, row.signs, 1.0) for row in rows(telling=True)]
    judgement = fit_judgement(KIND, exact)
    assert judgement is not None
    assert all(judgement.quality(row.signs) >= judgement.limit for row in exact)


def test_an_interval_allows_for_scanners_to_come() -> None:
    looks = [f"look {number}" for number in range(5)]
    drawn = [
        MeasuredRow(KIND, row.measured + 3 * (place % 5 - 2), row.truth, row.signs, 1.0, looks[place % 5])
        for place, row in enumerate(rows(telling=True))
    ]
    known = fit_judgement(KIND, [MeasuredRow(r.kind, r.measured, r.truth, r.signs, 1.0) for r in drawn])
    judgement = fit_judgement(KIND, drawn)
    assert judgement is not None
    assert known is not None
    assert judgement.high - judgement.low > known.high - known.low


def test_a_share_that_is_always_too_low_is_put_right() -> None:
    low = [MeasuredRow(KIND, 0.8 * row.measured + 2, row.truth, row.signs, 1.0) for row in rows(telling=True)]
    judgement = fit_judgement(KIND, low)
    assert judgement is not None
    assert abs(judgement.corrected(0.8 * 50 + 2) - 50) < 1.5
    assert judgement.fills_slot


def test_a_volume_that_is_always_too_small_is_put_right_and_its_interval_holds_new_ones() -> None:
    kind = "lv_end_diastolic_volume:disks_A4C"

    def drawn(seed: int, count: int) -> list[MeasuredRow]:
        rng = np.random.default_rng(seed)
        truth, errors = rng.uniform(60, 200, count), rng.normal(0, 0.06, count)
        return [
            MeasuredRow(kind, 0.8 * t * (1 + e), t, {"certainty": 0.8}, 1.0) for t, e in zip(truth, errors, strict=True)
        ]

    held = []
    for seed in range(40):
        judgement = fit_judgement(kind, drawn(seed, 40))
        assert judgement is not None
        assert abs(judgement.slope - 1.25) < 0.06
        for row in drawn(100 + seed, 50):
            value = judgement.corrected(row.measured)
            held.append(judgement.low * value <= row.truth - value <= judgement.high * value)
    assert 0.77 <= np.mean(held) <= 0.86
