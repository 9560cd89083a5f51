"""Each thing once, each attribute beside its subject, all in the order of the rules: one section at a time."""

from collections.abc import Sequence, Set
from dataclasses import replace

from model.report.editing.rules import EditingRules
from model.report.editing.said import Said
from model.report.editing.wording import PhraseWording, same_words
from model.report.language.language import Finding


class SectionEditor:
    """Edits the sentences of a section; adds nothing."""

    def __init__(self, wording: PhraseWording, rules: EditingRules) -> None:
        self._wording = wording
        self._rules = rules

    def edit(self, section: str, sentences: Sequence[Said], denied: Set[Finding] = frozenset()) -> tuple[Said, ...]:
        """The section as it is told. denied: findings that the calls deny; of two values such a one gives way."""
        once = self._derived(section, self._once(section, sentences, denied))
        told = self._ordered(section, self._with_subjects(section, once))
        return tuple(self._wording.opening(section, said) if not at else said for at, said in enumerate(told))

    def _once(self, section: str, sentences: Sequence[Said], denied: Set[Finding]) -> tuple[Said, ...]:
        """The sentences, each finding stated by one of them. What states most, or states a number, is kept."""

        def weight(at: int) -> tuple[bool, bool, int, int, int]:
            said = sentences[at]
            own = self._rules.own(said.findings)
            return not denied.isdisjoint(own), said.slot is None, -len(own), -len(said.text.split()), at

        kept: dict[int, tuple[Said, ...]] = {}
        told, words = set[Finding](), set[str]()
        for at in sorted(range(len(sentences)), key=weight):
            said = sentences[at]
            if same_words(said.text) in words:
                continue
            kept[at] = self._unsaid(section, said, told)
            words |= {same_words(each.text) for each in (said, *kept[at])}
            told |= {finding for each in kept[at] for finding in each.findings}
        return tuple(said for at in sorted(kept) for said in kept[at])

    def _unsaid(self, section: str, said: Said, told: Set[Finding]) -> tuple[Said, ...]:
        """What a sentence says that was not told, or told otherwise, before."""
        own = self._rules.own(said.findings)
        if not said.findings or (own and self._is_new(own, told)):
            return (said,)
        if not own:
            return () if all(finding in told for finding in said.findings) else (said,)
        new = {finding for finding in own if self._is_new({finding}, told)}
        if not new:
            return ()
        # in other words than the phrases' a sentence cannot be shortened; it then repeats, but contradicts nothing
        whole = () if own - new - told else (said,)
        return self._wording.without(section, said, own - new) or whole

    def _is_new(self, findings: Set[Finding], told: Set[Finding]) -> bool:
        """Whether none of the findings was told, and none of those that the language knows with another value."""
        names = {finding.name for finding in told} & self._wording.names
        return findings.isdisjoint(told) and all(finding.name not in names for finding in findings)

    def _derived(self, section: str, sentences: tuple[Said, ...]) -> tuple[Said, ...]:
        """The sentences; one that concludes otherwise than the rules from what the others state concludes right."""
        stated = {finding for said in sentences for finding in said.findings}
        for rule in self._rules.derived:
            if rule.premises <= stated:
                sentences = tuple(self._concluding(section, said, rule.finding) for said in sentences)
        return sentences

    def _concluding(self, section: str, said: Said, right: Finding) -> Said:
        if {finding.name for finding in self._rules.own(said.findings)} != {right.name} or right in said.findings:
            return said
        worded = self._wording.saying(section, {right})
        return replace(worded[0], origins=said.origins) if worded else said

    def _with_subjects(self, section: str, sentences: tuple[Said, ...]) -> tuple[Said, ...]:
        """Attributes joined to the sentence that names their subject; left out where nothing does."""
        stated = frozenset(finding for said in sentences for finding in said.findings)
        homeless = {finding for finding in stated if self._rules.lacks_subject(finding, stated)}
        left = [part for said in sentences for part in self._wording.without(section, said, homeless)]
        for attribute in [said for said in left if self._is_attribute(said)]:
            subject = next((said for said in left if said is not attribute and self._names(said, attribute)), None)
            joined = None if subject is None else self._wording.joined(section, subject, attribute)
            if joined is not None and subject is not None:
                left[left.index(subject)] = joined
                left.remove(attribute)
        return tuple(left)

    def _is_attribute(self, said: Said) -> bool:
        own = self._rules.own(said.findings)
        return bool(own) and all(finding.name in self._rules.subjects for finding in own)

    def _names(self, said: Said, attribute: Said) -> bool:
        wanted = {self._rules.subjects[finding.name].finding for finding in self._rules.own(attribute.findings)}
        return any(finding.name in wanted for finding in said.findings)

    def _ordered(self, section: str, sentences: Sequence[Said]) -> list[Said]:
        """By the order of the section; a sentence that the order does not know stays behind the one before it."""
        places, last = [], -1
        for said in sentences:
            rank = self._rules.rank(section, said.findings)
            last = last if rank is None else rank
            places.append(last)
        return [sentences[at] for at in sorted(range(len(sentences)), key=lambda at: (places[at], at))]
