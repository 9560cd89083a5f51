"""The augmentation recipe, on plain data of the invented modality."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from index.phrase_table import PhraseTable
from model.report.language.language import Finding
from service.answer.evidence import evidence_sentences
from service.site.decoder_training.rows import DisturbedRow, Disturber, Recipe, corrupt
from tests.model.report.bridge import LANGUAGE
from tests.model.report.bridge_training import PHRASES, candidate, training_rows

ROWS = [row for row in training_rows(8) if row.section == "Deck"]


def disturbed(recipe: Recipe, times: int = 1) -> list[DisturbedRow]:
    rng = np.random.default_rng(0)
    disturber = Disturber(recipe, PHRASES, LANGUAGE)
    return [disturber.disturb(ROWS[0], ROWS[1], rng) for _ in range(times)]


def only(**shares: float) -> Recipe:
    """A recipe without chance, but for what is named."""
    none = dict.fromkeys(("own", "none", "corrupted", "other"), 0.0)
    none |= dict.fromkeys(("without_identical", "without_phenotypes", "without_vectors", "invented"), 0.0)
    return Recipe(**{**none, **shares})


def test_kinds_and_drops_come_as_often_as_the_recipe_says() -> None:
    recipe = Recipe(invented=0.0)
    rows = disturbed(recipe, 4000)
    kinds = Counter(row.kind for row in rows)
    for kind in ("own", "none", "corrupted", "other"):
        assert kinds[kind] / 4000 == pytest.approx(getattr(recipe, kind), abs=0.03)
    assert np.mean([not row.study.phenotypes for row in rows]) == pytest.approx(recipe.without_phenotypes, abs=0.03)
    assert np.mean([not row.study.assessed.any() for row in rows]) == pytest.approx(recipe.without_vectors, abs=0.03)
    assert all(row.targets == ROWS[0].targets for row in rows)


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Recipe(own=0.9)


def test_no_evidence_and_another_studys_evidence() -> None:
    (none,) = disturbed(only(none=1))
    (other,) = disturbed(only(other=1))
    assert none.evidence == ()
    assert set(other.evidence) == set(evidence_sentences(ROWS[1].neighbours, PHRASES))


def test_order_is_shuffled_and_nothing_else() -> None:
    rows = disturbed(only(own=1), 30)
    assert len({row.evidence for row in rows}) > 1
    assert all(set(row.evidence) == set(evidence_sentences(ROWS[0].neighbours, PHRASES)) for row in rows)


def test_neighbours_with_the_same_section_are_removed() -> None:
    same = [("deck.sound", None), ("deck.load.low", 12.0)]
    row = replace(
        ROWS[0],
        targets=("The deck carries a light load of <load> t.", "The deck is sound."),
        neighbours=(candidate(1, same), candidate(2, [("deck.cracked", None)]), candidate(3, same[::-1])),
    )
    disturber = Disturber(only(own=1, without_identical=1), PHRASES, LANGUAGE)
    left = disturber.disturb(row, row, np.random.default_rng(0)).evidence
    assert [(sentence.template, sentence.candidate_ids) for sentence in left] == [("The deck is cracked.", (2,))]


def test_shares_of_flips_and_of_removed_twins_are_the_recipes() -> None:
    said = (("deck.sound", None), ("deck.load.low", 12.0))
    near = tuple(candidate(number, [sentence]) for number, sentence in enumerate(said))
    row = replace(ROWS[0], targets=("The deck is sound.",), neighbours=near)
    rng = np.random.default_rng(0)
    true = {number: PHRASES[sentence.phrase_id].template for number, c in enumerate(near) for sentence in c.sentences}
    flipping = Disturber(only(corrupted=1), PHRASES, LANGUAGE)
    drawn = [flipping.disturb(row, row, rng).evidence for _ in range(2000)]
    flips = [sentence.template != true[sentence.candidate_ids[0]] for evidence in drawn for sentence in evidence]
    assert np.mean(flips) == pytest.approx(0.4, abs=0.03)  # the middle of 0.2 and 0.6
    removing = Disturber(only(own=1, without_identical=Recipe().without_identical), PHRASES, LANGUAGE)
    left = [{s.template for s in removing.disturb(row, row, rng).evidence} for _ in range(2000)]
    assert np.mean(["The deck is sound." not in templates for templates in left]) == pytest.approx(0.3, abs=0.03)


def test_wordings_outside_the_language_are_left_out_where_the_service_leaves_them_out() -> None:
    foreign = PhraseTable(tuple(replace(row, key=None if "sound" in row.template else row.key) for row in PHRASES))
    for only_language in (False, True):
        disturber = Disturber(only(own=1), foreign, LANGUAGE, only_language)
        read = {
            sentence.template
            for row in ROWS
            for sentence in disturber.disturb(row, row, np.random.default_rng(0)).evidence
        }
        assert ("The deck is sound." in read) is not only_language
        assert "The deck is cracked." in read


def test_corrupted_evidence_states_another_value_of_the_same_finding() -> None:
    evidence = evidence_sentences(ROWS[0].neighbours, PHRASES)
    flipped = corrupt(evidence, "Deck", 1.0, LANGUAGE, np.random.default_rng(0))
    findings = {phrase.template: phrase.findings for phrase in LANGUAGE.phrases}
    for before, after in zip(evidence, flipped, strict=True):
        (old,), (new,) = findings[before.template], findings[after.template]
        assert old.name == new.name
        assert old.value != new.value
        assert (after.support, after.candidate_ids) == (before.support, before.candidate_ids)
    assert corrupt(evidence, "Deck", 0.0, LANGUAGE, np.random.default_rng(0)) == evidence


def test_sentences_without_another_value_stay() -> None:
    kept = evidence_sentences([candidate(1, [("piers.unmoved", None)])], PHRASES)
    assert corrupt(kept, "Piers", 1.0, LANGUAGE, np.random.default_rng(0)) == kept
    assert LANGUAGE.phrases_stating["Piers", Finding("pier_position", "kept")]
