"""Arms A and C: texts without a decoder. A is the bank's most frequent section, C what most neighbours agree on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np

from index.retrieval import ContextCandidate, Retrieval
from model.report.language.language import Finding
from model.report.writing.slots import MIN_VALUES
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.reading import Text
from service.answer.evidence import slot_values

_READ = 2000  # reports of the bank that the most frequent section is counted over


@dataclass(frozen=True, eq=False)
class TextArms:
    """Both arms over one bank."""

    evaluation: Evaluation

    @cached_property
    def most_frequent(self) -> Text:
        """Arm A: section → the sentences that most candidates have there, without numbers; the same for everyone."""
        bank = self.evaluation.pipeline.retriever.bank
        reports = bank.sections_of(np.arange(min(_READ, bank.manifest.candidates)))
        found = {}
        for section in self.evaluation.pipeline.bundle.sections:
            said = Counter(tuple(s.phrase_id for s in report[section]) for report in reports if section in report)
            if said:
                found[section] = [bank.phrases[number].numberless for number in said.most_common(1)[0][0]]
        return found

    def consensus(self, retrieval: Retrieval) -> Text:
        """Arm C: what most of a section's context candidates state, in their most used wordings, with voted numbers."""
        return {section: self._section(found) for section, found in retrieval.context.items()}

    def _section(self, candidates: Sequence[ContextCandidate]) -> list[str]:
        agreed = self._agreed(candidates)
        used = Counter(sentence.phrase_id for candidate in candidates for sentence in candidate.sentences)
        phrases = self.evaluation.pipeline.retriever.bank.phrases
        numbers = slot_values(candidates, phrases)
        said: set[Finding] = set()
        sentences = []
        for number, _ in used.most_common():
            stated = set(self._stated[number])
            if stated and stated <= agreed and not stated <= said:
                said |= stated
                values = numbers.get(phrases[number].slot or "", ())
                sentences.append(self._fill(number, median(values) if len(values) >= MIN_VALUES else None))
        return sentences

    def _fill(self, number: int, value: float | None) -> str:
        """The wording with a rounded number."""
        row = self.evaluation.pipeline.retriever.bank.phrases[number]
        slot = self.evaluation.language.slots.get(row.slot or "")
        return row.text(None if value is None or slot is None else slot.as_stated(value))

    def _agreed(self, candidates: Sequence[ContextCandidate]) -> set[Finding]:
        """The value of each finding that most of the candidates that state it at all give it, and half of all do."""
        votes: dict[str, Counter[Finding]] = {}
        for candidate in candidates:
            stated = {f for sentence in candidate.sentences for f in self._stated[sentence.phrase_id]}
            for finding in stated:
                votes.setdefault(finding.name, Counter())[finding] += 1
        half = len(candidates) / 2
        return {counts.most_common(1)[0][0] for counts in votes.values() if counts.total() >= half}

    @cached_property
    def _stated(self) -> Mapping[int, tuple[Finding, ...]]:
        """Phrase of the bank → what it states."""
        reader = self.evaluation.reader
        rows = self.evaluation.pipeline.retriever.bank.phrases
        return {row.phrase_id: reader.findings_in(row.section, row.numberless) for row in rows}
