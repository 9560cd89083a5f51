from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, RetrievedSentence
from model.report.request import EvidenceSentence
from service.answer.evidence import evidence_sentences, slot_values
from tests.index.small_bank import PHRASES


def candidate(candidate_id: int, *sentences: tuple[int, float | str | None]) -> ContextCandidate:
    return ContextCandidate(candidate_id, 0.5, tuple(RetrievedSentence(*sentence) for sentence in sentences))


def phrase_id(sentence: EvidenceSentence, phrases: PhraseTable = PHRASES) -> int:
    return next(row.phrase_id for row in phrases if row.template == sentence.template)


CONTEXT = (
    candidate(7, (0, None), (1, 35.0)),
    candidate(3, (1, None), (4, None)),
    candidate(9, (1, 55.0), (1, 56.0), (3, "arch")),
)


def test_sentences_are_merged_by_phrase_with_their_support() -> None:
    merged = evidence_sentences(CONTEXT, PHRASES)
    assert [(phrase_id(m), m.candidate_ids) for m in merged] == [(1, (7, 3, 9)), (0, (7,)), (3, (9,))]
    assert [m.support for m in merged] == [1.0, 1 / 3, 1 / 3]
    assert (merged[0].template, merged[0].numberless, merged[0].slot) == (
        "The EF is <ef> %.",
        PHRASES[1].numberless,
        "ef",
    )


def test_only_the_best_supported_are_kept() -> None:
    assert [phrase_id(m) for m in evidence_sentences(CONTEXT, PHRASES, top=1)] == [1]
    assert evidence_sentences((), PHRASES) == ()


def test_a_wording_with_a_fixed_number_is_never_evidence() -> None:
    assert 4 not in {phrase_id(m) for m in evidence_sentences(CONTEXT, PHRASES)}


def test_one_wording_under_two_ids_is_one_phrase() -> None:
    twice = PhraseTable(tuple(PhraseRow(i, "S", group, "Same.", "Same.", None) for i, group in enumerate("ab")))
    (only,) = evidence_sentences((candidate(1, (0, None)), candidate(2, (1, None))), twice)
    assert (phrase_id(only, twice), only.support, only.candidate_ids) == (0, 1.0, (1, 2))


def test_numbers_of_a_slot_are_collected_over_all_wordings() -> None:
    two = PhraseTable(
        tuple(PhraseRow(i, "S", "g", f"{word} <ef> %.", f"{word}.", "ef") for i, word in enumerate(("EF", "Function")))
    )
    context = tuple(candidate(i, (i % 2, 50.0 + i)) for i in range(4))
    assert slot_values(context, two) == {"ef": (50.0, 51.0, 52.0, 53.0)}
    assert slot_values((candidate(1, (3, "arch"), (2, None)),), PHRASES) == {}


def test_a_phrase_that_is_all_placeholder_and_foreign_wordings_are_left_out_when_only_counted() -> None:
    phrases = PhraseTable(
        (
            PhraseRow(0, "Aorta", "free", "<string>", "A free sentence.", "string"),
            PhraseRow(1, "Aorta", "site", "Calcium is seen.", "Calcium is seen.", None),
            PhraseRow(2, "Aorta", "Root", "The root is normal.", "The root is normal.", None, "root.normal"),
        )
    )
    said = tuple(RetrievedSentence(i, "Somebody's words." if i == 0 else None) for i in range(3))
    candidates = [ContextCandidate(7, 0.5, said)]
    assert [phrase_id(s, phrases) for s in evidence_sentences(candidates, phrases)] == [1, 2]
    assert [phrase_id(s, phrases) for s in evidence_sentences(candidates, phrases, only_language=True)] == [2]


def test_wordings_of_one_meaning_are_one_statement_in_its_most_used_words() -> None:
    keys = ("root.normal.1", "root.normal.2", "root.wide.1", None)
    words = ("The root is normal.", "Normal root.", "The root is wide.", "Calcium.")
    phrases = PhraseTable(tuple(PhraseRow(i, "Aorta", "Root", w, w, None, keys[i]) for i, w in enumerate(words)))
    context = tuple(candidate(i, (said, None)) for i, said in enumerate((0, 2, 1, 1, 3)))
    merged = evidence_sentences(context, phrases)
    assert [(phrase_id(m, phrases), m.support, m.candidate_ids) for m in merged] == [
        (1, 0.6, (0, 2, 3)),
        (2, 0.2, (1,)),
        (3, 0.2, (4,)),
    ]
