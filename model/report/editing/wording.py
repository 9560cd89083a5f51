"""Findings in the words of the phrase bank: a sentence that says less, or two sentences as one."""

import re
from collections.abc import Iterable, Set
from functools import cached_property

from model.report.editing.rules import EditingRules
from model.report.editing.said import Said
from model.report.language.language import Finding, Language, Phrase

_WITHOUT_MEANING = re.compile(r"[^\w%<>]+")


class PhraseWording:
    """Words findings by the phrases of a language."""

    def __init__(self, language: Language, rules: EditingRules) -> None:
        self.language = language
        self._rules = rules

    @cached_property
    def names(self) -> frozenset[str]:
        """Findings of which the language knows every value: two values of one of them contradict each other."""
        return frozenset(f.name for phrase in self.language.phrases for f in self._rules.own(phrase.findings))

    @cached_property
    def _by_section(self) -> dict[str, list[Phrase]]:
        sections: dict[str, list[Phrase]] = {}
        for phrase in self.language.phrases:
            sections.setdefault(phrase.section, []).append(phrase)
        return sections

    @cached_property
    def _following(self) -> dict[tuple[str, str], str]:
        """(section, wording that cannot open a section) → a wording of the same that can."""
        found = {}
        for phrase in self.language.phrases:
            if phrase.phrase_id in self._rules.following:
                same = [p for p in self._by_section[phrase.section] if p.findings == phrase.findings]
                other = next(p for p in same if p.phrase_id not in self._rules.following)
                found[phrase.section, phrase.numberless] = other.numberless
        return found

    def opening(self, section: str, said: Said) -> Said:
        """The sentence as it may open a section."""
        return said.worded(self._following.get((section, said.text), said.text))

    def saying(self, section: str, wanted: Set[Finding], said: Said | None = None) -> tuple[Said, ...] | None:
        """Sentences that together state the findings and nothing more; None where the phrases cannot.

        said: the sentence they stand for; its number is kept where a phrase has its slot, and what is implied in it
        may be implied again.
        """
        allowed = frozenset(wanted) if said is None else frozenset(wanted) | self._implied(said.findings)
        left, found = set(wanted), list[Said]()
        while left:
            fitting = [p for p in self._by_section.get(section, ()) if self._fits(p, allowed, left)]
            if not fitting:
                return None
            best = max(fitting, key=lambda p: (len(left.intersection(p.findings)), *self._liking(p, said)))
            found.append(self._filled(best, said if not found else None, said))
            left -= set(best.findings)
        return tuple(found)

    def without(self, section: str, said: Said, gone: Set[Finding]) -> tuple[Said, ...]:
        """What is left of a sentence without some findings; nothing where that cannot be said."""
        if gone.isdisjoint(said.findings):
            return (said,)
        wanted = self._rules.own(said.findings) - gone
        return () if not wanted else self.saying(section, wanted, _less(said, gone)) or ()

    def joined(self, section: str, one: Said, other: Said) -> Said | None:
        """Both sentences as one phrase; None where there is no such phrase, or one of them states a number."""
        wanted = self._rules.own((*one.findings, *other.findings))
        if one.slot or other.slot:
            return None
        phrases = (
            p for p in self._by_section.get(section, ()) if p.slot is None and self._rules.own(p.findings) == wanted
        )
        phrase = next(phrases, None)
        if phrase is None:
            return None
        return Said(phrase.numberless, phrase.findings, origins=tuple(sorted({*one.origins, *other.origins})))

    def _implied(self, findings: Iterable[Finding]) -> frozenset[Finding]:
        return frozenset(findings) - self._rules.own(tuple(findings))

    def _fits(self, phrase: Phrase, allowed: Set[Finding], left: Set[Finding]) -> bool:
        return all(finding in allowed for finding in phrase.findings) and not left.isdisjoint(
            self._rules.own(phrase.findings)
        )

    def _liking(self, phrase: Phrase, said: Said | None) -> tuple[bool, int, bool]:
        """Which of the phrases that say as much is taken: with the number, saying no more, able to open a section."""
        numbered = said is not None and said.slot is not None and phrase.slot == said.slot
        return numbered, -len(phrase.findings), phrase.phrase_id not in self._rules.following

    def _filled(self, phrase: Phrase, numbered: Said | None, said: Said | None) -> Said:
        origins = () if said is None else said.origins
        if numbered is not None and numbered.value is not None and phrase.slot == numbered.slot:
            text = self.language.fill(phrase, numbered.value)
            return Said(text, phrase.findings, phrase.slot, numbered.value, origins)
        return Said(phrase.numberless, phrase.findings, origins=origins)


def _less(said: Said, gone: Set[Finding]) -> Said:
    findings = tuple(finding for finding in said.findings if finding not in gone)
    return Said(said.text, findings, said.slot, said.value, said.origins)


def ended(text: str) -> str:
    """The sentence with a full stop at its end, if it has none."""
    bare = text.rstrip()
    return bare if bare.endswith((".", "!", "?")) or not bare else f"{bare.rstrip(' ,;:')}."


def same_words(text: str) -> str:
    """What sentences share that differ by punctuation and letter case alone."""
    return _WITHOUT_MEANING.sub(" ", text).strip().casefold()
