"""Calls and their text: what is called and not said, and what may not stand beside it."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from model.report.editing.rules import EditingRules
from model.report.editing.said import Said, Sections, stated_in
from model.report.editing.wording import PhraseWording
from model.report.language.language import Finding, FindingReader, LabelRule, Language
from model.report.request import EvidenceSentence

Evidence = Callable[[str], Sequence[EvidenceSentence]]  # section → what neighbours state there, highest support first


@dataclass(frozen=True)
class Call:
    """A phenotype that is called, and the findings of which the text should state one. section: where it is told."""

    phenotype: str
    section: str
    positive: tuple[Finding, ...]
    negative: frozenset[Finding]


def positive_calls(language: Language, calls: Mapping[str, bool]) -> tuple[Call, ...]:
    """The calls that are yes and that the language can state."""
    return tuple(
        _call(rule, language) for rule in language.labels if rule.finding is not None and calls.get(rule.phenotype)
    )


def _call(rule: LabelRule, language: Language) -> Call:
    name = rule.finding or ""
    positive = tuple(Finding(name, value) for value in rule.positive)
    section = next(section for section, finding in language.phrases_stating if finding in positive)
    return Call(rule.phenotype, section, positive, frozenset(Finding(name, value) for value in rule.negative))


def unsaid(calls: Iterable[Call], sections: Sections) -> tuple[Call, ...]:
    """The calls of which the text says neither yes nor no; where it says no, it is told to disagree."""
    stated = stated_in(sections)
    return tuple(call for call in calls if stated.isdisjoint((*call.positive, *call.negative)))


def disagreeing(language: Language, calls: Mapping[str, bool], stated: Set[Finding]) -> tuple[str, ...]:
    """Phenotypes of which a text states the opposite of the call, and not the call as well."""
    found = []
    for rule in language.labels:
        if rule.finding is None or rule.phenotype not in calls:
            continue
        yes, no = (
            any(Finding(rule.finding, value) in stated for value in side) for side in (rule.positive, rule.negative)
        )
        if yes != no and yes != calls[rule.phenotype]:
            found.append(rule.phenotype)
    return tuple(found)


class CallSpeaker:
    """Says calls in the words of the phrase bank, from evidence."""

    def __init__(self, wording: PhraseWording, read: FindingReader, rules: EditingRules) -> None:
        self._wording = wording
        self._read = read
        self._rules = rules

    def sentence(self, call: Call, evidence: Evidence) -> Said | None:
        """A sentence that says the call as most neighbours do; None where neither they nor the phrases tell how.

        Without evidence it is said only where there is one way to say yes.
        """
        for item in evidence(call.section):
            said = set(self._read(call.section, item.numberless)).intersection(call.positive)
            if said:
                return self._worded(call.section, said, item.candidate_ids)
        return self._worded(call.section, set(call.positive), ()) if len(call.positive) == 1 else None

    def make_room(self, sections: Sections, added: Sequence[Said]) -> Sections:
        """The report without what contradicts the sentences that were added."""
        new = frozenset(finding for said in added for finding in said.findings)
        gone = {
            finding
            for rule in self._wording.language.contradictions
            for one, other in (rule.sides, rule.sides[::-1])
            if not one.isdisjoint(new)
            for finding in other
        } - new
        return self._without(sections, gone) if gone else sections

    def exclude(self, sections: Sections, calls: Iterable[Call]) -> Sections:
        """The report without findings that may not stand beside a stated or called lesion."""
        stated = stated_in(sections) | {finding for call in calls for finding in call.positive}
        gone = {rule.finding for rule in self._rules.exclusions if not rule.lesions.isdisjoint(stated)}
        return self._without(sections, gone) if gone else sections

    def _without(self, sections: Sections, gone: set[Finding]) -> Sections:
        return {
            name: tuple(part for said in sentences for part in self._wording.without(name, said, gone))
            for name, sentences in sections.items()
        }

    def _worded(self, section: str, findings: set[Finding], candidate_ids: tuple[int, ...]) -> Said | None:
        found = self._wording.saying(section, findings)
        if not found:
            return None
        return Said(found[0].text, found[0].findings, candidate_ids=candidate_ids)
