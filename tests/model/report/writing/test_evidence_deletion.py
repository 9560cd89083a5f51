"""Evidence without some candidates: what nobody else says is gone, and supports are shares of those left."""

from hypothesis import given
from hypothesis import strategies as st

from model.report.request import EvidenceSentence
from model.report.writing.evidence_deletion import without_candidates

ONE = EvidenceSentence("One.", "One.", None, 0.75, (1, 3, 4))
TWO = EvidenceSentence("Two.", "Two.", None, 0.5, (1, 2))


def test_what_nobody_else_says_is_gone_and_the_rest_is_a_share_of_those_left() -> None:
    kept = without_candidates((ONE, TWO), {1, 2})
    assert [(sentence.template, sentence.candidate_ids, sentence.support) for sentence in kept] == [
        ("One.", (3, 4), 1.0)
    ]


def test_nothing_deleted_changes_nothing() -> None:
    assert without_candidates((ONE, TWO), set()) == (ONE, TWO)
    assert without_candidates((ONE, TWO), {9}) != (ONE, TWO), "a candidate that says nothing here counts as well"
    assert without_candidates((), {1}) == ()
    assert without_candidates((ONE, TWO), {1, 2, 3, 4}) == ()


@given(st.sets(st.integers(0, 49), min_size=1, max_size=49), st.sets(st.integers(0, 49)))
def test_support_is_what_counting_the_left_gives(said: set[int], gone: set[int]) -> None:
    sentence = EvidenceSentence("One.", "One.", None, len(said) / 50, tuple(sorted(said)))
    kept = without_candidates((sentence,), gone)
    assert [s.support for s in kept] == ([len(said - gone) / (50 - len(gone))] if said - gone else [])
