"""The impression of a report: its own findings, worst first, each with the sentences that it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from model.report.impression.topics import ImpressionTopics, Topic
from model.report.impression.words import ImpressionWords, as_sentence
from model.report.language.language import Finding, Slot

MOST_STATEMENTS = 7  # more is no summary: a reader keeps about seven things in mind (Miller 1956)
Kind = Literal["finding", "normal", "change", "not_assessed", "unclear"]


@dataclass(frozen=True)
class ReadSentence:
    """A sentence of the finished report. number: slot and value that it states as this study's, with `mark`."""

    section: str
    position: int
    findings: tuple[Finding, ...]
    number: tuple[str, float] | None = None
    mark: str = ""


@dataclass(frozen=True)
class ImpressionMaterial:
    """All that an impression is made of.

    not_assessed: headings of sections that no clip shows. not_shown: findings of assessed sections that no clip shows.
    uncalled: findings that are called and that the text does not state. denied: findings that the calls deny, of a text
    that was quoted. prior: what an earlier study stated, finding → value; None without one.
    """

    sentences: Sequence[ReadSentence]
    not_assessed: Sequence[str] = ()
    not_shown: Sequence[str] = ()
    uncalled: Sequence[str] = ()
    denied: frozenset[Finding] = frozenset()
    prior: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Impression:
    """One statement. rests_on: section → positions of its sentences."""

    text: str
    kind: Kind
    rests_on: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class ImpressionWriter:
    """Writes impressions in one language."""

    def __init__(self, topics: ImpressionTopics, words: ImpressionWords, slots: Mapping[str, Slot]) -> None:
        self._topics = topics
        self._words = words
        self._slots = slots

    def write(self, material: ImpressionMaterial) -> tuple[Impression, ...]:
        """At most seven statements, worst first; at least one.

        Findings that have no room share the last statement of findings. What changed, and what was not assessed, come
        behind them.
        """
        found, changes, lacking = self._findings(material), self._changes(material), self._lacking(material)
        room = MOST_STATEMENTS - len(changes) - len(lacking)
        if len(found) > room:
            found = [*found[: room - 1], self._further(found[room - 1 :])]
        told = [replace(each, text=as_sentence(each.text)) for each in found] or [self._without_findings(material)]
        return (*told, *changes, *lacking)

    def _further(self, findings: Sequence[Impression]) -> Impression:
        """The less bad findings in one statement, so that none is left out."""
        text = self._words.sentences["further"].format(findings="; ".join(each.text for each in findings))
        places: dict[str, set[int]] = {}
        for each in findings:
            for section, positions in each.rests_on.items():
                places.setdefault(section, set()).update(positions)
        return Impression(text.rstrip("."), "finding", {section: tuple(sorted(at)) for section, at in places.items()})

    def _findings(self, material: ImpressionMaterial) -> list[Impression]:
        stated = {finding for sentence in material.sentences for finding in sentence.findings}
        beside = {finding.name: finding.value for finding in stated}
        told = []
        for place, topic in enumerate(self._topics.topics):
            worst = topic.worst(stated)
            if worst is not None:
                told.append((topic.tiers[worst], place, self._statement(topic, worst, beside, material)))
        return [statement for _, _, statement in sorted(told, key=lambda row: row[:2])]

    def _statement(
        self, topic: Topic, worst: Finding, beside: Mapping[str, str], material: ImpressionMaterial
    ) -> Impression:
        sentences = material.sentences
        bearing = [s for s in sentences if not topic.tiers.keys().isdisjoint(s.findings) or self._qualifies(worst, s)]
        slot = self._topics.numbers.get(worst.name)
        numbered = next((s for s in bearing if worst in s.findings and s.number and s.number[0] == slot), None)
        remarks = [self._words.sentences["denied"]] if worst in material.denied else []
        if numbered is not None and numbered.number is not None:
            remarks.insert(0, self._words.number(self._slots[numbered.number[0]], numbered.number[1], numbered.mark))
        return Impression(self._words.statement(worst, beside, "; ".join(remarks)), "finding", rests_on(bearing))

    def _qualifies(self, finding: Finding, sentence: ReadSentence) -> bool:
        """Whether the statement of a finding holds a word from a sentence."""
        texts = self._words.statements.get(finding.name, {}).values()
        return any(
            f"{{{other.name}}}" in text and other.value in self._words.qualifiers.get(other.name, {})
            for other in sentence.findings
            for text in texts
        )

    def _without_findings(self, material: ImpressionMaterial) -> Impression:
        """The one statement of a report that states nothing abnormal: normal only if everything says so."""
        sentences, say = material.sentences, self._words.sentences
        if material.uncalled:
            return Impression(say["uncalled"].format(names=self._listed(material.uncalled)), "unclear")
        if not sentences:
            return Impression(say["nothing"], "unclear")
        odd = [s for s in sentences if not s.findings or any(map(self._topics.is_abnormal, s.findings))]
        if odd:
            return Impression(say["unclear"], "unclear", rests_on(odd))
        whole = not material.not_assessed and not material.not_shown
        return Impression(say["all_normal" if whole else "normal"], "normal", rests_on(sentences))

    def _lacking(self, material: ImpressionMaterial) -> list[Impression]:
        """What the study does not show, in one statement."""
        say, parts = self._words.sentences, []
        if material.not_assessed:
            parts.append(say["not_assessed"].format(names=", ".join(material.not_assessed)))
        if material.not_shown:
            parts.append(say["not_shown"].format(names=self._listed(material.not_shown)))
        return [Impression(" ".join(parts), "not_assessed")] if parts else []

    def _changes(self, material: ImpressionMaterial) -> list[Impression]:
        """What an earlier study stated otherwise, in one statement."""
        if material.prior is None:
            return []
        told, rows = [], list[ReadSentence]()
        now = {finding.name: finding.value for s in material.sentences for finding in s.findings}
        for name in dict.fromkeys(finding.name for topic in self._topics.topics for finding in topic.tiers):
            new, old = now.get(name), material.prior.get(name)
            if new is not None and old is not None and new != old:
                told.append(
                    f"{self._words.name(name)} {self._words.value(new)} "
                    f"({self._words.sentences['earlier'].format(value=self._words.value(old))})"
                )
                rows += [s for s in material.sentences if name in {finding.name for finding in s.findings}]
        if not told:
            return [Impression(self._words.sentences["unchanged"], "change")]
        return [Impression(self._words.sentences["change"].format(changes="; ".join(told)), "change", rests_on(rows))]

    def _listed(self, findings: Iterable[str]) -> str:
        return ", ".join(self._words.name(name) for name in findings)


def rests_on(sentences: Iterable[ReadSentence]) -> dict[str, tuple[int, ...]]:
    """Section → positions of the sentences in it."""
    found: dict[str, set[int]] = {}
    for sentence in sentences:
        found.setdefault(sentence.section, set()).add(sentence.position)
    return {section: tuple(sorted(positions)) for section, positions in found.items()}
