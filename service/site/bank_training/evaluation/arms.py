"""The ways to write the same held-out studies: with evidence, without, quoted, by consensus, and with wrong inputs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from index.retrieval import ContextCandidate, PhenotypeVote, Retrieval
from model.report.language.language import Finding
from model.report.request import WritingRequest
from model.report.writing.report_writer import ReportWriter, WrittenReport
from model.report.writing.slots import MIN_VALUES
from service.answer.evidence import slot_values
from service.answer.text.retrieved_report import paste_sections
from service.pipeline import ReportPipeline
from service.schemas import Mode
from service.site.bank_training.evaluation.held_out import HeldOut
from service.site.bank_training.evaluation.reading import Text, TextReader
from service.site.observer import QUIET, Observer

_AT_ONCE = 8  # studies whose sections are decoded in one batch


@dataclass(frozen=True, eq=False)
class Arms:
    """Writes held-out studies. retrievals, votes: study by study, as the service finds them."""

    pipeline: ReportPipeline
    writer: ReportWriter
    studies: HeldOut
    retrievals: Sequence[Retrieval]
    votes: Sequence[Mapping[str, PhenotypeVote]]
    reader: TextReader
    observer: Observer = QUIET

    def requests(self, mode: Mode, context_of: Sequence[int] | None = None) -> list[WritingRequest]:
        """What the writer reads. context_of: whose evidence and numbers each study gets; its own where None."""
        names = self.pipeline.bundle.sections
        others = range(len(self.studies)) if context_of is None else context_of
        return [
            self.pipeline.request(
                self.studies.embeddings[study],
                self.studies.sections(study, names),
                replace(self.retrievals[study], context=self.retrievals[other].context),
                self.votes[study],
                mode,
            )
            for study, other in enumerate(others)
        ]

    def written(self, requests: Sequence[WritingRequest], what: str) -> list[WrittenReport]:
        """The reports, several studies to a batch."""
        found: list[WrittenReport] = []
        for start in range(0, len(requests), _AT_ONCE):
            found += self.writer.write_many(requests[start : start + _AT_ONCE])
            self.observer.advance(f"evaluation: {what}", len(found), len(requests))
        return found

    def quoted(self) -> list[Text]:
        """The section of the nearest candidate that has it, its numbers unmarked: EchoPrime's report."""
        bank = self.pipeline.retriever.bank
        return [paste_sections(retrieval, bank).plain for retrieval in self.retrievals]

    def consensus(self) -> list[Text]:
        """What most of a section's context states, in its most used wordings, with the median of its numbers."""
        return [
            {section: self._agreed_sentences(section, found) for section, found in retrieval.context.items()}
            for retrieval in self.retrievals
        ]

    def _agreed_sentences(self, section: str, candidates: Sequence[ContextCandidate]) -> list[str]:
        phrases = self.pipeline.retriever.bank.phrases
        uses = Counter(sentence.phrase_id for candidate in candidates for sentence in candidate.sentences)
        stated: Counter[Finding] = Counter()
        for candidate in candidates:
            said = {f for sentence in candidate.sentences for f in self._stated[sentence.phrase_id]}
            stated.update(said)
        agreed = {finding for finding, count in stated.items() if 2 * count > len(candidates)}
        numbers, said, sentences = slot_values(candidates, phrases), set[Finding](), list[str]()
        for number, _ in uses.most_common():
            own = set(self._stated[number])
            if own and own <= agreed and not own <= said:
                said |= own
                values = numbers.get(phrases[number].slot or "", ())
                sentences.append(phrases.text(number, median(values) if len(values) >= MIN_VALUES else None))
        del section
        return sentences

    @cached_property
    def _stated(self) -> Sequence[tuple[Finding, ...]]:
        """What each phrase of the bank states."""
        rows = self.pipeline.retriever.bank.phrases
        return [tuple(f for _, f in self.reader.of({row.section: [row.numberless]}).findings) for row in rows]


def texts_of(reports: Sequence[WrittenReport]) -> list[Text]:
    """Section → sentences of written reports."""
    return [
        {name: [sentence.text for sentence in sentences] for name, sentences in report.sections.items()}
        for report in reports
    ]


def empty_sections(requests: Sequence[WritingRequest], reports: Sequence[WrittenReport]) -> tuple[int, int]:
    """How many sections with evidence come out empty, and how many have any."""
    having = [
        bool(report.sections.get(section))
        for request, report in zip(requests, reports, strict=True)
        for section, sentences in request.evidence.items()
        if sentences
    ]
    return having.count(False), len(having)
