"""Quoting the nearest candidate: its numbers are marked; a sentence that lacks all that it says is left out."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, Neighbours, Retrieval, RetrievedSentence
from model.report.request import ReportWarning
from service.answer.text.retrieved_report import FOREIGN_NUMBER, paste_sections
from service.answer.text.written import Written

PHRASES = PhraseTable(
    (
        PhraseRow(0, "Deck", "", "The load is <load> t.", "", "load"),
        PhraseRow(1, "Deck", "", "The deck is dry.", "The deck is dry.", None),
        PhraseRow(2, "Deck", "", "SPAN <numerical> m (laser).", "SPAN (laser).", "numerical"),
    )
)


@dataclass(frozen=True)
class Bank:
    phrases: PhraseTable


def quoted(*sentences: RetrievedSentence) -> list[str]:
    written = pasted(*sentences)
    return [sentence.text for sentence in written.sections["Deck"]]


def pasted(*sentences: RetrievedSentence) -> Written:
    candidate = ContextCandidate(3, 0.9, sentences)
    nobody = Neighbours(("Deck",), np.zeros((1, 0), np.int64), np.zeros((1, 0), np.float32))
    retrieval = Retrieval(nobody, {"Deck": (candidate,)})
    written = paste_sections(retrieval, cast("Any", Bank(PHRASES)))
    assert len(written.plain["Deck"]) == len(written.sections["Deck"])
    return written


def test_a_number_is_quoted_and_marked_as_another_patients() -> None:
    assert quoted(RetrievedSentence(0, 12.0), RetrievedSentence(1, None)) == [
        f"The load is 12 t. {FOREIGN_NUMBER}",
        "The deck is dry.",
    ]


def test_a_sentence_without_the_number_that_it_is_about_is_left_out() -> None:
    assert quoted(RetrievedSentence(0, None), RetrievedSentence(1, None)) == ["The deck is dry."]
    assert quoted(RetrievedSentence(0, None)) == []


def test_a_label_without_its_number_is_not_quoted_and_an_empty_section_is_told_of() -> None:
    label, dry = RetrievedSentence(2, None), RetrievedSentence(1, None)
    assert quoted(label, dry) == ["The deck is dry."]
    assert pasted(label, dry).warnings == ()
    assert pasted(label).sections["Deck"] == ()
    assert pasted(label).warnings == (ReportWarning("section_empty", {"section": "Deck"}),)
