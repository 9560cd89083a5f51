"""The reader: clinical text → findings and labels, by a lexicon per language, a table of findings and label rules."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

from model.report.clinical_text.chunks import Chunk, chunks_of
from model.report.clinical_text.examinations import of_this_examination
from model.report.clinical_text.finding_table import FindingTable
from model.report.clinical_text.findings import FindingMaker
from model.report.clinical_text.frames import FrameBuilder, Part
from model.report.clinical_text.labels import LabelDefinitions
from model.report.clinical_text.lexicon import Lexicon
from model.report.clinical_text.scope.clause import apply_scope
from model.report.clinical_text.sharing import Context, Sharing
from model.report.clinical_text.stated import SentenceMeaning, StatedFinding
from model.report.clinical_text.tagging import tag
from model.report.clinical_text.ticks import in_words
from model.report.clinical_text.tokens import without_accents

_WORD = re.compile(r"[^\W\d_]+")
_LEAD = 0.25  # share of known letters by which a sentence must look like another language than its report
_FEWEST_WORDS = 2  # of another language: a single word may be a name
_NEVER_READ = 4000  # characters; a longer "sentence" is no sentence


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))


@dataclass(frozen=True)
class Grammar:
    """Everything that reading needs. lexicons: by language, the first for text that tells no language.

    others: frequent words of languages that have no lexicon, without accents.
    """

    lexicons: Mapping[str, Lexicon]
    table: FindingTable
    labels: LabelDefinitions
    subjects_of_section: Mapping[str, Sequence[str]]
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def _builder(self) -> FrameBuilder:
        return FrameBuilder(self.table)

    @cached_property
    def _sharing(self) -> Sharing:
        return Sharing(self._builder)

    @cached_property
    def _maker(self) -> FindingMaker:
        return FindingMaker(self.table)

    def context(self, section: str | None = None) -> Context:
        """The context of a text that begins under a section's heading."""
        return Context(list(self.subjects_of_section.get(section or "", ())))

    def language_of(self, text: str, usual: str | None = None) -> str:
        """The language with most known words in the text; `usual` where none leads."""
        shares = {name: self.known_share(text, name) + lexicon.hints(text) for name, lexicon in self.lexicons.items()}
        first = usual if usual in shares else next(iter(shares))
        lead = 0.0 if usual is None else _LEAD
        best = max(shares.values())
        return first if shares[first] + lead >= best else max(shares, key=shares.__getitem__)

    def known_share(self, text: str, language: str) -> float:
        """Share of the letters of a text that stand in words of the language or of its lexicon, 0 to 1."""
        lexicon = self.lexicons[language]
        words = _words(text)
        letters = sum(map(len, words))
        return sum(len(word) for word in words if lexicon.knows(word)) / letters if letters else 0.0

    @cached_property
    def _other_words(self) -> frozenset[str]:
        return frozenset().union(*self.others.values())

    def other_language(self, text: str) -> str | None:
        """The language without a lexicon in whose words more letters stand than in those of any that is read."""
        words = [(without_accents(word), word) for word in _words(text)]
        if sum(plain in self._other_words for plain, _ in words) < _FEWEST_WORDS:
            return None
        shares = {name: sum(len(plain) for plain, _ in words if plain in known) for name, known in self.others.items()}
        first = max(shares, key=shares.__getitem__)
        read = (sum(len(w) for _, w in words if lexicon.knows(w)) for lexicon in self.lexicons.values())
        return first if shares[first] > max(read) else None

    def names_finding(self, text: str, language: str) -> bool:
        """Whether a heading names more than a place: what its text says is said of that ("RVSP: 35 mmHg")."""
        items = tag(text, self.lexicons[language])
        return any(item.mention is not None and item.mention.aspect is not None for item in items)

    def findings(self, text: str, language: str, context: Context | None = None) -> tuple[StatedFinding, ...]:
        """What a text states, the main finding first. context: what text before it speaks of; it is carried on."""
        if len(text) > _NEVER_READ:
            return ()
        context = self.context() if context is None else context
        lexicon = self.lexicons[language]
        items = of_this_examination(tag(in_words(text, lexicon.none), lexicon), self.table.partial)
        found: dict[StatedFinding, None] = {}
        for parts in self._clauses(chunks_of(items, self.table.lesions.__contains__, self._builder.measures)):
            self._sharing.share(parts, context)
            apply_scope(parts, self.table.attends, self.table.lasting, self.table.lesions)
            _drop_topics(parts, self.table.lasting)
            self._drop_qualifying(parts)
            for part in parts:
                found |= dict.fromkeys(self._maker.findings(part))
        return self._ordered(self._weighed(found))

    def _drop_qualifying(self, parts: Sequence[Part]) -> None:
        """Drops a state that describes a lesion of the same clause and not its own aspect ("a restrictive VSD")."""
        frames = [frame for part in parts for frame in part.frames]
        named = {frame.aspect for frame in frames}
        for frame in frames:
            lesions = self.table.qualifies.get(frame.aspect, {}).get(frame.state or "", ())
            frame.dropped = frame.dropped or not named.isdisjoint(lesions)

    def _weighed(self, found: Iterable[StatedFinding]) -> list[StatedFinding]:
        """Findings without those that another of the same entity outweighs: what is there counts, not "else none"."""
        findings = list(found)
        for entity, values in self.table.outweighs.items():
            stated = [f.value for f in findings if f.entity == entity and f.value in values and f.time == "current"]
            if len(set(stated)) > 1:
                first = min((value for value in stated if value), key=list(values).index)
                findings = [f for f in findings if f.entity != entity or f.value == first or f.value not in values]
        there = {
            f.entity for f in findings if f.polarity == "positive" and (f.certainty, f.time) == ("stated", "current")
        }
        belied = there | {self.table.belies[entity] for entity in there if entity in self.table.belies}
        return [f for f in findings if f.polarity != "negative" or f.entity not in belied]

    def read(self, text: str, language: str | None = None, context: Context | None = None) -> SentenceMeaning:
        """The meaning of a sentence, with its labels; nothing is understood in a language that is not read."""
        language = language or self.language_of(text)
        other = self.other_language(text)
        findings = self.findings(text, language, context) if other is None else ()
        labels, straddling = self.labels.labels(findings)
        section = findings[0].section if findings else None
        return SentenceMeaning(text, other or language, section, findings, labels, straddling)

    def _clauses(self, chunks: Iterable[Chunk]) -> Iterable[list[Part]]:
        clause: list[Part] = []
        for chunk in chunks:
            if chunk.join == "clause" and clause:
                yield clause
                clause = []
            clause.append(self._builder.part_of(chunk))
        if clause:
            yield clause

    def _ordered(self, found: Iterable[StatedFinding]) -> tuple[StatedFinding, ...]:
        """The first finding that bears on a label leads; the others keep their order."""
        findings = list(found)
        main = next((f for f in findings if self.table.entities[f.entity].rank == 0 and f.time == "current"), None)
        if main is not None:
            findings.remove(main)
            findings.insert(0, main)
        return tuple(findings)


def _drop_topics(parts: Sequence[Part], lasting: frozenset[str]) -> None:
    """A heading that names a finding and is followed by others says only what they are about ("Shunts: ...").

    A device in a heading is there.
    """
    for part, after in pairwise(parts):
        if part.chunk.heading and part.chunk.bare and after.frames:
            for frame in part.frames:
                told = frame.graded or frame.denied or frame.number or frame.aspect in lasting
                frame.dropped = frame.dropped or not told
