import math

import pytest

from scripts.rendered.evaluation.metrics.bleu import bleu_4, words_of
from scripts.rendered.evaluation.metrics.rouge import rouge_l

REFERENCE = "The left ventricle is normal in size."


def test_equal_texts_score_one() -> None:
    assert bleu_4([REFERENCE], [REFERENCE]) == pytest.approx(1.0)
    assert rouge_l([REFERENCE], [REFERENCE]) == pytest.approx(1.0)


def test_bleu_by_hand() -> None:
    # 1-grams 6/7, 2-grams 5/6, 3-grams 4/5, 4-grams 3/4; equal lengths
    text = "The left ventricle is normal in shape."
    assert bleu_4([REFERENCE], [text]) == pytest.approx(math.exp(sum(map(math.log, (6 / 7, 5 / 6, 4 / 5, 3 / 4))) / 4))
    assert bleu_4([REFERENCE], ["The left ventricle is normal"]) == pytest.approx(math.exp(1 - 7 / 5))  # brevity


def test_no_common_four_words_score_nothing() -> None:
    assert bleu_4([REFERENCE], ["Severe mitral stenosis."]) == 0.0


def test_rouge_by_hand() -> None:
    # common subsequence "the ventricle is": 3 of 4 and 3 of 5 words
    assert rouge_l(["the ventricle is small"], ["the right ventricle is dilated"]) == pytest.approx(2 * 3 / 9)
    assert rouge_l(["a"], ["b"]) == 0.0


def test_tokens() -> None:
    assert words_of("EF of 55.5% (biplane).") == ["ef", "of", "55.5", "%", "biplane"]
