"""What a row may write next: only known sentences, no finding twice, and every finding that many neighbours state.

Lexically constrained decoding (Hokamp and Liu 2017): the decoder still chooses, but only among sentences that may be
said. Without it, parts of two similar sentences were joined, and a sentence that became forbidden was left unfinished
(LOG L-042).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from model.report.decoder.finding_values import Seen, settled_values
from model.report.language.language import Contradiction, Finding
from model.report.request import EvidenceSentence

Tokens = tuple[int, ...]
# A finding is written if at least this share of the neighbours state any value of it. A consensus would need one half.
# 0.3 to 0.6 were tried: LOG 2026-11-22.
_MANY = 0.4


@dataclass(frozen=True, eq=False)
class SentenceGuide:
    """The rule of one row.

    sentences: token ids of all that may be said, without separator → what each states. wanted: those of them that are
    written before the text may end, best first, each → names of findings until all of which were stated. rules: what
    must not be said together.
    """

    sentences: Mapping[Tokens, frozenset[Finding]]
    wanted: Mapping[Tokens, frozenset[str]] = field(default_factory=dict)
    rules: Sequence[Contradiction] = ()
    _open: dict[Tokens, dict[Tokens, set[int]]] = field(default_factory=dict, init=False)

    def next_tokens(self, tokens: Sequence[int], sep: int, eos: int) -> set[int]:
        """Ids that may follow a text, never none. EOS only between sentences."""
        begun = _begun(tokens, sep)
        before = tuple(tokens[:begun])
        if before not in self._open:
            self._open[before] = self._prefixes(before, sep, eos)
        return self._open[before].get(tuple(tokens[begun:]), {sep})

    def left_out(self, tokens: Sequence[int], sep: int) -> Tokens | None:
        """The first wanted sentence that a text does not cover and may still say; None where it may end."""
        said = self._said(tokens, sep)
        names = {finding.name for finding in said}
        due = (sentence for sentence, wanted in self.wanted.items() if not names.issuperset(wanted))
        return next((sentence for sentence in due if self._fits(sentence, said)), None)

    def _prefixes(self, before: Tokens, sep: int, eos: int) -> dict[Tokens, set[int]]:
        """Beginning of a sentence → what may follow it, after the sentences of a text."""
        said, written = self._said(before, sep), set(_sentences(before, sep))
        follow: dict[Tokens, set[int]] = {(): {eos}}
        for sentence in self.sentences:
            if sentence not in written and self._fits(sentence, said):
                for end, token in enumerate((*sentence, sep)):
                    follow.setdefault(sentence[:end], set()).add(token)
        return follow

    def _fits(self, sentence: Tokens, said: frozenset[Finding]) -> bool:
        """Whether a sentence says something new and denies nothing that was said."""
        stated = self.sentences[sentence]
        values = {finding.name: finding.value for finding in said}
        denies = any(values.get(finding.name, finding.value) != finding.value for finding in stated)
        if denies or (stated and said.issuperset(stated)):
            return False
        return not any(rule.is_broken_by(stated, said) for rule in self.rules)

    def _said(self, tokens: Sequence[int], sep: int) -> frozenset[Finding]:
        return frozenset(f for s in _sentences(tokens, sep) for f in self.sentences.get(s, ()))


def _begun(tokens: Sequence[int], sep: int) -> int:
    """Where the sentence that is being written begins."""
    return len(tokens) - next((back for back, token in enumerate(reversed(tokens)) if token == sep), len(tokens))


def _sentences(tokens: Sequence[int], sep: int) -> list[Tokens]:
    """The finished sentences of a text."""
    found, begun = [], 0
    for place, token in enumerate(tokens):
        if token == sep:
            found.append(tuple(tokens[begun:place]))
            begun = place + 1
    return found


def guide_of(
    sentences: Mapping[Tokens, frozenset[Finding]],
    evidence: Sequence[EvidenceSentence],
    rules: Sequence[Contradiction] = (),
    seen: Mapping[Finding, Seen] | None = None,
) -> SentenceGuide:
    """The guide of a row. sentences: all that may be said → what each states; evidence: what the row reads.

    A finding has the value that neighbours and, of its own seen values, the finding head settle on. What neighbours
    state is worded as one of them words it: these are the words of the site.
    """
    votes: dict[Finding, float] = {}
    for item in evidence:
        for finding in sentences.get(item.tokens, ()):
            votes[finding] = votes.get(finding, 0.0) + item.support
    settled = settled_values(votes, _apart(sentences, seen or {}), (f for stated in sentences.values() for f in stated))
    open_ = {
        tokens: stated
        for tokens, stated in sentences.items()
        if all(settled.get(finding.name, finding.value) == finding.value for finding in stated)
    }
    read = {item.tokens for item in evidence}
    worded = {stated for tokens, stated in open_.items() if tokens in read and stated}
    open_ = {tokens: stated for tokens, stated in open_.items() if tokens in read or stated not in worded}
    return SentenceGuide(open_, _wanted(open_, evidence, _spoken(votes)), rules)


def _apart(sentences: Mapping[Tokens, frozenset[Finding]], seen: Mapping[Finding, Seen]) -> dict[Finding, Seen]:
    """What was seen of findings that can be said on their own: values of others would part what is said together."""
    alone = {finding.name for stated in sentences.values() if len(stated) == 1 for finding in stated}
    return {finding: reported for finding, reported in seen.items() if finding.name in alone}


def _spoken(votes: Mapping[Finding, float]) -> set[str]:
    """Names that many neighbours speak of."""
    spoken: dict[str, float] = {}
    for finding, share in votes.items():
        spoken[finding.name] = spoken.get(finding.name, 0.0) + share
    return {name for name, share in spoken.items() if share >= _MANY}


def _wanted(
    sentences: Mapping[Tokens, frozenset[Finding]], evidence: Sequence[EvidenceSentence], due: Set[str]
) -> dict[Tokens, frozenset[str]]:
    """Sentences that cover what is due: neighbours' own, best first, then what can be said beside them."""
    ranked = [item.tokens for item in sorted(evidence, key=lambda item: -item.support)]
    names = {tokens: frozenset(f.name for f in sentences.get(tokens, ()) if f.name in due) for tokens in ranked}
    uncovered = set(due).difference(*names.values())
    for tokens, stated in sorted(sentences.items(), key=lambda item: len(item[1])):
        if names.setdefault(tokens, frozenset(uncovered.intersection(f.name for f in stated))):
            uncovered -= names[tokens]
    return {tokens: wanted for tokens, wanted in names.items() if wanted}
