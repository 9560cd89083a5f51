"""What only retrieval can do: findings and a style of wording that the decoder's training never showed."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from index.phrase_table import PhraseTable
from model.report.language.language import Language, Phrase
from model.report.language.phrase_reader import PhraseReader, sentences_of
from scripts.rendered.evaluation.parts.arms import Reports, f1_samples
from scripts.rendered.evaluation.parts.decoder_arms import ARM_FOLDERS, DecoderArm
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.reading import ReadReport, Text, finding_tables
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.truth import grouped
from service.site.decoder_training.reserved import RESERVED_FILE, Reserved
from service.site.metrics.finding_scores import FindingScores, finding_scores

_RESERVED = ("reserved findings: recall, share of retrieval's", "reserved findings: precision less retrieval's")
_NEAR_ZERO = "reserved findings: recall of generate (E)"
_STYLE = ("new house style: share of sentences in its wording", "new house style: macro-F1 lost")


def measure_reserved(evaluation: Evaluation, reports: Reports, results: Results) -> None:
    """Recall and precision of the reserved findings: arm F against retrieval and E."""
    folder = (evaluation.arms or evaluation.cache) / ARM_FOLDERS["F"][0]
    if "F" not in reports or not (folder / RESERVED_FILE).is_file():
        results.not_measured([*_RESERVED, _NEAR_ZERO], "no arm was trained without reserved findings")
        return
    reserved = Reserved.read(folder)
    findings = sorted(grouped(reserved.findings), key=lambda f: (f.name, f.value))
    found: dict[str, FindingScores] = {}
    for name in ("B", "C", "E", "F"):
        if name in reports:
            found[name] = finding_scores(*finding_tables(evaluation.truths, reports[name], findings))
    results.figures["reserved"] = {
        "findings": [f"{f.name}={f.value}" for f in findings],
        **{
            name: {
                "recall": scores.recall,
                "precision": scores.precision,
                "reserved_wordings": _worded(evaluation, reports[name], reserved),
            }
            for name, scores in found.items()
        },
    }
    base = found["B"]
    results.at_least(_RESERVED[0], found["F"].recall / base.recall if base.recall else float("nan"), 0.6)
    results.at_least(_RESERVED[1], found["F"].precision - base.precision, 0.0)
    results.at_most(_NEAR_ZERO, found["E"].recall if "E" in found else float("nan"), 0.05)


def _worded(evaluation: Evaluation, reports: Sequence[ReadReport], reserved: Reserved) -> float:
    """Share of sentences in a wording that training never showed."""
    phrases = [
        evaluation.reader.read_sentence(None, sentence).phrase
        for report in reports
        for sentence in sentences_of(report.text)
    ]
    known = [phrase.phrase_id in reserved.wordings for phrase in phrases if phrase is not None]
    return float(np.mean(known)) if known else float("nan")


# A second style of writing: the same findings in words that the decoder's own language never uses.
_SYNONYMS = (
    (r"\bleft ventricular\b", "LV"), (r"\bleft ventricle\b", "LV chamber"), (r"\bright ventricular\b", "RV"),
    (r"\bright ventricle\b", "RV chamber"), (r"\bleft atrial\b", "LA"), (r"\bright atrial\b", "RA"),
    (r"\bleft atrium\b", "LA chamber"), (r"\bright atrium\b", "RA chamber"), (r"\binferior vena cava\b", "IVC"),
    (r"^there is no\b", "free of"), (r"^there is\b", "shows"), (r"^no\b", "without"), (r"\bmildly\b", "slightly"),
    (r"\bmoderately\b", "intermediately"), (r"\bseverely\b", "highly"), (r"\bmild\b", "slight"),
    (r"\bmoderate\b", "intermediate-grade"), (r"\bsevere\b", "high-grade"), (r"\bnormal\b", "unremarkable"),
    (r"\bdilated\b", "widened"), (r"\benlarged\b", "of widened form"), (r"\bregurgitation\b", "backflow"),
    (r"\bstenosis\b", "narrowing"), (r"\bhypokinetic\b", "weakly moving"), (r"\bhypokinesis\b", "weak motion"),
    (r"\bakinetic\b", "unmoving"), (r"\bakinesis\b", "missing motion"), (r"\bdyskinetic\b", "outward-moving"),
    (r"\bdyskinesis\b", "outward motion"), (r"\belevated\b", "raised"), (r"\breduced\b", "lowered"),
)  # fmt: skip


def restyled(text: str) -> str:
    """A wording in the second style of writing: telegraphic, in other words, with a leading mark of the site."""
    words = text.rstrip(".")
    words = words[0].lower() + words[1:] if words[:2].istitle() or words[1:2] == " " else words
    for pattern, other in _SYNONYMS:
        words = re.sub(pattern, other, words, flags=re.IGNORECASE)
    return f"Impression: {words}."


def second_style(language: Language) -> Language:
    """The language in the second style of writing: same phrase ids, findings and slots. The labels stay readable."""
    phrases = tuple(_restyled_phrase(phrase) for phrase in language.phrases)
    return replace(language, phrases=phrases)


def _restyled_phrase(phrase: Phrase) -> Phrase:
    return replace(phrase, template=restyled(phrase.template), numberless=restyled(phrase.numberless))


def measure_style(evaluation: Evaluation, reports: Reports, results: Results) -> None:
    """The product's rag reports over a bank that is worded in the second style, nothing retrained."""
    if "rag" not in reports:
        results.not_measured(_STYLE, "the bundle has no decoder")
        return
    style = second_style(evaluation.language)
    texts = _styled_texts(evaluation, style)
    own, new = PhraseReader(evaluation.language), PhraseReader(style)
    sentences = [(section, s) for text in texts for section, said in text.items() for s in said]
    taken = [
        new.read_sentence(section, s).phrase is not None and own.read_sentence(section, s).phrase is None
        for section, s in sentences
    ]
    before = f1_samples(evaluation, evaluation.truths, reports["rag"])[0]
    both = [_either(ReadReport.of(text, new), ReadReport.of(text, own)) for text in texts]
    after = f1_samples(evaluation, evaluation.truths, both)[0]
    results.figures["house_style"] = {"taken": float(np.mean(taken)), "f1_before": float(before), "f1": float(after)}
    results.at_least(_STYLE[0], float(np.mean(taken)), 0.80)
    results.at_most(_STYLE[1], float(before - after), 0.03)


def _either(one: ReadReport, other: ReadReport) -> ReadReport:
    """What a text says in either style."""
    return replace(one, findings=one.findings | other.findings)


def _styled_texts(evaluation: Evaluation, style: Language) -> Sequence[Text]:
    """Reports over the bank whose phrase table is worded in the style."""
    pipeline = evaluation.pipeline
    bank = pipeline.retriever.bank
    rows = tuple(
        replace(row, template=restyled(row.template), numberless=restyled(row.numberless)) for row in bank.phrases
    )
    styled = replace(pipeline, retriever=replace(pipeline.retriever, bank=replace(bank, phrases=PhraseTable(rows))))
    arm = DecoderArm.of_product(replace(evaluation, pipeline=styled), "rag", style)
    assert arm is not None  # there are rag reports
    return arm.texts()
