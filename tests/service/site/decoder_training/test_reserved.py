"""What is kept out is a seeded share that leaves everything else sayable."""

from pathlib import Path

import numpy as np
import pytest

from model.echo.phrases.reader import english
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of
from scripts.rendered.training.phantom_reports import phrase_table
from service.site.decoder_training.reserved import NOTHING, VISIBLE_FINDINGS, Reserved, draw_reserved


def drawn(seed: int = 0) -> Reserved:
    return draw_reserved(english(), wordings=0.15, findings=6, seed=seed)


def test_as_many_are_drawn_as_asked_for_and_the_seed_decides() -> None:
    assert len(drawn().wordings) == round(0.15 * len(english().phrases))
    assert len(drawn().findings) == 6
    assert drawn().findings <= set(VISIBLE_FINDINGS)
    assert drawn() == drawn() != drawn(1)
    assert draw_reserved(english(), wordings=0.0, findings=0, seed=0) == NOTHING


def test_reserved_wordings_are_not_those_of_reserved_findings() -> None:
    by_findings = Reserved(findings=drawn().findings)
    assert not any(by_findings.holds(english().by_id[phrase]) for phrase in drawn().wordings)


def test_every_report_can_still_be_drawn() -> None:
    for seed in range(4):
        language = drawn(seed).for_reports(english())
        for study in range(25):
            report_of(state_of(5, study, "clinical"), language, np.random.default_rng(study))


def test_training_shows_nothing_reserved() -> None:
    reserved = drawn()
    shown = reserved.for_training(english()).phrases
    assert not any(reserved.holds(phrase) for phrase in shown)
    assert len(shown) < len(english().phrases) - len(reserved.wordings)


def test_a_banks_phrases_are_hidden_by_id_and_by_wording() -> None:
    reserved, table = drawn(), phrase_table(english())
    hidden = reserved.hidden(english(), table)
    assert {table[number].key for number in hidden} >= {p.phrase_id for p in english().phrases if reserved.holds(p)}
    assert NOTHING.hidden(english(), table) == frozenset()


def test_it_comes_back_from_disk(tmp_path: Path) -> None:
    drawn().write(tmp_path)
    assert Reserved.read(tmp_path) == drawn()


@pytest.mark.parametrize(("wordings", "findings"), [(0.9, 0), (0.1, 99)])
def test_more_than_the_language_can_spare_is_refused(wordings: float, findings: int) -> None:
    with pytest.raises(ValueError, match="to reserve"):
        draw_reserved(english(), wordings=wordings, findings=findings, seed=0)
