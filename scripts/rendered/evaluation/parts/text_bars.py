"""Digits, disagreements and contradictions of texts, counted again independently of the writer."""

import re
from collections.abc import Sequence
from dataclasses import replace

from model.report.writing.slots import MIN_VALUES
from scripts.rendered.evaluation.parts.arms import MOST_DISAGREEING
from scripts.rendered.evaluation.parts.decoder_arms import DecoderArm, sentences_of
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.reading import Text
from scripts.rendered.evaluation.studies.results import Results
from service.answer.text.plain_sentences import plain_text
from service.answer.text.text_check import differ
from service.schemas import ReportDocument, SentenceOut

_DIGIT = re.compile(r"\d")
_FLAG = "text_disagrees_with_phenotypes"
_NAMES = (
    "digits without a source, sentences",
    "studies whose text disagrees with their phenotypes",
    "such studies without a warning",
    "contradictory studies after repair",
)


def measure_texts(
    evaluation: Evaluation, written: Sequence[ReportDocument], quoted: Sequence[ReportDocument], results: Results
) -> None:
    """Adds the text bars. written: decoder's reports of all modes; quoted: mode retrieval's."""
    if not written:
        results.not_measured(_NAMES, "the bundle has no decoder")
        return
    sourceless = sum(
        _sourceless(evaluation, document, section.name, sentence)
        for document in written
        for section in document.sections
        for sentence in section.sentences
    )
    disagreeing = [document for document in written if _disagrees(evaluation, document)]
    unflagged = [d for d in disagreeing if _FLAG not in {warning.code for warning in d.warnings}]
    rates = {
        "after repair": _contradictory(evaluation, [plain_text(document) for document in written]),
        "before repair": _before_repair(evaluation),
        "retrieval": _contradictory(evaluation, [plain_text(document) for document in quoted]),
    }
    results.figures["texts"] = {
        "reports": len(written),
        "sourceless_sentences": sourceless,
        "disagreeing": len(disagreeing) / len(written),
        "contradictory": rates,
    }
    results.at_most(_NAMES[0], sourceless, 0)
    results.at_most(_NAMES[1], len(disagreeing) / len(written), MOST_DISAGREEING)
    results.at_most(_NAMES[2], len(unflagged), 0)
    results.at_most(_NAMES[3], rates["after repair"], 0.01)


def _sourceless(evaluation: Evaluation, document: ReportDocument, section: str, sentence: SentenceOut) -> bool:
    """Whether a sentence holds a digit that is neither the study's own estimate nor a marked vote of enough values."""
    if not _DIGIT.search(sentence.text):
        return False
    read = evaluation.reader.read_sentence(section, sentence.text)
    if read.value is None or read.phrase is None or read.phrase.slot is None:
        return True
    slot = evaluation.language.slots[read.phrase.slot]
    estimate = document.phenotypes[slot.phenotype] if slot.phenotype else None
    if estimate is not None and estimate.value is not None and estimate.labelled >= MIN_VALUES:
        return read.value != slot.as_stated(estimate.value)
    return not sentence.estimated


def _disagrees(evaluation: Evaluation, document: ReportDocument) -> bool:
    labels = evaluation.reader.read_report(plain_text(document)).labels
    return any(differ(labels.get(name), row) for name, row in document.phenotypes.items())


def _contradictory(evaluation: Evaluation, texts: Sequence[Text]) -> float:
    """Share of texts that break a rule of the language."""
    broken = [bool(evaluation.language.contradicted_by(evaluation.reader.read_report(text).findings)) for text in texts]
    return sum(broken) / len(broken) if broken else float("nan")


def _before_repair(evaluation: Evaluation) -> float:
    """The same of the product's reports by a writer that knows no contradictions and so repairs none."""
    blind = replace(evaluation.language, contradictions=())
    arm = DecoderArm.of_product(evaluation, "rag", blind)
    if arm is None:
        return float("nan")
    return _contradictory(evaluation, [sentences_of(report) for report in arm.write(arm.requests())])
