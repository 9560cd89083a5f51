"""Mode `retrieval`: the nearest candidate's section, quoted. Its numbers are another patient's and are marked so."""

from collections.abc import Set

from index.candidate_bank import CandidateBank
from index.retrieval import Retrieval
from model.report.request import ReportWarning
from service.answer.assembly import Written
from service.answer.text_check import TextCheck
from service.renderings.page_words import ENGLISH
from service.schemas import SentenceOut

FOREIGN_NUMBER = ENGLISH.foreign_number


def paste_sections(
    retrieval: Retrieval, bank: CandidateBank, hidden: Set[str] = frozenset(), check: TextCheck | None = None
) -> Written:
    """The sections of the best candidates that have them; values keep their mark.

    hidden: names of findings that no clip of the study shows; sentences in which `check` reads one are left out.
    """
    sections: dict[str, tuple[SentenceOut, ...]] = {}
    plain: dict[str, list[str]] = {}
    marked = False
    for name, candidates in retrieval.context.items():
        best = candidates[:1]
        sentences = [(c.candidate_id, s) for c in best for s in c.sentences]
        if hidden and check is not None:
            texts = [(row, bank.phrases.text(row[1].phrase_id, row[1].value)) for row in sentences]
            sentences = [row for row, text in texts if hidden.isdisjoint(check.findings_of(name, text))]
        marked = marked or any(s.value is not None for _, s in sentences)
        sections[name] = tuple(
            SentenceOut(
                text=bank.phrases.text(s.phrase_id, s.value, mark=FOREIGN_NUMBER),
                source="retrieved",
                candidate_ids=[candidate_id],
            )
            for candidate_id, s in sentences
        )
        plain[name] = [bank.phrases.text(s.phrase_id, s.value) for _, s in sentences]
    return Written(sections, plain, (ReportWarning("numbers_of_another_patient"),) if marked else ())
