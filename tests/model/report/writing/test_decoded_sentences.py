"""What a sentence cites: all who say the same, none who says otherwise."""

from dataclasses import replace

import pytest

from model.report.language.language import Finding
from model.report.request import EvidenceSentence
from model.report.writing.decoded_sentences import Draft, bearing_on, cite, most_stated

SAYS = {
    "Sound.": [Finding("deck", "sound")],
    "Sound and taut.": [Finding("deck", "sound"), Finding("cables", "taut")],
    "Cracked and taut.": [Finding("deck", "cracked"), Finding("cables", "taut")],
    "Cracked.": [Finding("deck", "cracked")],
    "Grey.": [],
}
READ = [
    EvidenceSentence(words, words, None, 0.2, ids, tokens=(1,))
    for words, ids in (("Sound.", (1, 2)), ("Sound and taut.", (3,)), ("Cracked and taut.", (4, 5)), ("Grey.", (6,)))
]


def stated_by(template: str) -> list[Finding]:
    return SAYS[template]


def draft(template: str, source: str = "retrieved", candidates: tuple[int, ...] = (9,)) -> Draft:
    return Draft("Deck", template, -0.1, source, candidates, 4)  # type: ignore[arg-type]  # a source by name


def test_all_who_say_the_same_are_cited_and_none_who_denies_part_of_it() -> None:
    assert cite(draft("Sound."), READ, stated_by).candidate_ids == (1, 2, 3)
    assert cite(draft("Sound and taut."), READ, stated_by).candidate_ids == (1, 2, 3)
    assert cite(draft("Cracked."), READ, stated_by).candidate_ids == (4, 5)


def test_own_words_for_what_others_say_are_from_both() -> None:
    assert cite(draft("Sound.", "generated", ()), READ, stated_by).source == "both"
    assert cite(draft("Sound."), READ, stated_by).source == "retrieved"


def test_what_nobody_says_keeps_what_it_was_copied_from() -> None:
    for source in ("retrieved", "generated"):
        alone = draft("Cracked.", source)
        assert cite(alone, READ[:2], stated_by) == alone
    assert cite(draft("Grey."), READ, stated_by) == draft("Grey.")


def test_whoever_speaks_of_it_bears_on_it_whatever_they_say() -> None:
    assert bearing_on(draft("Cracked."), READ, stated_by) == (1, 2, 3, 4, 5)
    assert bearing_on(draft("Grey."), READ, stated_by) == ()


@pytest.mark.parametrize(("other", "survives"), [(-0.2, True), (-0.27, True), (-0.28, False), (0.0, True)])
def test_a_sentence_survives_while_it_is_half_as_probable(other: float, survives: bool) -> None:
    said = draft("Sound.")
    assert said.survives([draft("Cracked."), replace(said, log_probability=other)]) is survives
    assert not said.survives([draft("Cracked.")])


def test_where_nothing_is_written_most_neighbours_are_quoted() -> None:
    read = [replace(sentence, support=support) for sentence, support in zip(READ, (0.7, 0.5, 0.6, 0.9), strict=True)]
    quoted = list(most_stated("Deck", read, stated_by))
    assert [(one.template, one.source, one.candidate_ids) for one in quoted] == [
        ("Sound.", "retrieved", (1, 2)),
        ("Cracked and taut.", "retrieved", (4, 5)),
    ]
    assert all(one.log_probability < 0 for one in quoted)
