"""Only whole known sentences, nothing twice, nothing denied, and nothing left out that most neighbours say."""

from dataclasses import replace

from model.report.decoder.finding_values import Seen
from model.report.decoder.sentence_guide import SentenceGuide, guide_of
from model.report.language.language import Contradiction, Finding
from model.report.request import EvidenceSentence
from tests.model.report.bridge import evidence

SEP, EOS = 2, 3
SOUND, CRACKED, LIGHT = Finding("deck", "sound"), Finding("deck", "cracked"), Finding("load", "light")
SENTENCES = {
    (5, 6, 7): frozenset({SOUND}),
    (5, 6): frozenset({SOUND}),
    (5, 8): frozenset({CRACKED}),
    (9,): frozenset({LIGHT}),
    (9, 9): frozenset[Finding](),
}


def follow(guide: SentenceGuide, *tokens: int) -> set[int]:
    return guide.next_tokens(tokens, SEP, EOS)


def item(tokens: tuple[int, ...], support: float) -> EvidenceSentence:
    return replace(evidence("The deck is sound.", support), tokens=tokens)


def test_every_token_goes_on_with_some_sentence_and_only_whole_ones_end() -> None:
    guide = SentenceGuide(SENTENCES)
    assert follow(guide) == {5, 9, EOS}
    assert follow(guide, 5) == {6, 8}
    assert follow(guide, 5, 6) == {7, SEP}
    assert follow(guide, 5, 6, 7) == {SEP}
    assert follow(guide, 4) == {SEP}, "what it does not know is ended"


def test_what_was_said_is_neither_said_again_nor_denied() -> None:
    guide = SentenceGuide(SENTENCES)
    assert follow(guide, 5, 6, SEP) == {9, EOS}
    assert follow(guide, 5, 6, SEP, 9) == {9, SEP}, "a sentence that nobody can read says something new, once"
    assert follow(guide, 5, 6, SEP, 9, SEP, 9, 9, SEP) == {EOS}


def test_sides_of_a_contradiction_are_not_said_together_in_either_order() -> None:
    rule = Contradiction("x", "A light load on a crack.", ("deck", ("cracked",)), ("load", ("light",)))
    guide = SentenceGuide(SENTENCES, rules=(rule,))
    assert follow(guide, 5, 8, SEP, 9) == {9}
    assert follow(guide, 9, SEP, 5) == {6}


def test_what_most_neighbours_speak_of_is_wanted() -> None:
    guide = guide_of(SENTENCES, (item((5, 8), 0.4), item((5, 6), 0.3), item((9,), 0.2)))
    assert guide.left_out((), SEP) == (5, 8)
    assert guide.left_out((5, 8, SEP), SEP) is None, "few speak of the load"
    both = guide_of(SENTENCES, (item((5, 8), 0.3), item((5, 6), 0.6), item((9,), 0.5)))
    assert both.left_out((5, 6, SEP), SEP) == (9,)
    assert guide_of(SENTENCES, ()).left_out((), SEP) is None


def test_a_finding_has_the_value_that_most_give_it_the_nearest_of_equals() -> None:
    assert follow(guide_of(SENTENCES, (item((5, 8), 0.4), item((5, 6), 0.3))), 5) == {8}
    assert follow(guide_of(SENTENCES, (item((5, 8), 0.2), item((5, 6), 0.2))), 5) == {8}
    assert follow(guide_of(SENTENCES, (item((5, 6), 0.2), item((5, 8), 0.2))), 5) == {6}


def test_what_neighbours_say_is_said_in_their_words() -> None:
    assert follow(guide_of(SENTENCES, (item((5, 6), 0.6),)), 5, 6) == {SEP}
    assert follow(guide_of(SENTENCES, (item((5, 6, 7), 0.6), item((5, 6), 0.1))), 5, 6) == {7, SEP}
    assert follow(guide_of(SENTENCES, (item((9,), 0.6),)), 5) == {6, 8}, "what nobody says is in the decoder's own"


def test_a_wanted_sentence_that_no_longer_fits_is_let_go() -> None:
    rule = Contradiction("x", "A light load on a crack.", ("deck", ("cracked",)), ("load", ("light",)))
    guide = guide_of(SENTENCES, (item((9,), 0.9),), (rule,))
    assert guide.left_out((), SEP) == (9,)
    assert guide.left_out((5, 8, SEP), SEP) is None


def test_the_finding_head_turns_the_value_and_what_nobody_words_is_said_in_own_words() -> None:
    read = (item((5, 6), 0.6), item((9,), 0.5))
    assert follow(guide_of(SENTENCES, read), 5) == {6}
    cracked = {SOUND: Seen(0.02, 0.8), CRACKED: Seen(0.98, 0.2)}
    turned = guide_of(SENTENCES, read, seen=cracked)
    assert follow(turned, 5) == {8}
    assert turned.left_out((9, SEP), SEP) == (5, 8), "neighbours speak of it, so it is due, though none says this"
    assert guide_of(SENTENCES, (), seen=cracked).left_out((), SEP) is None


def test_values_that_are_only_said_together_are_left_to_the_neighbours() -> None:
    together: dict[tuple[int, ...], frozenset[Finding]] = {
        (5,): frozenset({SOUND, LIGHT}),
        (6,): frozenset({CRACKED, LIGHT}),
    }
    seen = {SOUND: Seen(0.0, 0.5), CRACKED: Seen(1.0, 0.5)}
    assert follow(guide_of(together, (item((5,), 0.6),), seen=seen)) == {5, EOS}
