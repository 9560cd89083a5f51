"""Contradictions over the whole report, and which side gives way."""

from model.report.language.language import Finding
from model.report.writing.contradictions import find_conflicts
from model.report.writing.decoded_sentences import Draft
from model.report.writing.statements import Statement
from tests.model.report.bridge import LANGUAGE


def statement(
    section: str, finding: tuple[str, str], log_probability: float, *, fixed: tuple[str, ...] = ()
) -> Statement:
    draft = Draft(section, "…", log_probability, "generated", ())
    return Statement(draft, "…", (Finding(*finding),), None, estimated=False, fixed=frozenset(fixed))


def test_agreeing_statements_make_no_conflict() -> None:
    said = [statement("Deck", ("deck", "cracked"), -1), statement("Piers", ("pier", "cracked"), -1)]
    assert find_conflicts(said, LANGUAGE.contradictions) == ()
    assert find_conflicts([statement("Deck", ("deck", "sound"), -1)], LANGUAGE.contradictions) == ()


def test_the_less_certain_side_gives_way() -> None:
    sound, cracked = statement("Deck", ("deck", "sound"), -0.2), statement("Piers", ("pier", "cracked"), -0.9)
    (conflict,) = find_conflicts([sound, cracked], LANGUAGE.contradictions)
    assert conflict.weaker == (Finding("pier", "cracked"), (cracked,))


def test_a_side_is_as_certain_as_its_surest_sentence() -> None:
    sound = statement("Deck", ("deck", "sound"), -0.5)
    cracks = [statement("Piers", ("pier", "cracked"), -0.9), statement("Piers", ("pier", "cracked"), -0.1)]
    (conflict,) = find_conflicts([sound, *cracks], LANGUAGE.contradictions)
    assert conflict.weaker == (Finding("deck", "sound"), (sound,))


def test_words_that_follow_from_a_number_stay() -> None:
    sound = statement("Deck", ("deck", "sound"), -5.0, fixed=("deck",))
    cracked = statement("Piers", ("pier", "cracked"), -0.1)
    (conflict,) = find_conflicts([sound, cracked], LANGUAGE.contradictions)
    assert conflict.weaker == (Finding("pier", "cracked"), (cracked,))
    both = [sound, statement("Piers", ("pier", "cracked"), -0.1, fixed=("pier",))]
    assert find_conflicts(both, LANGUAGE.contradictions)[0].weaker is None
