"""Targets take the words of their evidence, and invented words are nobody's."""

from dataclasses import replace

import numpy as np

from index.phrase_table import PhraseRow, PhraseTable
from model.echo.phrases.reader import ENGLISH_FILE
from model.report.decoder.prefix import encode_evidence
from model.report.language.language import Language
from service.answer.evidence import evidence_sentences
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.decoder_training.rewording import Rewording
from service.site.decoder_training.rows import Disturber, TrainingRow
from tests.model.report.bridge import LANGUAGE, config, tokenizer
from tests.model.report.bridge_training import PHRASES as BRIDGE_PHRASES
from tests.model.report.bridge_training import candidate, training_rows
from tests.service.site.decoder_training.test_rows import only

_TWO_WAYS = tuple(
    replace(phrase, phrase_id=f"deck.sound.{number}", template=words, numberless=words)
    for number, words in enumerate(("The deck is sound.", "Sound deck."), 1)
    for phrase in LANGUAGE.phrases
    if phrase.phrase_id == "deck.sound"
)
WAYS = replace(LANGUAGE, phrases=(*(p for p in LANGUAGE.phrases if p.phrase_id != "deck.sound"), *_TWO_WAYS))
TABLE = PhraseTable(
    tuple(
        PhraseRow(n, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
        for n, p in enumerate(WAYS.phrases)
    )
)


def _neighbour(key: str, number: int = 1):  # type: ignore[no-untyped-def]  # a candidate
    row = next(row for row in TABLE if row.key == key)
    given = candidate(number, [("deck.cracked", None)])
    return replace(given, sentences=(replace(given.sentences[0], phrase_id=row.phrase_id),))


def test_a_target_is_said_as_its_evidence_says_it() -> None:
    near = tuple(_neighbour("deck.sound.2", number) for number in range(3))
    evidence = evidence_sentences(near, TABLE)
    targets = ("The deck is sound.", "The deck carries a heavy load of <load> t.")
    assert Rewording(TABLE, WAYS).of_targets("Deck", targets, evidence) == ("Sound deck.", targets[1])
    assert Rewording(TABLE, WAYS).of_targets("Piers", targets, evidence) == targets, "another section's words"
    assert Rewording(TABLE, WAYS).of_targets("Deck", targets, ()) == targets


def test_rows_are_reworded_and_keep_what_the_report_stated() -> None:
    row = training_rows(2)[0]
    row = TrainingRow(row.study, "Deck", ("The deck is sound.",), (_neighbour("deck.sound.2"),))
    given = Disturber(only(own=1), TABLE, WAYS).disturb(row, row, np.random.default_rng(0))
    assert (given.targets, given.stated) == (("Sound deck.",), ("The deck is sound.",))


def test_invented_rows_are_told_in_words_that_only_their_evidence_has() -> None:
    known = {text for phrase in LANGUAGE.phrases for text in (phrase.template, phrase.numberless)}
    disturber = Disturber(only(own=1, invented=1), BRIDGE_PHRASES, LANGUAGE)
    for number, row in enumerate(training_rows(12)):
        plain = evidence_sentences(row.neighbours, BRIDGE_PHRASES)
        given = disturber.disturb(row, row, np.random.default_rng(number))
        assert known.isdisjoint(s.template for s in given.evidence)
        assert sorted((s.support, s.slot or "") for s in given.evidence) == sorted(
            (s.support, s.slot or "") for s in plain
        )
        in_evidence = {s.template for s in plain}
        reported = {s.template for s in given.evidence}
        assert [t in reported for t in given.targets] == [t in in_evidence for t in row.targets]
        assert given.stated == row.targets


def test_invented_sentences_can_nearly_all_be_copied() -> None:
    """A sentence that is too long for evidence would be a target that nothing can tell."""
    language = Language.read(ENGLISH_FILE)
    words = report_tokenizer(language)
    rng = np.random.default_rng(1)
    phrases = [phrase for phrase in language.phrases if phrase.slot is None][:300]
    table = PhraseTable(
        tuple(
            PhraseRow(n, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
            for n, p in enumerate(phrases)
        )
    )
    plain = [s for row in table for s in evidence_sentences((candidate_of(row.phrase_id),), table)]
    invented = list(Rewording(table, language).invented(plain, rng).values())
    kept = encode_evidence(
        invented, words, config().model_copy(update={"max_sentence_tokens": 40, "max_evidence": 999})
    )
    assert len(kept) > 0.97 * len(plain)


def candidate_of(phrase_id: int):  # type: ignore[no-untyped-def]  # a candidate
    given = candidate(1, [("deck.cracked", None)])
    return replace(given, sentences=(replace(given.sentences[0], phrase_id=phrase_id),))


def test_the_tokenizer_of_the_bridge_reads_invented_words() -> None:
    row = next(row for row in training_rows(3) if row.neighbours)
    invented = Rewording(BRIDGE_PHRASES, LANGUAGE).invented(
        evidence_sentences(row.neighbours, BRIDGE_PHRASES), np.random.default_rng(0)
    )
    for sentence in invented.values():
        assert tokenizer().decode(tokenizer().encode(sentence.template)) == sentence.template
