"""Reports and labels of any number of synthetic candidates, from a pool of generated patients with fresh numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.report.language.language import Language, Slot
from scripts.reference.release.pickle_writer import (
    CLOSED_TUPLE,
    WITHOUT_VALUE,
    encoded_number,
    encoded_text,
    opened_tuple,
)
from scripts.reference.release.synthetic_phrases import NUMERICAL, STRING, SyntheticPhrases
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of
from scripts.rendered.phantom.patient.state import SEGMENTS

# Generating a patient and its report takes 0.8 ms (LOG 2026-11-22): 17 minutes for a full-size release, so candidates
# share the wordings of a pool and get numbers of their own.
POOL = 4096
_JITTER = 0.04  # relative spread of a candidate's numbers around its pool patient's
_UNKNOWN_SHARE = 0.02  # of the numbers are NaN, as in releases
_EXTRA_SHARE = 0.03  # of the candidates have each of the phrases beyond the language


@dataclass(frozen=True)
class PooledReport:
    """One generated report: opcodes between its numbers, the numbers, and its labels.

    pieces: one more than numbers; a candidate's report is pieces[0] number pieces[1] … number pieces[-1].
    stated: position in `numbers` of the number that is a phenotype's label.
    """

    pieces: tuple[bytes, ...]
    numbers: tuple[float, ...]
    slots: tuple[Slot, ...]
    labels: dict[str, float]
    stated: dict[str, int]


@dataclass(frozen=True, eq=False)
class SyntheticReports:
    """A pool of reports in the phrases of a release."""

    pool: tuple[PooledReport, ...]
    phrases: SyntheticPhrases

    def block(self, centres: NDArray[np.int64], rng: np.random.Generator) -> Iterator[tuple[bytes, dict[str, float]]]:
        """Opcodes and labels of the candidates at these centres; candidates of one centre share three reports."""
        variants = rng.integers(0, 3, len(centres))
        extras = rng.random((len(centres), 2)) < _EXTRA_SHARE
        for centre, variant, extra in zip(centres.tolist(), variants.tolist(), extras.tolist(), strict=True):
            report = self.pool[(centre + variant) % len(self.pool)]
            opcodes, labels = _fill(report, rng)
            yield opcodes + self._extras(extra, rng), labels

    def _extras(self, wanted: list[bool], rng: np.random.Generator) -> bytes:
        """Tuples of the phrases beyond the language, where a candidate has them."""
        text = b""
        for (template, place), present in zip(sorted(self.phrases.extras.items()), wanted, strict=True):
            if present and STRING in template:
                text += opened_tuple(*place) + encoded_text(SEGMENTS[rng.integers(len(SEGMENTS))]) + CLOSED_TUPLE
            elif present and NUMERICAL in template:
                text += opened_tuple(*place) + encoded_number(float(rng.integers(25, 70))) + CLOSED_TUPLE
        return text


def generate_pool(language: Language, phrases: SyntheticPhrases, seed: int, size: int = POOL) -> SyntheticReports:
    """The reports of the first `size` patients of a seed."""
    return SyntheticReports(tuple(_pooled(language, phrases, seed, study) for study in range(size)), phrases)


def _pooled(language: Language, phrases: SyntheticPhrases, seed: int, study: int) -> PooledReport:
    state = state_of(seed, study, "clinical")
    report = report_of(state, language, np.random.default_rng([seed, study, 1]))
    label_slots = {rule.slot: rule.phenotype for rule in language.labels if rule.slot is not None}
    pieces: list[bytes] = [b""]
    numbers: list[float] = []
    slots: list[Slot] = []
    stated: dict[str, int] = {}
    for sentence in (sentence for section in report.values() for sentence in section):
        phrase = sentence.phrase
        pieces[-1] += opened_tuple(*phrases.places[phrase.phrase_id])
        if phrase.slot is None or sentence.value is None:
            pieces[-1] += WITHOUT_VALUE
            continue
        if phrase.slot in label_slots:
            stated[label_slots[phrase.slot]] = len(numbers)
        numbers.append(sentence.value)
        slots.append(language.slots[phrase.slot])
        pieces.append(CLOSED_TUPLE)
    return PooledReport(tuple(pieces), tuple(numbers), tuple(slots), labels_of(state), stated)


def _fill(report: PooledReport, rng: np.random.Generator) -> tuple[bytes, dict[str, float]]:
    """A candidate's report: the pool's wordings, numbers of its own, labels that agree with them."""
    spread = 1 + _JITTER * rng.standard_normal(len(report.numbers))
    unknown = rng.random(len(report.numbers)) < _UNKNOWN_SHARE
    unknown[list(report.stated.values())] = False  # a number that is a label is always stated
    numbers = [
        np.nan if missing else round(min(max(number * factor, slot.low), slot.high), slot.decimals)
        for number, factor, slot, missing in zip(report.numbers, spread.tolist(), report.slots, unknown, strict=True)
    ]
    opcodes = report.pieces[0] + b"".join(
        encoded_number(number) + piece for number, piece in zip(numbers, report.pieces[1:], strict=True)
    )
    return opcodes, {**report.labels, **{name: numbers[at] for name, at in report.stated.items()}}
