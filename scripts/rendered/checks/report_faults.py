"""Faults of finished reports that a reader would see, counted by reading the answer's own text again."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from model.report.editing.rules import EditingRules
from model.report.editing.wording import same_words
from model.report.language.holes import is_hole
from model.report.language.language import Finding, FindingReader, Language
from service.modalities.words import modality_words
from service.schemas import ReportDocument, SectionOut

_MARK = re.compile(r"\s*\[[^\]]*\]")  # marks stand in brackets; nothing else in a report does
# What share of sections may repeat themselves; nothing else may happen at all.
MOST_REPEATS = 0.005


@dataclass(frozen=True)
class ReportReader:
    """How reports of one language are read. language: its phrases; its findings and labels are those of every one."""

    language: Language
    read: FindingReader
    rules: EditingRules


@dataclass
class Faults:
    """Counts over some reports. examples: up to five of each fault, as `section: text`."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, fault: str, example: str) -> None:
        """One more of a fault."""
        self.counts[fault] += 1
        kept = self.examples.setdefault(fault, [])
        if len(kept) < 5:
            kept.append(example)

    def over(self) -> list[str]:
        """The faults that are more than may be."""
        allowed = {"repeats": int(MOST_REPEATS * self.counts["sections"])}
        plain = {"reports", "sections", "calls", "statements", "contradictory"}
        return sorted(name for name, count in self.counts.items() if name not in plain and count > allowed.get(name, 0))


def count_faults(document: ReportDocument, reader: ReportReader, faults: Faults) -> None:
    """Adds the faults of a report."""
    faults.counts["reports"] += 1
    stated: set[Finding] = set()
    for section in document.sections:
        if not section.sentences:
            continue
        faults.counts["sections"] += 1
        sentences = [_MARK.sub("", sentence.text) for sentence in section.sentences]
        read = [tuple(reader.read(section.name, sentence)) for sentence in sentences]
        stated.update(finding for findings in read for finding in findings)
        for fault in (*_of_section(section, sentences, read, reader), *_of_marks(section)):
            faults.add(fault, f"{section.name}: {section.text}")
    broken = reader.language.contradicted_by(stated)
    if broken:
        faults.counts["contradictory"] += 1
        unwarned = "contradiction" not in {warning.code for warning in document.warnings}
        # what different patients' sections say may differ: quoted, it is warned of; written, it is mended
        if unwarned or document.mode != "retrieval":
            faults.add("contradictions_left", broken[0].text)
    _count_calls(document, stated, reader, faults)
    _count_impression(document, faults)


def _of_section(
    section: SectionOut, sentences: Sequence[str], read: Sequence[tuple[Finding, ...]], reader: ReportReader
) -> Iterator[str]:
    if _repeats(sentences, read, reader.rules):
        yield "repeats"
    own = [finding for findings in read for finding in reader.rules.own(findings)]
    known = {finding.name for phrase in reader.language.phrases for finding in phrase.findings}
    if any(len(values) > 1 for name, values in _values(own).items() if name in known):
        yield "two_values"
    stated = frozenset(finding for findings in read for finding in findings)
    if any(reader.rules.lacks_subject(finding, stated) for finding in stated):
        yield "attribute_without_subject"
    ranks = [rank for findings in read if (rank := reader.rules.rank(section.name, findings)) is not None]
    if ranks != sorted(ranks):
        yield "order"
    if any(map(is_hole, sentences)):
        yield "holes"


def _repeats(sentences: Sequence[str], read: Sequence[tuple[Finding, ...]], rules: EditingRules) -> bool:
    """Whether two sentences of a section say the same thing: in words, or in any finding that is not implied."""
    words = [same_words(sentence) for sentence in sentences]
    told = Counter(finding for findings in read for finding in rules.own(findings))
    if len(set(words)) < len(words) or any(count > 1 for count in told.values()):
        return True
    rest = [set(findings) for findings in read]
    return any(
        findings and not rules.own(tuple(findings)) and findings <= set().union(*rest[:at], *rest[at + 1 :])
        for at, findings in enumerate(rest)
    )


def _of_marks(section: SectionOut) -> Iterator[str]:
    estimated = sum(sentence.estimated for sentence in section.sentences)
    outside = re.findall(r"[.!?]\s*\[", section.text)
    foreign = sum(sentence.text.endswith("]") for sentence in section.sentences)
    if len(outside) > foreign or (estimated and section.text.count("[") < estimated):
        yield "mark_outside_its_sentence"
    if any(not _MARK.sub("", sentence.text).rstrip().endswith((".", "!", "?")) for sentence in section.sentences):
        yield "no_full_stop"


def _values(findings: Sequence[Finding]) -> Mapping[str, set[str]]:
    values: dict[str, set[str]] = {}
    for finding in findings:
        values.setdefault(finding.name, set()).add(finding.value)
    return values


def _count_calls(document: ReportDocument, stated: set[Finding], reader: ReportReader, faults: Faults) -> None:
    """Positive calls that are neither in the text nor in a warning, and valves called normal beside a called lesion."""
    warned = " ".join(warning.text for warning in document.warnings)
    named = modality_words(document.modality, document.lang)  # a warning names what is called as the page does
    called = set[Finding]()
    for rule in reader.language.labels:
        if rule.finding is None or not document.phenotypes[rule.phenotype].positive:
            continue
        faults.counts["calls"] += 1
        positive = {Finding(rule.finding, value) for value in rule.positive}
        called |= positive
        told = any(re.search(rf"\b{re.escape(n)}\b", warned) for n in (rule.phenotype, named.phenotype(rule.phenotype)))
        if positive.isdisjoint(stated) and not told:
            faults.add("silent_calls", rule.phenotype)
    for exclusion in reader.rules.exclusions:
        if exclusion.finding in stated and not exclusion.lesions.isdisjoint(stated | called):
            faults.add("normal_beside_lesion", exclusion.finding.name)


def _count_impression(document: ReportDocument, faults: Faults) -> None:
    """Reports without impression, with too long a one, and statements that rest on nothing that is there."""
    statements = getattr(document, "impression", [])
    faults.counts["statements"] += len(statements)
    if not statements:
        faults.add("without_impression", document.study_id)
    if len(statements) > 7:
        faults.add("long_impression", document.study_id)
    sizes = {section.name: len(section.sentences) for section in document.sections}
    for statement in statements:
        places = [(row.section, at) for row in statement.rests_on for at in row.sentences]
        if any(at >= sizes[section] for section, at in places) or (statement.kind == "finding" and not places):
            faults.add("baseless_statement", statement.text)
        if re.search(r"\d", statement.text) and not _has_numbers(document, statement.text, places):
            faults.add("number_of_nobody", statement.text)


def _has_numbers(document: ReportDocument, text: str, places: Sequence[tuple[str, int]]) -> bool:
    """Whether every number of a statement stands in a sentence that it rests on."""
    sections = {section.name: section.sentences for section in document.sections}
    based = " ".join(sections[name][at].text for name, at in places)
    return all(number in based for number in re.findall(r"\d+(?:[.,]\d+)?", text))
