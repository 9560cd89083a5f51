"""Neighbours and the finding head settle on a value together; each alone where the other has nothing to say."""

from hypothesis import given
from hypothesis import strategies as st

from model.report.decoder.finding_values import Seen, settled_values
from model.report.language.language import Finding

NONE, MILD, SEVERE = (Finding("leak", value) for value in ("none", "mild", "severe"))
LEAK = [NONE, MILD, SEVERE]
SHARES = {NONE: 0.5, MILD: 0.3, SEVERE: 0.2}


def seen(none: float, mild: float, severe: float) -> dict[Finding, Seen]:
    return {finding: Seen(p, SHARES[finding]) for finding, p in zip(LEAK, (none, mild, severe), strict=True)}


def test_neighbours_alone_decide_what_the_head_does_not_know() -> None:
    assert settled_values({MILD: 0.4, SEVERE: 0.5}, {}, LEAK) == {"leak": "severe"}
    assert settled_values({SEVERE: 0.5, MILD: 0.5}, {}, LEAK) == {"leak": "severe"}, "the first of equals"
    assert settled_values({}, {}, LEAK) == {}, "nobody speaks of it"


def test_the_head_alone_decides_where_nobody_speaks() -> None:
    assert settled_values({}, seen(0.1, 0.1, 0.9), LEAK) == {"leak": "severe"}
    assert settled_values({}, seen(0.9, 0.1, 0.0), LEAK[1:]) == {"leak": "mild"}, "of what can be said"


def test_the_head_turns_neighbours_who_do_not_agree_and_not_those_who_do() -> None:
    divided = {NONE: 0.4, MILD: 0.35, SEVERE: 0.25}
    assert settled_values(divided, {}, LEAK) == {"leak": "none"}
    assert settled_values(divided, seen(0.05, 0.15, 0.8), LEAK) == {"leak": "severe"}
    even = dict.fromkeys(LEAK, Seen(0.5, 1 / 3))
    assert settled_values({NONE: 0.2, MILD: 0.8}, even, LEAK) == {"leak": "mild"}


def test_of_equally_likely_values_the_rarer_is_taken() -> None:
    assert settled_values({NONE: 0.5, SEVERE: 0.5}, seen(0.5, 0.0, 0.5), LEAK) == {"leak": "severe"}


def test_a_value_that_the_head_never_learned_has_what_neighbours_give_it() -> None:
    learned = {finding: reported for finding, reported in seen(0.9, 0.1, 0.0).items() if finding != SEVERE}
    assert settled_values({SEVERE: 0.9, NONE: 0.1}, learned, LEAK) == {"leak": "severe"}
    assert settled_values({SEVERE: 0.1, NONE: 0.9}, learned, LEAK) == {"leak": "none"}


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.sets(st.sampled_from(LEAK), min_size=1),
)
def test_the_value_can_always_be_said(support: list[float], reported: list[float], sayable: set[Finding]) -> None:
    votes = {finding: share for finding, share in zip(LEAK, support, strict=True) if finding in sayable}
    settled = settled_values(votes, seen(*reported), [finding for finding in LEAK if finding in sayable])
    assert Finding("leak", settled["leak"]) in sayable


def test_neighbours_of_one_mind_outweigh_a_head_that_hesitates() -> None:
    agreed = {NONE: 0.95, SEVERE: 0.05}
    assert settled_values(agreed, seen(0.45, 0.0, 0.55), LEAK) == {"leak": "none"}
    assert settled_values({}, seen(0.45, 0.0, 0.55), LEAK) == {"leak": "severe"}, "without them it is not outweighed"
    assert settled_values(agreed, seen(0.02, 0.0, 0.98), LEAK) == {"leak": "severe"}, "nor where it is sure"
