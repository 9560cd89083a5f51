"""One reader and one scorer for every system: the truth scores best, silence no better than chance."""

import numpy as np
import pytest

from scripts.reference.echovlm.layout import as_text, sections_in
from scripts.reference.echovlm.page import page_of
from scripts.reference.echovlm.scoring import ReadText, findings_of, score

SICK = {
    "Left Ventricle": ["Left ventricular systolic function is severely reduced.", "The ejection fraction is 25%."],
    "Mitral Valve": ["There is severe mitral regurgitation."],
}
WELL = {
    "Left Ventricle": ["Left ventricular systolic function is normal.", "The ejection fraction is 62%."],
    "Mitral Valve": ["There is no mitral regurgitation."],
}
TRUTH = [ReadText.of(SICK if study % 3 == 0 else WELL) for study in range(30)]
MEANS = {"ejection_fraction": 49.67, "pulmonary_artery_pressure_continuous": 30.0}


def test_a_report_is_read_the_same_in_either_form() -> None:
    assert sections_in(as_text(SICK), tuple(SICK)) == {name: [" ".join(said)] for name, said in SICK.items()}
    one, other = ReadText.of(SICK), ReadText.of(sections_in(as_text(SICK), tuple(SICK)))
    assert (one.labels, one.abnormal) == (other.labels, other.abnormal)
    assert one.labels["mitral_regurgitation"] == 1.0
    assert one.labels["ejection_fraction"] == 25.0


def test_a_line_without_a_known_heading_is_left_out() -> None:
    assert sections_in("Left Ventricle: It is fine.\nNonsense: x\nno heading\nAorta:", ("Left Ventricle", "Aorta")) == {
        "Left Ventricle": ["It is fine."]
    }


def test_the_truth_scores_one_and_silence_what_chance_gives() -> None:
    perfect = score(TRUTH, TRUTH, MEANS)
    assert perfect.table.core.value == pytest.approx(1.0)
    assert perfect.f1_interval.value == pytest.approx(1.0)
    silent = score(TRUTH, [ReadText.of({}) for _ in TRUTH], MEANS)
    traits = {trait.name: trait.text.value for trait in silent.table.traits}
    assert traits["mitral_regurgitation"] == 0.5
    assert traits["ejection_fraction"] == pytest.approx(0.0, abs=1e-3)
    assert silent.f1_interval.value == 0.0
    assert silent.empty == 1.0
    assert perfect.table.less(silent.table).low > 0
    assert perfect.f1_less(silent).low > 0


def test_rare_findings_do_not_count() -> None:
    assert findings_of(TRUTH)
    assert findings_of(TRUTH[:6]) == ()


def test_the_page_has_every_system_and_the_speeds() -> None:
    scored = {"rag": score(TRUTH, TRUTH, MEANS), "echovlm": score(TRUTH, [ReadText.of(WELL)] * 30, MEANS)}
    less = scored["rag"].table.less(scored["echovlm"].table)
    told = {"parameters": 27_000_000, "text_tokens_per_second": 100.0, "positions_per_second": 110.0}
    figures = {
        "rag_less": {"echovlm": {"core_metric": vars(less), "macro_f1_abnormal": vars(less)}},
        "echovlm_training": told,
        "our_training_at_its_size": {**told, "positions_per_second": 220.0},
    }
    page = page_of(scored, figures)
    assert "| ours by echovlm's | | 1.00 | 2.00 |" in page
    assert "| ejection_fraction R² |" in page
    assert page.count("| rag") >= 1
    assert not np.isnan(less.value)
