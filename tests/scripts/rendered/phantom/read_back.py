"""Reports of synthetic patients as text, for the tests that read them back."""

from collections.abc import Iterator

import numpy as np

from model.echo.phrases.reader import english
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.patient.report import PhrasedSentence, report_of, text_of
from scripts.rendered.phantom.patient.state import HeartState

SEED = 3
PRIORS: tuple[Prior, ...] = ("clinical", "independent")

PhrasedReport = dict[str, tuple[PhrasedSentence, ...]]


def drawn(count: int) -> Iterator[tuple[HeartState, PhrasedReport]]:
    """`count` patients of each prior with their reports."""
    for prior in PRIORS:
        for study in range(count):
            state = state_of(SEED, study, prior)
            yield state, report_of(state, english(), np.random.default_rng([SEED, study]))


def texts(report: PhrasedReport) -> dict[str, list[str]]:
    """The report's sentences as they are printed, by section."""
    return {section: [text_of(sentence, english()) for sentence in said] for section, said in report.items()}
