"""Every wording of a bank as a number: its tokens, its section, its meaning, its findings. Rows hold numbers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.phrase_table import PhraseRow, PhraseTable
from model.report.decoder.copying import START, longer_beginning
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Finding, FindingReader, Language

Ids = NDArray[np.int64]
_NONE = -1


@dataclass(frozen=True)
class Text:
    """A wording as the decoder reads and writes it.

    tokens: with the separator at the end. beginnings: hash of what precedes each of them in the sentence. findings:
    what it states. says: the number of its meaning.
    """

    section: str
    template: str
    numberless: str
    slot: str | None
    tokens: tuple[int, ...]
    beginnings: tuple[int, ...]
    findings: tuple[Finding, ...]
    says: int


@dataclass(frozen=True, eq=False)
class WordingTable:
    """Numbers wordings.

    texts: by number. with_number, without_number: int64 (phrases,) text of each phrase of the bank where its number is
    known and where not; -1 where the phrase may not be learned. meanings: int64 (phrases,) the same for phrases whose
    uses count together. sections: int64 (phrases,) code of the section, -1 for none of ours.
    """

    texts: tuple[Text, ...]
    with_number: Ids
    without_number: Ids
    meanings: Ids
    sections: Ids

    @classmethod
    def of(
        cls,
        phrases: PhraseTable,
        language: Language,
        read: FindingReader,
        tokenizer: ReportTokenizer,
        config: DecoderConfig,
        *,
        only_language: bool,
    ) -> "WordingTable":
        """The table of a bank. only_language: nothing but wordings of the report language is learned."""
        numbering = _Numbering(language, read, tokenizer, config)
        with_number, without_number = [], []
        for row in phrases:
            may = row.may_be_copied and (row.key is not None or not only_language)
            may = may and row.section in config.sections
            with_number.append(numbering.number(row, row.slot in tokenizer.slot_ids) if may else _NONE)
            without_number.append(numbering.number(row, False) if may else _NONE)
        codes = {name: place for place, name in enumerate(config.sections)}
        return cls(
            tuple(numbering.texts),
            np.array(with_number, np.int64),
            np.array(without_number, np.int64),
            np.array([numbering.meaning(row) for row in phrases], np.int64),
            np.array([codes.get(row.section, _NONE) for row in phrases], np.int64),
        )

    @cached_property
    def by_meaning(self) -> Ids:
        """int64 (texts,): the meaning of each text."""
        return np.array([text.says for text in self.texts], np.int64)

    @cached_property
    def lengths(self) -> Ids:
        """int64 (texts,): tokens of each text, with its separator."""
        return np.array([len(text.tokens) for text in self.texts], np.int64)

    def said(self, phrase_ids: NDArray[np.integer], values: NDArray[np.floating], has_text: NDArray[np.bool_]) -> Ids:
        """Texts of some sentences of reports, -1 for what may not be learned. has_text: the value is text."""
        known = np.isfinite(values) & ~has_text
        return np.asarray(np.where(known, self.with_number[phrase_ids], self.without_number[phrase_ids]))

    @cached_property
    def others(self) -> tuple[Ids, ...]:
        """For each text those of its section that give other values to the same findings; what corrupts evidence."""
        named: dict[tuple[str, frozenset[str]], list[int]] = {}
        for number, text in enumerate(self.texts):
            if text.findings:
                named.setdefault((text.section, frozenset(f.name for f in text.findings)), []).append(number)
        return tuple(self._others(text, named) for text in self.texts)

    def _others(self, text: Text, named: dict[tuple[str, frozenset[str]], list[int]]) -> Ids:
        same = named.get((text.section, frozenset(f.name for f in text.findings)), []) if text.findings else []
        return np.array([n for n in same if set(self.texts[n].findings) != set(text.findings)], np.int64)

    def extended(self, invented: Sequence[Text]) -> "WordingTable":
        """The table with further texts that no phrase has."""
        return WordingTable(
            (*self.texts, *invented), self.with_number, self.without_number, self.meanings, self.sections
        )


class _Numbering:
    """Gives every different text of a section a number, once."""

    def __init__(
        self, language: Language, read: FindingReader, tokenizer: ReportTokenizer, config: DecoderConfig
    ) -> None:
        self.texts: list[Text] = []
        self._read = read
        self._tokenizer = tokenizer
        self._longest = config.max_sentence_tokens
        self._numbers: dict[tuple[str, str], int] = {}
        self._meanings: dict[tuple[str, str], int] = {}
        self._stated = {
            (phrase.section, template): phrase.findings
            for phrase in reversed(language.phrases)
            for template in (phrase.numberless, phrase.template)
        }
        self._forbidden = tokenizer.control_ids.union(tokenizer.unwritable_ids)

    def number(self, row: PhraseRow, with_slot: bool) -> int:
        """The number of a phrase's wording, -1 where it cannot be written."""
        template = row.template if with_slot or row.slot is None else row.numberless
        place = row.section, template
        if place not in self._numbers:
            self._numbers[place] = self._add(row, template)
        return self._numbers[place]

    def _add(self, row: PhraseRow, template: str) -> int:
        ids = self._tokenizer.encode(template)
        if not 0 < len(ids) <= self._longest or not self._forbidden.isdisjoint(ids):
            return _NONE
        findings = self._stated.get((row.section, template))
        if findings is None:
            findings = self._read(row.section, row.numberless)
        slot = row.slot if template == row.template else None
        tokens, beginnings = with_beginnings(ids, self._tokenizer.sep)
        says = self.meaning(row)
        self.texts.append(Text(row.section, template, row.numberless, slot, tokens, beginnings, findings, says))
        return len(self.texts) - 1

    def meaning(self, row: PhraseRow) -> int:
        """The number of what a phrase means in its section."""
        return self._meanings.setdefault((row.section, row.meaning), len(self._meanings))


def with_beginnings(ids: Sequence[int], sep: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A sentence's tokens with the separator, and the hash of what precedes each."""
    beginning, beginnings = START, []
    for token in (*ids, sep):
        beginnings.append(beginning)
        beginning = longer_beginning(beginning, token)
    return (*ids, sep), tuple(beginnings)
