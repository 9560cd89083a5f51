"""A patient's own earlier studies in the bank: left out of the neighbours, or shown as what they are."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.retriever import Retriever
from model.report.language.language import FindingReader
from model.report.request import ReportWarning
from service.answer.text.report_language import ReportLanguage
from service.schemas import PriorStudyOut, ReportDocument


def own_candidates(bank: CandidateBank, patient_key: str | None) -> NDArray[np.int64]:
    """Ids of the patient's candidates; none without a key."""
    return np.zeros(0, np.int64) if patient_key is None else bank.candidates_of_patient(patient_key)


def without_own(retriever: Retriever, patient_key: str | None, *, include_prior: bool) -> Retriever:
    """A retriever that leaves the patient's own studies out unless they were asked for."""
    own = own_candidates(retriever.bank, None if include_prior else patient_key)
    return replace(retriever, excluded=own) if len(own) else retriever


def prior_studies(bank: CandidateBank, patient_key: str | None, *, include_prior: bool) -> list[PriorStudyOut]:
    """The patient's own studies in the bank, where they were asked for; text only where the bank lets it be shown."""
    own = own_candidates(bank, patient_key if include_prior else None)
    if not len(own):
        return []
    _, studies = bank.keys(own)
    reports = bank.sections_of(own) if bank.manifest.text_may_be_shown else [{}] * len(own)
    return [
        PriorStudyOut(
            candidate_id=int(candidate),
            study_key=study,
            sections={
                section: " ".join(bank.phrases.text(s.phrase_id, s.value) for s in sentences)
                for section, sentences in report.items()
            },
        )
        for candidate, study, report in zip(own, studies, reports, strict=True)
    ]


def prior_findings(bank: CandidateBank, patient_key: str | None, read: FindingReader) -> dict[str, str] | None:
    """What the patient's latest study in the bank states, finding → value; None without one.

    A bank keeps no dates: the latest is the one that was added last. Values are the patient's own and no text, so they
    are told where the bank's texts may not be shown.
    """
    own = own_candidates(bank, patient_key)
    if not len(own):
        return None
    (report,) = bank.sections_of(own[-1:])
    found: dict[str, set[str]] = {}
    for section, sentences in report.items():
        for sentence in sentences:
            for finding in read(section, bank.phrases.text(sentence.phrase_id, sentence.value)):
                found.setdefault(finding.name, set()).add(finding.value)
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def key_warnings(bank: CandidateBank, patient_key: str | None) -> tuple[ReportWarning, ...]:
    """What must be said when a key was given that the bank cannot use."""
    return () if patient_key is None or bank.has_keys else (ReportWarning("bank_without_patient_keys"),)


def with_history(
    document: ReportDocument,
    bank: CandidateBank,
    language: ReportLanguage,
    patient_key: str | None,
    *,
    include_prior: bool,
) -> ReportDocument:
    """The document with the patient's earlier studies, where they were asked for, and what must be said of the key."""
    about_keys = language.word_warnings(key_warnings(bank, patient_key))
    priors = prior_studies(bank, patient_key, include_prior=include_prior)
    return document.model_copy(update={"warnings": [*document.warnings, *about_keys], "prior_studies": priors})
