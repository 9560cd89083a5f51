"""Reports and labels of invented patients, and the phrases that they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.phrase_table import PhraseRow, PhraseTable
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import Language
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import PhrasedSentence, report_of


@dataclass(frozen=True, eq=False)
class SyntheticReports:
    """Reports and labels of N patients. labels: phenotype → float32 (N,)."""

    sections: tuple[Mapping[str, tuple[PhrasedSentence, ...]], ...]
    phenotypes: Mapping[str, NDArray[np.float32]]


def draw_reports(language: Language, studies: range, seed: int) -> SyntheticReports:
    """Reports and labels of the patients with these study numbers."""
    states = [state_of(seed, study, "clinical") for study in studies]
    sections = tuple(
        report_of(state, language, wording_stream(seed, study)) for state, study in zip(states, studies, strict=True)
    )
    labels = [labels_of(state) for state in states]
    phenotypes = {name: np.array([row[name] for row in labels], np.float32) for name in ECHO_TAXONOMY.phenotype_names}
    return SyntheticReports(sections, phenotypes)


def wording_stream(seed: int, study: int) -> np.random.Generator:
    """The stream that draws a report's wording; the patient has another."""
    return np.random.default_rng([seed, study, 1])  # 1: the wording's own


def phrase_table(language: Language) -> PhraseTable:
    """The language's phrases as a bank lists them."""
    return PhraseTable(
        tuple(
            PhraseRow(number, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
            for number, p in enumerate(language.phrases)
        )
    )


def said_templates(sentences: Sequence[PhrasedSentence]) -> tuple[str, ...]:
    """What the decoder should write: slots where a number is stated, the numberless wording where it is not."""
    return tuple(
        sentence.phrase.numberless if sentence.value is None else sentence.phrase.template for sentence in sentences
    )
