"""The sentences of a row with their meaning: what is kept of each, and the labels that all of them state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from model.echo.language.reader import echo_grammar, echo_slots
from model.report.clinical_text.grammar import Grammar
from model.report.clinical_text.headings import Block
from model.report.clinical_text.labels import Label
from model.report.clinical_text.phrase_match import PhraseByMeaning
from model.report.clinical_text.report import ReadSentence, combined, read_block, report_language
from model.report.language.language import Phrase
from model.report.language.phrase_reader import PhraseReader

_ONLY_WITH_FINDING = ("loose", "unknown")  # text that no known heading leads may be anything


@dataclass(frozen=True)
class RowSentence:
    """A sentence with the phrase that it is, by its words or by its meaning, or none. section: where it belongs."""

    text: str
    section: str
    phrase: Phrase | None
    value: float | None
    language: str
    by_words: bool
    read: ReadSentence


@dataclass(frozen=True)
class RowMeaning:
    """What a row says. labels: what its free sentences state; completing: what the impression states.

    contradictions: labels that the impression states otherwise than the body.
    """

    sentences: tuple[RowSentence, ...]
    labels: Mapping[str, float]
    completing: Mapping[str, float]
    contradictions: tuple[str, ...]
    language: str | None


@dataclass(frozen=True)
class SentenceReader:
    """Reads by words first and by the grammar where the words are unknown. sections: that a sentence may land in."""

    readers: Sequence[PhraseReader]
    sections: frozenset[str]
    grammar: Grammar = field(default_factory=echo_grammar)
    _matcher: PhraseByMeaning = field(init=False, repr=False)

    def __post_init__(self) -> None:
        matcher = PhraseByMeaning(self.readers[0].language, echo_slots())
        object.__setattr__(self, "_matcher", matcher)

    def read(self, blocks: Sequence[Block]) -> RowMeaning:
        """The sentences of all blocks; those of an impression only where they complete what stands above."""
        language = report_language("\n".join(block.text for block in blocks), self.grammar)
        kept, read_all = list[RowSentence](), list[ReadSentence]()
        told: set[str] = set()
        for block in sorted(blocks, key=lambda block: block.kind == "impression"):
            if block.kind == "ignored":
                continue
            for read in read_block(block, self.grammar, language or self.readers[0].language.language):
                sentence = self._sentence(block, read, language)
                if sentence is None:
                    continue
                read_all.append(read)
                entities = {finding.entity for finding in read.meaning.findings}
                if block.kind != "impression" or not entities <= told:
                    told |= entities
                    kept.append(sentence)
        free = [s.read for s in kept if not s.by_words and s.read.block != "impression"]
        ending = [read for read in read_all if read.block == "impression"]
        return RowMeaning(
            tuple(kept),
            self._labels(free),
            self._labels(ending),
            combined(language, tuple(read_all), self.grammar).contradictions,
            language,
        )

    def _labels(self, sentences: Iterable[ReadSentence]) -> dict[str, float]:
        findings = [finding for sentence in sentences for finding in sentence.meaning.findings]
        return label_numbers(self.grammar.labels.labels(findings)[0])

    def _sentence(self, block: Block, read: ReadSentence, language: str | None) -> RowSentence | None:
        """What is kept of a sentence; None where nothing known stands in text of no section."""
        text = read.meaning.text
        for reader in self.readers:
            found = reader.read_sentence(block.section, text)
            phrase = found.phrase
            if phrase is not None and (block.section is None or phrase.section == block.section):
                return RowSentence(text, phrase.section, phrase, found.value, reader.language.language, True, read)
        findings = read.meaning.findings if language is not None else ()
        section = read.section if read.section in self.sections else block.section
        if section is None or (not findings and block.kind in _ONLY_WITH_FINDING):
            return None
        by_meaning = self._matcher.phrase_of(section, findings)
        phrase, value = by_meaning or (None, None)
        return RowSentence(text, section, phrase, value, read.meaning.language, False, read)


def label_numbers(labels: Mapping[str, Label]) -> dict[str, float]:
    """Labels as a bank keeps them: yes 1, no 0, a range by its middle; none for what is not stated."""
    return dict(_numbers(labels))


def _numbers(labels: Mapping[str, Label]) -> Iterator[tuple[str, float]]:
    for name, label in labels.items():
        if isinstance(label, str):
            yield name, float(label == "yes")
        elif isinstance(label, tuple):
            ends = [end for end in label if end is not None]
            yield name, sum(ends) / len(ends)
        elif label is not None:
            yield name, float(label)


def merged(
    by_words: Mapping[str, float], by_meaning: Mapping[str, float], kinds: Mapping[str, str]
) -> dict[str, float]:
    """Labels of both ways of reading; a binary one that they state differently is left out, a number goes by words."""
    labels = {**by_meaning, **by_words}
    for name in _disputed(by_words, by_meaning):
        if kinds.get(name) == "binary":
            del labels[name]
    return labels


def _disputed(one: Mapping[str, float], other: Mapping[str, float]) -> Iterable[str]:
    return [name for name in one if name in other and one[name] != other[name]]
