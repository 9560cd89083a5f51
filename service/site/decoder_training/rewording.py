"""Targets in the words of the evidence: what makes a decoder copy instead of remembering a wording.

A report may say the same in several ways. Told in the way that the row's own evidence uses, copying is the only way to
know which; told in words that nobody ever used, it is the only way at all. Without this the decoder never learned to
copy (LOG 2026-11-22): whatever evidence it had, its vocabulary had learned every sentence by heart.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from index.phrase_table import PhraseRow, PhraseTable
from model.report.language.language import Language
from model.report.request import EvidenceSentence

_PLACEHOLDER = re.compile(r"<\w+>")
_WORD = re.compile(r"[^\W\d_]{2,}")
_WORDS = (3, 7)  # words of an invented sentence, low ≤ n < high: six shuffled ones mostly stay within 40 tokens
_SHUFFLED = 0.5  # share of words that become no words at all, as drug and device names are to a tokenizer


@dataclass(frozen=True, eq=False)
class Rewording:
    """Knows which sentences of a bank and a language say the same."""

    phrases: PhraseTable
    language: Language

    def of_targets(self, section: str, targets: Sequence[str], evidence: Iterable[EvidenceSentence]) -> tuple[str, ...]:
        """The targets, each in the wording that the evidence has for it, else in its own."""
        said = {self._meanings.get((section, s.template), s.template): s.template for s in evidence}
        return tuple(said.get(self._meanings.get((section, target), target), target) for target in targets)

    def invented(self, evidence: Sequence[EvidenceSentence], rng: np.random.Generator) -> dict[str, EvidenceSentence]:
        """Template → the sentence with its words replaced by invented ones; slot, support and candidates stay."""
        return {sentence.template: self._invent(sentence, rng) for sentence in evidence}

    def _invent(self, sentence: EvidenceSentence, rng: np.random.Generator) -> EvidenceSentence:
        words = [str(word) for word in rng.choice(self._vocabulary, size=int(rng.integers(*_WORDS)))]
        said = [_shuffle(word, rng) if rng.random() < _SHUFFLED else word for word in words]
        numberless = f"{' '.join(said).capitalize()}."
        if sentence.slot is not None:
            said.insert(int(rng.integers(1, len(said) + 1)), f"<{sentence.slot}>")
        first = said[0].capitalize()
        return replace(sentence, template=f"{' '.join([first, *said[1:]])}.", numberless=numberless)

    @cached_property
    def _meanings(self) -> Mapping[tuple[str, str], str]:
        own = (
            PhraseRow(0, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
            for p in self.language.phrases
        )
        return {(row.section, words): row.meaning for row in (*self.phrases, *own) for words in _wordings(row)}

    @cached_property
    def _vocabulary(self) -> list[str]:
        said = (_PLACEHOLDER.sub(" ", phrase.template) for phrase in self.language.phrases)
        return sorted({word.lower() for sentence in said for word in _WORD.findall(sentence)})


def _wordings(row: PhraseRow) -> tuple[str, str]:
    return row.template, row.numberless


def _shuffle(word: str, rng: np.random.Generator) -> str:
    return "".join(rng.permutation(list(word)).tolist())
