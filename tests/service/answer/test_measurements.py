"""Numbers of a study: those that a report may state, each with its vote."""

import numpy as np
import pytest

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, Neighbours, PhenotypeVote, Retrieval, RetrievedSentence
from model.report.language.language import Band, Finding, Language, Phrase, Slot
from model.taxonomy import Phenotype, Taxonomy
from service.answer.measurements import measurements_of
from service.documents.examination import MeasurementOut

TAXONOMY = Taxonomy(
    modality="toy",
    views=(),
    sections=("Deck", "Pier"),
    phenotypes=(
        Phenotype("load", "Deck", "continuous", "t", 0, 100),
        Phenotype("rust", "Pier", "continuous", "mm", 0, 9),
        Phenotype("cracked", "Pier", "binary"),
    ),
)
LANGUAGE = Language(
    language="en",
    slots={
        "load": Slot("load", "t", 0, 100, 0, "load"),
        "width": Slot("width", "cm", 1, 9, 1, None),
    },
    phrases=(Phrase("width.1", "Pier", "width", "It is <width> cm wide.", "It is wide.", (Finding("width", "wide"),)),),
    bands=(Band("width", "width", "narrow", 0, 3), Band("width", "width", "wide", 3, 9)),
    labels=(),
    contradictions=(),
)
PHRASES = PhraseTable((PhraseRow(0, "Pier", "width", "It is <width> cm wide.", "It is wide.", "width"),))
NO_NEIGHBOURS = Neighbours(TAXONOMY.sections, np.full((2, 0), -1, np.int64), np.zeros((2, 0), np.float32))
UNKNOWN = PhenotypeVote(None, None, None, 0, 50, "not_labelled_in_bank")


def retrieval(*widths: float) -> Retrieval:
    context = tuple(ContextCandidate(n, 0.5, (RetrievedSentence(0, width),)) for n, width in enumerate(widths))
    return Retrieval(NO_NEIGHBOURS, {"Deck": (), "Pier": context})


def measured(
    found: Retrieval,
    load: PhenotypeVote = UNKNOWN,
    language: Language | None = LANGUAGE,
    barred: frozenset[Finding] = frozenset(),
) -> dict[str, MeasurementOut]:
    votes = {"load": load, "rust": PhenotypeVote(4.44, 3.0, 6.0, 30, 50, None), "cracked": UNKNOWN}
    return {row.name: row for row in measurements_of(TAXONOMY, votes, found, PHRASES, language, barred)}


def test_a_phenotype_is_rounded_as_its_slot_states_it_and_others_to_whole_numbers() -> None:
    rows = measured(retrieval(), PhenotypeVote(60.8, 53.0, 69.0, 49, 50, None))
    assert list(rows) == ["load", "rust"]
    load = rows["load"]
    assert (load.value, load.unit, load.p10, load.p90, load.candidates, load.asked) == (61.0, "t", 53.0, 69.0, 49, 50)
    assert (load.phenotype, load.section, load.source) == ("load", "Deck", "estimated")
    assert (rows["rust"].value, rows["rust"].decimals) == (4.0, 0)


def test_a_number_of_sentences_is_the_median_of_enough_plausible_ones() -> None:
    width = measured(retrieval(*[4.0] * 6, *[5.0] * 5, 99.0))["width"]
    assert (width.value, width.p10, width.p90, width.candidates, width.asked) == (4.0, 4.0, 5.0, 11, 12)
    assert (width.phenotype, width.section) == (None, "Pier")


@pytest.mark.parametrize("widths", [(4.0,) * 9, (99.0,) * 20, ()])
def test_few_or_implausible_numbers_are_none(widths: tuple[float, ...]) -> None:
    assert "width" not in measured(retrieval(*widths))


def test_too_few_labels_are_no_number() -> None:
    assert "load" not in measured(retrieval(), PhenotypeVote(60.8, 53.0, 69.0, 9, 50, None))


def test_a_number_that_asks_for_a_finding_that_must_not_be_stated_is_left_out() -> None:
    barred = frozenset({Finding("width", "wide")})
    assert "width" not in measured(retrieval(*[4.0] * 12), barred=barred)
    assert "width" in measured(retrieval(*[2.0] * 12), barred=barred)


def test_without_a_language_only_phenotypes_are_numbers() -> None:
    rows = measured(retrieval(*[4.0] * 12), PhenotypeVote(60.8, 53.0, 69.0, 49, 50, None), language=None)
    assert (list(rows), rows["load"].value) == (["load", "rust"], 61.0)
