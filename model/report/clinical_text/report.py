"""A whole report: sentence by sentence, with labels of the body, completed by the impression."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from model.report.clinical_text.grammar import Grammar
from model.report.clinical_text.headings import Block, BlockKind, Headings
from model.report.clinical_text.labels import Label
from model.report.clinical_text.sentences import split_sentences
from model.report.clinical_text.stated import SentenceMeaning, StatedFinding

# Of the letters of English and German echo reports more than half stand in words that the lexicon knows; of
# Spanish, French and Italian ones less than a fifth (tests/model/echo/language/test_reports.py).
LEAST_KNOWN_SHARE = 0.3
_ELSEWHERE = "Other"
# Where what a sentence speaks of is not known to the next: an empty line, an item of a numbered list.
_APART = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*\(?\d{1,2}[.)][ \t])")
_APART_IN_IMPRESSION = re.compile(_APART.pattern + r"|\n(?=[ \t]*[-*•·–][ \t])")  # each bullet is a statement


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """A sentence as it was understood. block: what kind of heading it stood under; section: where it belongs."""

    block: BlockKind
    heading: str
    section: str | None
    meaning: SentenceMeaning

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        return {"block": self.block, "heading": self.heading, "belongs_to": self.section, **self.meaning.fields()}


@dataclass(frozen=True, slots=True)
class ReportMeaning:
    """What a report says. language: None where no lexicon fits, and then nothing was read.

    contradictions: labels that the impression states otherwise than the body, whose word counts.
    looks_like: the language that is not read, where it is one that is known by its words.
    """

    language: str | None
    sentences: tuple[ReadSentence, ...]
    labels: Mapping[str, Label]
    straddling: tuple[str, ...]
    contradictions: tuple[str, ...]
    looks_like: str | None = None

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "language": self.language,
            "looks_like": self.looks_like,
            "sentences": [sentence.fields() for sentence in self.sentences],
            "labels": {name: list(v) if isinstance(v, tuple) else v for name, v in self.labels.items()},
            "straddling": list(self.straddling),
            "contradictions": list(self.contradictions),
        }


def read_report(text: str, grammar: Grammar, headings: Headings) -> ReportMeaning:
    """The meaning of a report's text."""
    language = report_language(text, grammar)
    if language is None:
        return replace(combined(None, (), grammar), looks_like=grammar.other_language(text))
    blocks = headings.blocks(text)
    return combined(language, tuple(_sentences(blocks, grammar, language)), grammar)


def report_language(text: str, grammar: Grammar) -> str | None:
    """The language whose lexicon knows the text; None where none does, or another language knows it better."""
    if grammar.other_language(text) is not None:
        return None
    language = grammar.language_of(text)
    return language if grammar.known_share(text, language) >= LEAST_KNOWN_SHARE else None


def read_block(block: Block, grammar: Grammar, language: str) -> Iterator[ReadSentence]:
    """The sentences of a block in order; what one speaks of is known to the next, up to an empty line or item."""
    last = block.section
    lead = f"{block.heading}: " if grammar.names_finding(block.heading, language) else ""
    apart = _APART_IN_IMPRESSION if block.kind == "impression" else _APART
    for paragraph in apart.split(block.text):
        context = grammar.context(block.section)
        for sentence in split_sentences(paragraph):
            meaning = grammar.read(lead + sentence, grammar.language_of(sentence, language), context)
            meaning, lead = replace(meaning, text=sentence), ""
            own = meaning.section
            section = block.section if own in (None, _ELSEWHERE) and block.section is not None else own
            last = section or last
            yield ReadSentence(block.kind, block.heading, section or last, meaning)


def _sentences(blocks: Sequence[Block], grammar: Grammar, language: str) -> Iterator[ReadSentence]:
    for block in blocks:
        if block.kind != "ignored":
            yield from read_block(block, grammar, language)


def combined(language: str | None, sentences: tuple[ReadSentence, ...], grammar: Grammar) -> ReportMeaning:
    """The report that these sentences make."""
    body, ending = list[StatedFinding](), list[StatedFinding]()
    for sentence in sentences:
        (ending if sentence.block == "impression" else body).extend(sentence.meaning.findings)
    labels, straddling = grammar.labels.labels(body)
    other, _ = grammar.labels.labels(ending)
    contradictions = []
    for name, value in other.items():
        if value is None:
            continue
        if labels[name] is None:
            labels[name] = value
            straddling = tuple(label for label in straddling if label != name)
        elif not _agree(labels[name], value):
            contradictions.append(name)
    return ReportMeaning(language, sentences, labels, straddling, tuple(contradictions))


def _agree(one: Label, other: Label) -> bool:
    """Whether two labels are the same, or ranges that touch."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    (low, high), (other_low, other_high) = (
        value if isinstance(value, tuple) else (value, value) for value in (one, other)
    )
    if None in (low, high, other_low, other_high):
        return True
    return bool(low <= other_high and other_low <= high)  # type: ignore[operator]  # none is None: see above
